//! A provider that is none: it fails, hangs, lies and answers late as a test tells it to.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use palier::client::{Cause, Clock, Fault};
use palier::plan::{Action, Risk, Step};
use palier::provider::{Progress, Provider, ResourceChange};

/// The one field that everything here has.
pub(crate) const FIELD: &str = "plan";

/// How a resource behaves when it is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It is changed.
    Obeys,
    /// It says yes, and does nothing; this many times, then it obeys.
    Lies(u32),
    /// It is changed, and the answer is lost.
    LosesAnswer,
    /// The request is lost, once; then it obeys.
    LosesRequest,
    /// It says no.
    Refuses,
    /// It says yes, works, and fails.
    Fails,
    /// It is changed after so many looks.
    Late(u32),
    /// It is changed, and that is seen after so many looks.
    SeenLate(u32),
    /// It works for ever.
    Hangs,
    /// It is changed, and every second question is not answered.
    Stammers,
}

#[derive(Default)]
pub(crate) struct World {
    /// The value of each resource.
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) moods: BTreeMap<String, Mood>,
    /// What was changed, in order, and how many entries the journal had then.
    pub(crate) taken: Vec<(String, String, usize)>,
    /// How often somebody asked for a change.
    pub(crate) asked: usize,
    /// Changes that are under way, with the looks that are left.
    under_way: BTreeMap<String, (String, u32)>,
    /// Values that are still seen, with the looks that are left.
    still_seen: BTreeMap<String, (String, u32)>,
    questions: usize,
    /// Counts the entries of the journal.
    pub(crate) entries: Option<Box<dyn Fn() -> usize + Send>>,
}

impl World {
    fn mood(&self, resource: &str) -> Mood {
        self.moods.get(resource).copied().unwrap_or(Mood::Obeys)
    }

    fn take(&mut self, resource: &str, value: &str) {
        let entries = self.entries.as_ref().map_or(0, |entries| entries());
        self.taken.push((resource.to_owned(), value.to_owned(), entries));
        self.values.insert(resource.to_owned(), value.to_owned());
    }

    /// Every second question is not answered, where that is the mood.
    fn answers(&mut self, resource: &str) -> Result<(), Fault> {
        self.questions += 1;
        if self.mood(resource) == Mood::Stammers && self.questions % 2 == 1 {
            return Err(Fault::new(Cause::Silent, "the interface does not answer"));
        }
        Ok(())
    }
}

/// The provider; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Pretend(Arc<Mutex<World>>);

impl Pretend {
    /// Resources `r0`, `r1`... on `small`.
    pub(crate) fn of(count: usize) -> Self {
        let pretend = Self::default();
        for number in 0..count {
            pretend.world().values.insert(format!("r{number}"), "small".to_owned());
        }
        pretend
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test failed while it held the world")
    }

    pub(crate) fn with(self, resource: &str, mood: Mood) -> Self {
        self.world().moods.insert(resource.to_owned(), mood);
        self
    }

    pub(crate) fn set(&self, resource: &str, value: &str) {
        self.world().values.insert(resource.to_owned(), value.to_owned());
    }

    pub(crate) fn value(&self, resource: &str) -> String {
        self.world().values.get(resource).cloned().unwrap_or_default()
    }

    /// All values, in order.
    pub(crate) fn values(&self) -> Vec<String> {
        self.world().values.values().cloned().collect()
    }

    pub(crate) fn boxed(&self) -> Vec<Box<dyn Provider>> {
        vec![Box::new(self.clone())]
    }
}

impl Provider for Pretend {
    fn name(&self) -> &str {
        "pretend"
    }

    fn read(&self, resource: &str, _: &str) -> Result<Option<String>, Fault> {
        let mut world = self.world();
        world.answers(resource)?;
        if let Some((old, left)) = world.still_seen.remove(resource) {
            if left > 1 {
                world.still_seen.insert(resource.to_owned(), (old.clone(), left - 1));
            }
            return Ok(Some(old));
        }
        let found = world.values.get(resource).cloned();
        found.map(Some).ok_or_else(|| Fault::new(Cause::UnexpectedAnswer, format!("there is no `{resource}`")))
    }

