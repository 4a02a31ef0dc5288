use super::change::Change;
use super::safety::strain;
use crate::catalog::Provider;
use crate::decide::{Context, Target};

/// More changes than this are never tried in one flight: every subset of a flight is judged, and there are two to the
/// power of it.
const MOST_IN_A_FLIGHT: usize = 8;

/// Changes that go live together, safe in any order among themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Flight {
    /// The changes.
    pub changes: Vec<Change>,
    /// The state after all of them.
    pub after: Target,
    /// Hard constraints that some order of the changes would break; empty unless no safe order exists at all.
    pub unsafe_for: Vec<String>,
}

/// Cuts the way from one state to another into flights.
///
/// A push makes Render change everything of its commit at once, in no order that anybody controls. So changes share a
/// flight only when the system meets the hard constraints after every subset of them: the database rises in one
/// flight and the workers in the next, and the other way round on the way down.
#[must_use]
pub(super) fn cut(context: &Context<'_>, start: &Target, end: &Target, changes: Vec<Change>) -> Vec<Flight> {
    let base = strain(context, start);
    let mut state = start.clone();
    let mut rest = changes;
    let mut flights = Vec::new();
    while !rest.is_empty() {
        let mut taken: Vec<Change> = Vec::new();
        let mut left: Vec<Change> = Vec::new();
        for change in rest {
            taken.push(change);
            let fits = taken.len() <= MOST_IN_A_FLIGHT
                && independent(&taken)
                && worst_subset(context, &state, end, &taken, &base).is_empty();
            if !fits && let Some(change) = taken.pop() {
                left.push(change);
            }
        }
        let mut unsafe_for = Vec::new();
        if taken.is_empty() {
            // No single change is safe: the first goes alone, and is marked.
            taken.push(left.remove(0));
            unsafe_for = worst_subset(context, &state, end, &taken, &base);
        }
        for change in &taken {
            change.apply(&mut state, end);
        }
        flights.push(Flight { changes: taken, after: state.clone(), unsafe_for });
        rest = left;
    }
    flights
}

/// What a new instance is needed for goes live after it exists.
fn independent(changes: &[Change]) -> bool {
    // A variable for an instance elsewhere is a name without a value in the file: it may come at any time.
    let creates = changes.iter().any(|change| matches!(change, Change::RedisCreate { provider: Provider::Render, .. }));
    let uses = changes.iter().any(|change| matches!(change, Change::ServiceVariables { .. }));
    let switches = changes.iter().any(|change| matches!(change, Change::RedisSwitch { .. }));
    let makes = changes.iter().any(|change| matches!(change, Change::RedisCreate { .. }));
    !(creates && uses || makes && switches)
}

/// The constraints that some subset of the changes breaks; empty when every subset is safe.
fn worst_subset(
    context: &Context<'_>,
    state: &Target,
    end: &Target,
    changes: &[Change],
    base: &super::safety::Strain,
) -> Vec<String> {
    let subsets = 1_usize << changes.len().min(MOST_IN_A_FLIGHT);
    for subset in 1..subsets {
        let mut tried = state.clone();
        for (index, change) in changes.iter().enumerate() {
            if subset & (1 << index) != 0 {
                change.apply(&mut tried, end);
            }
        }
        let strain = strain(context, &tried);
        let worse = strain.worse_than(base);
        if !worse.is_empty() {
            return worse.into_iter().map(str::to_owned).collect();
        }
    }
    Vec::new()
}
