//! Something that happens elsewhere: a deploy after a push, a click in a dashboard. It is said exactly, then watched.

use std::time::Duration;

use super::{Expected, Readiness, StepCode, StepContext, Trouble};
use crate::plan::{Action, Probe, Step};
use crate::verify::{self, Outcome, Status};

/// Between two looks. A deploy takes minutes; Render's documentation names no limit for health checks from outside.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// How long a person may take for what only a person can do, before the run ends and is resumed later.
const BY_HAND_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The probe that tells the new version from the old one.
const RELEASE: &str = "release";

/// The code of steps that wait.
#[derive(Debug)]
pub(super) struct Wait;

impl StepCode for Wait {
    fn locks(&self, _: &Step) -> String {
        "nothing".to_owned()
    }

    fn time_limit(&self, step: &Step, context: &StepContext<'_>) -> Option<Duration> {
        Some(context.wait_limit.unwrap_or_else(|| instruction(&step.run).1))
    }

    fn check(&self, _: &Step, _: &StepContext<'_>) -> Result<Readiness, Trouble> {
        Ok(Readiness::Ready)
    }

    fn run(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        let (instruction, limit) = instruction(&step.run);
        context.progress.tell(&instruction, None);
        let limit = context.wait_limit.unwrap_or(limit);
        let probes = probes(step, context);
        let mut watch = Watch {
            changed: context.seen_failing.contains(&step.id),
            confirmed: context.confirmed.contains(&step.id),
            ..Watch::default()
        };
        let begin = context.clock().elapsed();
        let held = context.poll(limit, BETWEEN_LOOKS, || {
            watch.look(verify::run(&probes, context.around));
            let share = context.clock().elapsed().saturating_sub(begin).as_secs_f64() / limit.as_secs_f64().max(1.0);
            context.progress.tell(&watch.told(), Some(share.min(1.0)));
            // What cannot be told apart now cannot be told apart later either.
            Ok((watch.holds() || watch.is_blind()).then_some(()))
        })?;
        match held {
            Some(()) if watch.holds() => Ok(()),
            _ => Err(Trouble::Waiting { missing: watch.missing(step, &instruction), seen: watch.seen }),
        }
    }

    fn verify(&self, step: &Step, context: &StepContext<'_>, expected: Expected) -> Result<Vec<Outcome>, Trouble> {
        match expected {
            Expected::Done => Ok(verify::run(&probes(step, context), context.around)),
            // What ran before is not described by probes; that it runs again was said by a person.
            Expected::Undone => Ok(Vec::new()),
        }
    }

    fn undo(&self, step: &Step, context: &StepContext<'_>) -> Result<(), Trouble> {
        if context.confirmed.contains(&step.id) {
            return Ok(());
        }
        let (instruction, _) = instruction(&step.undo);
        let say = format!("{instruction}; then `palier rollback --confirm {}`", step.id);
        Err(Trouble::Waiting { missing: vec![say], seen: Vec::new() })
    }
}

/// What somebody has to do, and how long to watch for it.
fn instruction(action: &Action) -> (String, Duration) {
    match action {
        Action::Wait { until, deadline_minutes } => {
            (until.clone(), Duration::from_secs(u64::from(*deadline_minutes) * 60))
        }
        Action::ByHand { instruction } => (instruction.clone(), BY_HAND_LIMIT),
        _ => (String::new(), BY_HAND_LIMIT),
    }
}

