//! What is verified after a step: the catalog's own words.

use super::catalog::{self, Found, State, Table};
use super::partitions;
use super::site::Site;
use super::stop::Stop;
use crate::apply::steps::{Expected, Trouble};
use crate::client::postgres::Connection;
use crate::client::{Cause, Fault};
use crate::generate::migrations::Index;
use crate::verify::{Figure, Outcome, Status};

/// Looks whether the index is there, or gone, and what has become of the others.
pub(super) fn outcomes(site: &Site<'_>, index: &Index, expected: Expected) -> Result<Vec<Outcome>, Trouble> {
    let begin = site.context.clock().elapsed();
    let mut connection = site.open()?;
    let seen = look(&mut connection, index).map_err(Stop::into_trouble);
    connection.close();
    let (found, leftovers, others) = seen?;
    let took = site.context.clock().elapsed().saturating_sub(begin);
    let mut outcomes = match expected {
        Expected::Done => vec![is_there(index, &found), survivors(index, &others)],
        Expected::Undone => vec![is_gone(index, &found), survivors(index, &others)],
    };
    outcomes.insert(1, nothing_left(index, &leftovers));
    for outcome in &mut outcomes {
        outcome.milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    }
    Ok(outcomes)
}

type Seen = (Found, Vec<String>, Vec<(String, bool)>);

fn look(connection: &mut Connection, index: &Index) -> Result<Seen, Stop> {
    let found = catalog::find(connection, index)?;
    let mut leftovers = catalog::leftovers(connection, index)?;
    if matches!(catalog::table(connection, index)?, Some((Table::Partitioned, _))) {
        leftovers.extend(partitions::loose(connection, index)?);
    }
    let others = catalog::others(connection, index)?;
    Ok((found, leftovers, others))
}

fn outcome(index: &Index, expect: &str, seen: Result<String, Fault>) -> Outcome {
    let (status, note, fault) = match seen {
        Ok(note) => (Status::Holds, note, None),
        Err(fault) => (Status::Fails, fault.message.clone(), Some(fault)),
    };
    Outcome {
        probe: "index".to_owned(),
        of: index.name().to_owned(),
        expect: expect.to_owned(),
        status,
        note,
        figures: Vec::new(),
        fault,
        milliseconds: 0,
    }
}

fn is_there(index: &Index, found: &Found) -> Outcome {
    let name = index.name();
    let seen = match &found.state {
        State::Valid => Ok(format!("`{name}` is valid, ready and as it was meant")),
        State::Absent => Err(Fault::new(Cause::Missing, format!("there is no index `{name}` on {}", index.table()))
            .remedy("apply the step again")),
        State::Invalid => Err(Fault::new(
            Cause::UnexpectedAnswer,
            format!(
                "`{name}` is there and of no use: valid {}, ready {}, live {}",
                found.valid, found.ready, found.live
            ),
        )
        .remedy("apply the step again: it drops what a cut-short build has left, and builds it anew")),
        State::Other { definition } => {
            Err(Fault::new(Cause::UnexpectedAnswer, format!("`{name}` is another one: {definition}"))
                .remedy(format!("give one of the two another name; meant is: {}", index.create_new())))
        }
    };
    let mut outcome = outcome(index, "pg_index says that it is valid and ready, and as it was meant", seen);
    if let Some(bytes) = found.bytes.filter(|_| outcome.status == Status::Holds) {
        #[allow(clippy::cast_precision_loss, reason = "a size for a person")]
        outcome.figures.push(Figure::new("size", bytes as f64, "bytes"));
    }
    outcome
}

fn is_gone(index: &Index, found: &Found) -> Outcome {
    let name = index.name();
    let seen = match &found.state {
        State::Absent => Ok(format!("there is no index `{name}`")),
        State::Other { .. } => Ok(format!("another index has the name `{name}`; palier's is not there")),
        State::Valid => {
            Err(Fault::new(Cause::UnexpectedAnswer, format!("`{name}` is still there")).remedy("undo the step again"))
        }
        State::Invalid => Err(Fault::new(Cause::UnexpectedAnswer, format!("`{name}` is still there, no longer valid"))
            .remedy("undo the step again: a drop that was cut short leaves it so")),
    };
    outcome(index, "it is gone", seen)
}

fn nothing_left(index: &Index, leftovers: &[String]) -> Outcome {
    let seen = if leftovers.is_empty() {
        Ok("nothing is left behind".to_owned())
    } else {
        Err(Fault::new(Cause::UnexpectedAnswer, format!("left behind: {}", leftovers.join(", ")))
            .remedy("run the step again: it drops them"))
    };
    outcome(index, "no leftover of a build, a drop or a reindexing", seen)
}

/// An index of the table that is not valid may be being built just now, or was left by somebody else: the run itself has
/// compared them with what was there before. Here they are only named.
fn survivors(index: &Index, others: &[(String, bool)]) -> Outcome {
    let broken: Vec<&str> = others.iter().filter(|(_, valid)| !valid).map(|(name, _)| name.as_str()).collect();
    let valid = others.len() - broken.len();
    let table = index.table();
    let those = match valid {
        0 => format!("{table} has no other valid index"),
        1 => format!("the other index of {table} is valid"),
        _ => format!("the {valid} other indexes of {table} are valid"),
    };
    let note = match broken.as_slice() {
        [] => those,
        broken => format!("{those}; not valid, and not palier's: {}", broken.join(", ")),
    };
    outcome(index, "the other indexes of the table are as they were", Ok(note))
}
