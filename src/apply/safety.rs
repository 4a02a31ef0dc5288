//! Safe at every prefix, with live figures: a plan was safe for what the catalog says of each offer; before each step it
//! is checked against what the running system says.

use super::live::Live;
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, Step};
use crate::policy::Headroom;

/// Judges a step by the figures of the running database. `Ok` also when they say nothing about it.
///
/// # Errors
/// After the step the system would exceed what the database really has, where the plan assumed more.
pub fn is_safe(plan: &Plan, step: &Step, live: &Live, headroom: &Headroom) -> Result<(), Diagnostic> {
    let Some(flight) = plan.flight(step.flight) else { return Ok(()) };
    for verdict in &flight.verdicts {
        let (Some(used), Some(limit)) = (verdict.used, verdict.limit) else { continue };
        match (verdict.component.as_ref(), verdict.constraint.as_ref()) {
            ("database", "connections") => {
                let really = f64::from(live.max_connections) * headroom.connections.value();
                // Less than the plan took it to accept before this flight and after it: what the plan knew, it has
                // decided with open eyes.
                let assumed = limit.min(limit_before(plan, step.flight, "connections").unwrap_or(limit));
                if used > really && really + 1e-9 < assumed {
                    let message = format!(
                        "after this step up to {used:.0} connections are needed, and the database accepts {}",
                        live.max_connections
                    );
                    return Err(
                        unsafe_now(message).help("bring the database's own change live first, or make the plan anew")
                    );
                }
            }
            ("database", "storage") => {
                #[allow(clippy::cast_precision_loss, reason = "bytes of a database")]
                let stored = live.size as f64 / 1e9;
                if stored > limit && stored > used {
                    let message = format!("the database stores {stored:.1} GB already, and may use {limit:.1} GB then");
                    return Err(unsafe_now(message).help("measure the usage anew, and make the plan anew"));
                }
            }
            _ => {}
        }
    }
    if !live.writable {
        return Err(unsafe_now("the database accepts no writes".to_owned())
            .help("use the primary's address; a database at its storage limit becomes read-only too"));
    }
    Ok(())
}

/// The limit of a constraint of the database before a flight.
fn limit_before(plan: &Plan, flight: u32, constraint: &str) -> Option<f64> {
    let before = plan.flight(flight.checked_sub(1)?)?;
    let of = |one: &&crate::decide::Verdict| one.component == "database" && one.constraint == constraint;
    before.verdicts.iter().find(of)?.limit
}

fn unsafe_now(message: String) -> Diagnostic {
    Diagnostic::error("unsafe-now", message).why("the running system differs from what the plan was made for")
}
