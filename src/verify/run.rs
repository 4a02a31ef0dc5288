use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{Around, KINDS, Outcome, Seen, Status};
use crate::client::{Cause, Fault};
use crate::diagnostic::did_you_mean;
use crate::plan::Probe;

/// What a probe may take beyond its own limit before it is given up from outside: each looks after its limit itself and
/// then names the cause, which a mere time-out cannot.
const GRACE: Duration = Duration::from_millis(500);

/// Runs probes side by side and gives their outcomes in the same order.
#[must_use]
pub fn run(probes: &[Probe], around: &Arc<Around>) -> Vec<Outcome> {
    let (sender, outcomes) = channel();
    for (number, probe) in probes.iter().enumerate() {
        let (probe, around, sender) = (probe.clone(), Arc::clone(around), sender.clone());
        std::thread::spawn(move || {
            let outcome = one(&probe, &around);
            let _ = sender.send((number, outcome));
        });
    }
    drop(sender);
    let mut found: Vec<Option<Outcome>> = vec![None; probes.len()];
    let limits: Vec<Duration> = probes.iter().map(|probe| limit(probe, around)).collect();
    let deadline = around.clock.elapsed() + limits.iter().max().copied().unwrap_or_default() + GRACE;
    while found.iter().any(Option::is_none) {
        let left = deadline.saturating_sub(around.clock.elapsed());
        match outcomes.recv_timeout(left) {
            Ok((number, outcome)) => found[number] = Some(outcome),
            Err(_) => break,
        }
    }
    let all = found.into_iter().zip(probes).zip(limits);
    all.map(|((outcome, probe), limit)| outcome.unwrap_or_else(|| given_up(probe, limit))).collect()
}

/// How long a probe may take.
fn limit(probe: &Probe, around: &Around) -> Duration {
    let kind = KINDS.iter().find(|kind| kind.name == probe.probe);
    kind.map_or(Duration::ZERO, |kind| (kind.longest)(probe, around))
}

fn one(probe: &Probe, around: &Around) -> Outcome {
    let begin = around.clock.elapsed();
    let seen = match KINDS.iter().find(|kind| kind.name == probe.probe) {
        Some(kind) => (kind.look)(probe, around),
        None => Err(unknown_kind(&probe.probe)),
    };
    let took = around.clock.elapsed().saturating_sub(begin);
    outcome(probe, seen, took)
}

fn unknown_kind(name: &str) -> Fault {
    let near = did_you_mean(name, KINDS.iter().map(|kind| kind.name));
    let remedy = near.map_or_else(
        || "make the plan anew with this version of palier".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Fault::new(Cause::Other, format!("there is no probe `{name}`")).remedy(remedy)
}

/// The outcome of what was seen.
fn outcome(probe: &Probe, seen: Result<Seen, Fault>, took: Duration) -> Outcome {
    let (status, note, figures, fault) = match seen {
        Ok(Seen { unknown: Some(why), figures, .. }) => (Status::Unknown, why, figures, None),
        Ok(Seen { note, figures, .. }) => (Status::Holds, note, figures, None),
        Err(fault) => (Status::Fails, fault.message.clone(), Vec::new(), Some(fault)),
    };
    Outcome {
        probe: probe.probe.clone(),
        of: probe.of.clone(),
        expect: probe.expect.clone(),
        status,
        note,
        figures,
        fault,
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

fn given_up(probe: &Probe, limit: Duration) -> Outcome {
    let fault = Fault::new(Cause::Slow, format!("no end within {} s", limit.as_secs_f64()))
        .remedy("give it more time with `timeout` in [verify], or look why it is slow");
    outcome(probe, Err(fault), limit)
}
