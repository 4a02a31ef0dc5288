//! One reason each why a target may be too small, one file each. To add one: its file, and its line in [`ALL`].

mod cache;
mod connections;
mod cpu;
mod database_cpu;
mod durability;
mod expiry;
mod forbidden;
mod high_availability;
mod latency;
mod memory;
mod network;
mod price;
mod reachable;
mod redis_commands;
mod redis_connections;
mod redis_memory;
mod redis_provider;
mod sleep;
mod storage;

use super::Context;
use super::candidate::Candidate;
use super::verdict::Verdict;

/// A constraint: what it is called, and how it judges a candidate. `None` when it does not concern the candidate.
#[derive(Clone, Copy)]
pub struct Constraint {
    /// Its id, as verdicts name it.
    pub id: &'static str,
    /// Whether breaking it breaks the running system, so that it must hold after every single step.
    pub hard: bool,
    /// The judgement.
    pub judge: fn(&Candidate<'_, '_>, &Context<'_>) -> Option<Verdict>,
}

/// Every constraint, in the order in which a rejection names them when several are broken alike.
pub const ALL: &[Constraint] = &[
    Constraint { id: "forbidden", hard: false, judge: forbidden::judge },
    Constraint { id: "provider", hard: false, judge: redis_provider::judge },
    Constraint { id: "network", hard: false, judge: network::judge },
    Constraint { id: "one-way", hard: false, judge: reachable::judge },
    Constraint { id: "expiry", hard: false, judge: expiry::judge },
    Constraint { id: "sleep", hard: false, judge: sleep::judge },
    Constraint { id: "durability", hard: false, judge: durability::judge },
    Constraint { id: "high-availability", hard: false, judge: high_availability::judge },
    Constraint { id: "memory", hard: true, judge: memory::judge },
    Constraint { id: "cpu", hard: false, judge: cpu::judge },
    Constraint { id: "latency", hard: false, judge: latency::judge },
    Constraint { id: "storage", hard: true, judge: storage::judge },
    Constraint { id: "cache", hard: false, judge: cache::judge },
    Constraint { id: "database-cpu", hard: false, judge: database_cpu::judge },
    Constraint { id: "connections", hard: true, judge: connections::judge },
    Constraint { id: "redis-memory", hard: true, judge: redis_memory::judge },
    Constraint { id: "redis-commands", hard: false, judge: redis_commands::judge },
    Constraint { id: "redis-connections", hard: true, judge: redis_connections::judge },
    Constraint { id: "price", hard: false, judge: price::judge },
];

/// What every constraint says of a candidate.
#[must_use]
pub(super) fn judge_all(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Vec<Verdict> {
    ALL.iter().filter_map(|constraint| (constraint.judge)(candidate, context)).collect()
}

/// The first constraint that a candidate breaks the most, if it breaks any.
#[must_use]
pub(super) fn worst_failure(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let mut worst: Option<Verdict> = None;
    for constraint in ALL {
        let Some(verdict) = (constraint.judge)(candidate, context).filter(|verdict| !verdict.fits) else { continue };
        if worst.as_ref().is_none_or(|known| verdict.ratio() > known.ratio()) {
            worst = Some(verdict);
        }
    }
    worst
}

/// Whether a candidate meets every constraint.
#[must_use]
pub(super) fn fits(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> bool {
    ALL.iter().all(|constraint| (constraint.judge)(candidate, context).is_none_or(|verdict| verdict.fits))
}

/// A verdict with figures: it fits when no more is used than may be.
fn measured(
    constraint: &'static str,
    component: &'static str,
    (used, limit): (f64, f64),
    unit: &'static str,
    evidence: Vec<String>,
) -> Verdict {
    Verdict {
        constraint: constraint.into(),
        component: component.into(),
        fits: used <= limit,
        used: Some(used),
        limit: Some(limit),
        unit: unit.into(),
        assumed: false,
        evidence,
    }
}

/// A verdict without figures.
fn stated(constraint: &'static str, component: &'static str, fits: bool, evidence: impl Into<String>) -> Verdict {
    Verdict {
        constraint: constraint.into(),
        component: component.into(),
        fits,
        used: None,
        limit: None,
        unit: "".into(),
        assumed: false,
        evidence: vec![evidence.into()],
    }
}

/// A verdict on something that nothing measured.
fn assumed(constraint: &'static str, component: &'static str, fits: bool, evidence: impl Into<String>) -> Verdict {
    Verdict { assumed: true, ..stated(constraint, component, fits, evidence) }
}
