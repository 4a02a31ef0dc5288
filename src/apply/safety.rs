//! Safe at every prefix, with live figures: a plan was safe for what the catalog says of each offer; before each step it
//! is checked against what the running system says.

use super::live::Live;
use crate::decide::Verdict;
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

/// Judges a step by what a worker of the running web server really holds, in bytes.
///
/// # Errors
/// After the step the workers would exceed the memory that the plan was made for.
pub fn is_safe_for_memory(plan: &Plan, step: &Step, per_worker: u64) -> Result<(), Diagnostic> {
    let Some(flight) = plan.flight(step.flight) else { return Ok(()) };
    let of_web = |one: &&Verdict| one.component == "web" && one.constraint == "memory";
    let Some(verdict) = flight.verdicts.iter().find(of_web) else { return Ok(()) };
    let web = flight.after.services.iter().find(|service| service.kind == "web");
    let (Some(used), Some(limit), Some(workers)) =
        (verdict.used, verdict.limit, web.and_then(|service| service.workers))
    else {
        return Ok(());
    };
    #[allow(clippy::cast_precision_loss, reason = "bytes of a few processes")]
    let needed = per_worker as f64 * f64::from(workers);
    if needed <= limit || needed <= used {
        return Ok(());
    }
    let mebibytes = |bytes: f64| (bytes / 1_048_576.0).round();
    let message = format!(
        "a worker holds {} MiB now: {workers} of them take {} MiB, and may take {} MiB",
        mebibytes(needed / f64::from(workers)),
        mebibytes(needed),
        mebibytes(limit)
    );
    Err(unsafe_now(message).help("measure the usage anew (`web.memory_per_worker`), and make the plan anew"))
}

/// The limit of a constraint of the database before a flight.
fn limit_before(plan: &Plan, flight: u32, constraint: &str) -> Option<f64> {
    let before = plan.flight(flight.checked_sub(1)?)?;
    let of = |one: &&Verdict| one.component == "database" && one.constraint == constraint;
    before.verdicts.iter().find(of)?.limit
}

fn unsafe_now(message: String) -> Diagnostic {
    Diagnostic::error("unsafe-now", message).why("the running system differs from what the plan was made for")
}

#[cfg(test)]
mod tests {
    use super::{Live, is_safe, is_safe_for_memory};
    use crate::plan::Plan;
    use crate::policy::Headroom;

    /// A plan of one flight after today, in which up to 70 connections and two workers are needed.
    fn plan() -> Plan {
        let verdict = |component: &str, constraint: &str, used: f64, limit: f64, unit: &str| {
            serde_json::json!({"constraint": constraint, "component": component, "fits": true, "used": used,
                "limit": limit, "unit": unit, "assumed": false, "evidence": []})
        };
        let verdicts = serde_json::json!([
            verdict("database", "connections", 70.0, 80.0, "connections"),
            verdict("database", "storage", 1.0, 3.0, "GB"),
            verdict("web", "memory", 300e6, 400e6, "bytes"),
        ]);
        let service = serde_json::json!({"name": "web", "kind": "web", "provider": "render", "offer": null,
            "instances": 1, "server": null, "workers": 2, "threads": null, "worker_class": null, "start_command": null,
            "timeout": null, "max_requests": null, "max_requests_jitter": null, "preload": null, "variables": []});
        let after = serde_json::json!({"services": [service], "databases": [], "redis": []});
        let flights: Vec<_> =
            (0..2).map(|number| serde_json::json!({"number": number, "after": after, "verdicts": verdicts})).collect();
        let step = serde_json::json!({"id": "a", "flight": 1, "kind": "file", "title": "", "reason": "",
            "depends_on": [], "reversible": true, "one_way": null, "risk": "low", "risk_reason": "",
            "cost_delta": null, "check": [], "run": {"kind": "nothing", "why": ""}, "verify": [],
            "undo": {"kind": "nothing", "why": ""}});
        serde_json::from_value(serde_json::json!({
            "format_version": "1", "kind": "plan", "made_at": "2026-11-20T08:00:00Z",
            "expires_at": "2026-11-27T08:00:00Z", "outcome": "changes", "mode": "measured", "stage": null,
            "project": {"name": "", "framework": null, "server": null, "web_service": null}, "inputs": [],
            "flights": flights, "environment": "production",
            "current": {"services": [], "databases": [], "redis": []}, "target": after,
            "cost": {"currency": "USD", "current_monthly": null, "target_monthly": null, "complete": true, "lines": []},
            "verdicts": [], "rejected": [], "forecast": crate::decide::Forecast::default(), "findings": [],
            "reasons": [], "steps": [step], "unknown": [], "weakened": []
        }))
        .expect("a plan")
    }

    fn live(max_connections: u32, size: u64, writable: bool) -> Live {
        Live { version: 15, max_connections, connections: 3, size, writable, indexes: Vec::new() }
    }

    #[test]
    fn a_step_is_refused_when_the_running_database_takes_less_than_the_plan_assumed() {
        let (plan, headroom) = (plan(), Headroom::default());
        let judge = |live: &Live| is_safe(&plan, &plan.steps[0], live, &headroom);
        assert_eq!(judge(&live(100, 1_000, true)), Ok(()));
        let refused = judge(&live(50, 1_000, true)).expect_err("too few connections");
        assert!(refused.message.contains("70 connections") && refused.message.contains("accepts 50"), "{refused:?}");
        assert!(judge(&live(100, 4_000_000_000, true)).expect_err("too much data").message.contains("4.0 GB"));
        assert!(judge(&live(100, 1_000, false)).is_err(), "a database that accepts no writes");
    }

    #[test]
    fn a_step_is_refused_when_a_worker_holds_more_than_the_plan_was_made_for() {
        let plan = plan();
        assert_eq!(is_safe_for_memory(&plan, &plan.steps[0], 150_000_000), Ok(()));
        assert!(is_safe_for_memory(&plan, &plan.steps[0], 250_000_000).is_err());
    }
}