/// The step's probes, and the one that tells the versions apart when the policy knows how.
fn probes(step: &Step, context: &StepContext<'_>) -> Vec<Probe> {
    let mut probes = step.verify.clone();
    let is_push = matches!(step.run, Action::Wait { .. });
    if is_push && context.around.policy.verify.release.is_some() && probes.iter().all(|one| one.probe != RELEASE) {
        probes.push(Probe::new(RELEASE, &step.id, "the new version answers"));
    }
    probes
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Watch {
    seen: Vec<Outcome>,
    /// Whether something failed before and holds now: then it is not the old version that answers.
    changed: bool,
    /// Whether a person says that it is done.
    confirmed: bool,
}

impl Watch {
    fn look(&mut self, seen: Vec<Outcome>) {
        self.changed |= seen.iter().any(|one| one.status == Status::Fails);
        self.seen = seen;
    }

    fn fails(&self) -> bool {
        self.seen.iter().any(|one| one.status == Status::Fails)
    }

    /// Whether something tells the new version from the old one.
    fn is_marked(&self) -> bool {
        self.seen.iter().any(|one| one.probe == RELEASE && one.status == Status::Holds)
    }

    fn holds(&self) -> bool {
        let unseen = self.seen.iter().any(|one| one.status == Status::Unknown);
        let told_apart = self.is_marked() || (self.changed && !unseen);
        !self.fails() && (told_apart || self.confirmed)
    }

    /// Whether nothing fails and nothing says that it is not the old version that answers.
    fn is_blind(&self) -> bool {
        !self.fails() && !self.holds()
    }

    fn told(&self) -> String {
        let holding = self.seen.iter().filter(|one| one.status == Status::Holds).count();
        let first = self.seen.iter().find(|one| one.status == Status::Fails);
        match first {
            Some(one) => format!("{holding} of {} hold; {} {}: {}", self.seen.len(), one.probe, one.of, one.note),
            None => format!("{holding} of {} hold", self.seen.len()),
        }
    }

    /// What is still missing, for a person.
    fn missing(&self, step: &Step, instruction: &str) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for one in self.seen.iter().filter(|one| one.status == Status::Fails) {
            let remedy = one.fault.as_ref().map(|fault| fault.remedy.as_str()).filter(|remedy| !remedy.is_empty());
            let remedy = remedy.map_or_else(String::new, |remedy| format!(" ({remedy})"));
            missing.push(format!("{} {}: {}, but {}{remedy}", one.probe, one.of, one.expect, one.note));
        }
        if missing.is_empty() {
            for one in self.seen.iter().filter(|one| one.status == Status::Unknown) {
                missing
                    .push(format!("{} {}: {} cannot be seen from here: {}", one.probe, one.of, one.expect, one.note));
            }
            missing.push(format!(
                "nothing that was asked tells the new version from the old one: name a page that does under \
                 [verify.release] in palier.toml, or, when you see that it is live, say so with `--confirm {}`",
                step.id
            ));
        }
        if !instruction.is_empty() {
            missing.insert(0, instruction.to_owned());
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Status, Watch};

    fn seen(probe: &str, status: Status) -> Outcome {
        Outcome {
            probe: probe.to_owned(),
            of: "x".to_owned(),
            expect: String::new(),
            status,
            note: String::new(),
            figures: Vec::new(),
            fault: None,
            milliseconds: 0,
        }
    }

    #[test]
    fn what_held_before_the_push_does_not_say_that_the_new_version_is_live() {
        let mut watch = Watch::default();
        watch.look(vec![seen("http", Status::Holds)]);
        assert!(!watch.holds() && watch.is_blind());
        watch.look(vec![seen("http", Status::Fails)]);
        assert!(!watch.holds() && !watch.is_blind());
        watch.look(vec![seen("http", Status::Holds)]);
        assert!(watch.holds());
    }

    #[test]
    fn the_release_marker_or_a_person_says_so() {
        let mut watch = Watch::default();
        watch.look(vec![seen("release", Status::Holds), seen("deploy", Status::Unknown)]);
        assert!(watch.holds());
        let mut watch = Watch { confirmed: true, ..Watch::default() };
        watch.look(vec![seen("deploy", Status::Unknown)]);
        assert!(watch.holds());
        watch.look(vec![seen("http", Status::Fails)]);
        assert!(!watch.holds(), "a person's word is not above what is seen to fail");
    }
}
