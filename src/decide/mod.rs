//! The cheapest target that meets the policy, with its reasons. Pure: no clock, no network, no file system.

mod assemble;
mod budget;
mod candidate;
mod constraint;
mod context;
mod cost;
mod current;
mod curve;
mod decision;
mod findings;
mod forecast;
mod inputs;
mod ladder;
mod measured;
mod nothing;
mod rejected;
mod search;
mod settings;
mod target;
mod usage;
mod verdict;

pub use assemble::{project_name, state_of};
pub use candidate::{Candidate, DatabaseCandidate, RedisCandidate, WebCandidate, redis_price};
pub use constraint::{ALL as CONSTRAINTS, Constraint};
pub use context::Context;
pub use cost::{Cost, CostLine};
pub use current::{Current, CurrentDatabase, CurrentRedis, CurrentService, application_of};
pub use curve::{Point, curve, usual_users};
pub use decision::{Decision, Stage, Unknown};
pub use forecast::Forecast;
pub use inputs::{Inputs, Pinned};
pub use settings::UVICORN_WORKER;
pub use target::{DatabaseTarget, Pool, RedisTarget, ServiceTarget, Target, Transport};
pub use usage::{Observed, Usage};
pub use verdict::{Rejected, Verdict};

use crate::diagnostic::Diagnostic;
use crate::policy::Decide;

/// Decides in the mode that the policy asks for; left open, by the ladder when users are all that is known, else by
/// the measurements, which without figures keep what runs.
///
/// # Errors
/// The mode cannot decide on what there is: an unknown ladder, or a ladder without any sign of users.
pub fn decide(inputs: &Inputs<'_>) -> Result<Decision, Vec<Diagnostic>> {
    let usage = Usage::of(inputs);
    let measured = usage.is_measured();
    if nothing::applies(inputs, &usage) {
        return Ok(nothing::decide_nothing(inputs));
    }
    let counts_users = usage.active_users.is_some() || usage.concurrent_users.is_some();
    match inputs.policy.mode.decide {
        Some(Decide::Measured) => Ok(measured::decide_measured(inputs)),
        Some(Decide::Ladder) => ladder::decide_ladder(inputs),
        None if measured || !counts_users && inputs.project.blueprint.is_some() => {
            Ok(measured::decide_measured(inputs))
        }
        None => ladder::decide_ladder(inputs),
    }
}