    fn change(&self, change: &ResourceChange) -> Result<(), Fault> {
        let mut world = self.world();
        world.asked += 1;
        let (resource, to) = (change.resource.clone(), change.to.clone().unwrap_or_default());
        // Asking again for what is under way, or done, changes nothing.
        if world.values.get(&resource) == Some(&to) || world.under_way.get(&resource).is_some_and(|(one, _)| *one == to)
        {
            return Ok(());
        }
        match world.mood(&resource) {
            Mood::Obeys | Mood::Stammers => world.take(&resource, &to),
            Mood::Lies(0) => world.take(&resource, &to),
            Mood::Lies(left) => drop(world.moods.insert(resource, Mood::Lies(left - 1))),
            Mood::LosesAnswer => {
                world.take(&resource, &to);
                return Err(Fault::new(Cause::TimedOut, "no answer within 30 s"));
            }
            Mood::LosesRequest => {
                world.moods.insert(resource, Mood::Obeys);
                return Err(Fault::new(Cause::Reset, "the connection was cut"));
            }
            Mood::Refuses => {
                let fault = Fault::new(Cause::NotPermitted, format!("`{resource}` cannot be changed to `{to}`"));
                return Err(fault.remedy("ask the provider"));
            }
            Mood::Fails => drop(world.under_way.insert(resource, (to, u32::MAX))),
            Mood::Hangs => drop(world.under_way.insert(resource, (to, u32::MAX))),
            Mood::Late(looks) => drop(world.under_way.insert(resource, (to, looks))),
            Mood::SeenLate(looks) => {
                let old = world.values.get(&resource).cloned().unwrap_or_default();
                world.take(&resource, &to);
                world.still_seen.insert(resource, (old, looks));
            }
        }
        Ok(())
    }

    fn progress(&self, change: &ResourceChange) -> Result<Progress, Fault> {
        let mut world = self.world();
        let resource = &change.resource;
        world.answers(resource)?;
        let Some((to, left)) = world.under_way.remove(resource) else { return Ok(Progress::Done) };
        if world.mood(resource) == Mood::Fails {
            return Ok(Progress::Failed("no capacity in this region".to_owned()));
        }
        if left == 0 {
            world.take(resource, &to);
            return Ok(Progress::Done);
        }
        world.under_way.insert(resource.clone(), (to, left.saturating_sub(u32::from(left != u32::MAX))));
        Ok(Progress::Running("it is being changed".to_owned()))
    }
}

/// A clock on which sleeping takes no time.
#[derive(Default)]
pub(crate) struct Sleepless(Mutex<Duration>);

impl Clock for Sleepless {
    fn now(&self) -> Timestamp {
        "2026-11-20T08:00:00Z".parse::<Timestamp>().expect("an instant") + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().expect("the clock")
    }

    fn sleep(&self, time: Duration) {
        *self.0.lock().expect("the clock") += time;
    }
}

/// The step that changes `rN` from `small` to `large`.
pub(crate) fn step(number: usize) -> Step {
    let change = |from: &str, to: &str| Action::ChangeResource {
        provider: "pretend".to_owned(),
        resource: format!("r{number}"),
        field: FIELD.to_owned(),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
    };
    Step {
        id: format!("change-r{number}"),
        flight: 1,
        kind: "resource".to_owned(),
        title: format!("Change r{number} from small to large"),
        reason: String::new(),
        depends_on: Vec::new(),
        reversible: true,
        one_way: None,
        risk: Risk::Medium,
        risk_reason: String::new(),
        cost_delta: None,
        check: Vec::new(),
        run: change("small", "large"),
        verify: Vec::new(),
        undo: change("large", "small"),
    }
}
