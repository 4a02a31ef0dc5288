//! From changes to steps: title, reason, risk, checks, inverse, cost.

mod database;
mod probe;
mod redis;
mod service;

use redis::redis_switch;

use super::change::Change;
use super::commands::command_steps;
use super::extra::{file_steps, index_steps};
use super::flight::Flight;
use super::step::{Action, FieldChange, Probe, Risk, Step};
use crate::decide::{Context, CostLine, Rejected, Target};
use crate::generate::{Generated, NewIndex};
use crate::policy::{CommandMoment, DeliveryMode, OneWayStep};
use crate::units::Money;

/// How long Render may take to bring a flight live before the wait is given up: a build may take 120 minutes and a
/// health check fails after 15 (Render's documentation, "Build pipeline" and "Health checks").
const DEPLOY_DEADLINE_MINUTES: u32 = 30;

/// What the steps are written from.
pub(super) struct Writer<'w, 'a> {
    pub(super) context: &'w Context<'a>,
    pub(super) end: &'w Target,
    pub(super) lines: &'w [CostLine],
    pub(super) blueprint: &'w str,
    pub(super) rejected: &'w [Rejected],
    pub(super) stage: Option<&'w str>,
    pub(super) reasons: &'w [(String, String)],
}

impl Writer<'_, '_> {
    /// Every step of a plan: flight by flight, files with the first one, indexes after the database is large enough.
    pub(super) fn steps(&self, flights: &[Flight], generated: &Generated, indexes: &[NewIndex]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let index_flight = 1 + flights.iter().rposition(changes_database).unwrap_or(0);
        let count = flights.len().max(usize::from(!generated.changes.is_empty() || !indexes.is_empty()));
        for number in 1..=count {
            let before: Vec<String> = steps.last().map(|step| vec![step.id.clone()]).unwrap_or_default();
            let short = u32::try_from(number).unwrap_or(u32::MAX);
            let files = if number == 1 { file_steps(generated) } else { Vec::new() };
            match flights.get(number - 1) {
                Some(flight) => steps.extend(self.flight(short, flight, files, &before)),
                None => steps.extend(files),
            }
            let is_first_of_none = flights.is_empty() && !steps.is_empty();
            if is_first_of_none {
                steps.extend(self.commands(short, CommandMoment::BeforeLive, &steps));
            }
            if number == index_flight {
                let before: Vec<String> = steps.last().map(|step| vec![step.id.clone()]).unwrap_or_default();
                let format = self.context.inputs.policy.database.migrations;
                steps.extend(index_steps(short, indexes, format, &before));
            }
            if !steps.is_empty() {
                steps.extend(self.commands(short, CommandMoment::AfterLive, &steps));
            }
        }
        // An index whose migration is there already waits for no file.
        let ids: Vec<String> = steps.iter().map(|step| step.id.clone()).collect();
        steps.iter_mut().for_each(|step| step.depends_on.retain(|id| ids.contains(id)));
        steps
    }

    /// The steps of a flight: one for each change and each file, then the wait for it to be live.
    fn flight(&self, number: u32, flight: &Flight, files: Vec<Step>, before: &[String]) -> Vec<Step> {
        let mut steps: Vec<Step> = flight.changes.iter().map(|change| self.step(number, change)).collect();
        for step in &mut steps {
            step.depends_on = before.to_vec();
            if !flight.unsafe_for.is_empty() {
                step.risk = Risk::High;
                step.risk_reason =
                    format!("no order is safe here: {} is exceeded for a while", flight.unsafe_for.join(", "));
            }
        }
        steps.extend(files);
        if !steps.is_empty() {
            steps.extend(self.commands(number, CommandMoment::BeforeLive, &steps));
        }
        if self.context.inputs.policy.delivery.mode == DeliveryMode::Push && !steps.is_empty() {
            steps.push(self.wait(number, flight, &steps));
        }
        steps
    }

    /// The project's own commands of a moment, after the steps that are there.
    fn commands(&self, number: u32, moment: CommandMoment, steps: &[Step]) -> Vec<Step> {
        let before: Vec<String> =
            steps.iter().filter(|step| step.flight == number).map(|step| step.id.clone()).collect();
        command_steps(number, &self.context.inputs.policy.command, moment, &before)
    }

    fn wait(&self, number: u32, flight: &Flight, steps: &[Step]) -> Step {
        let mut verify: Vec<Probe> = steps.iter().flat_map(|step| step.verify.clone()).collect();
        verify.retain(|probe| probe.probe != "file");
        verify.dedup();
        let names: Vec<&str> = flight.changes.iter().map(Change::component).collect();
        let mut unique = names.clone();
        unique.dedup();
        Step {
            id: format!("flight-{number}-live"),
            flight: number,
            kind: "wait".to_owned(),
            title: format!("Push flight {number} and wait until it is live ({})", unique.join(", ")),
            reason: "Render applies everything in a commit at once; nothing else may start before it is verified"
                .to_owned(),
            depends_on: steps.iter().map(|step| step.id.clone()).collect(),
            reversible: true,
            one_way: None,
            risk: Risk::Low,
            risk_reason: String::new(),
            cost_delta: Some("0.00".to_owned()),
            check: Vec::new(),
            run: Action::Wait {
                until: format!("commit and push {}; Render deploys it", self.blueprint),
                deadline_minutes: DEPLOY_DEADLINE_MINUTES,
            },
            verify,
            undo: Action::Wait {
                until: "revert the commit and push; Render deploys the former state".to_owned(),
                deadline_minutes: DEPLOY_DEADLINE_MINUTES,
            },
        }
    }

    /// Whether the step of a change cannot be undone.
    pub(super) fn is_one_way(&self, change: &Change) -> bool {
        // Nothing else is ever one-way, and a whole step is many texts.
        let may_be =
            matches!(change, Change::DatabaseOffer { .. } | Change::DatabaseDisk { .. } | Change::RedisOffer { .. });
        may_be && self.step(1, change).one_way.is_some()
    }

    fn step(&self, flight: u32, change: &Change) -> Step {
        let parts = match change {
            Change::DatabaseOffer { name, from, to, disk_gb } => {
                self.database_offer(name, from.as_deref(), to.as_deref(), *disk_gb)
            }
            Change::DatabaseDisk { name, from, to } => self.database_disk(name, *from, *to),
            Change::DatabaseCreate { name } => self.create("database", name, "databases"),
            Change::ServiceOffer { name, from, to } => self.service_offer(name, from.as_deref(), to.as_deref()),
            Change::ServiceInstances { name, from, to } => self.instances(name, *from, *to),
            Change::ServiceSettings { name, from, to } => self.settings(name, from, to),
            Change::ServiceVariables { name, variables } => self.variables(name, variables),
            Change::ServiceCreate { name } => self.create("service", name, "services"),
            Change::RedisOffer { name, from, to } => self.redis_offer(name, from, to),
            Change::RedisSwitch { name, variables } => redis_switch(name, variables),
            Change::RedisCreate { name, .. } => self.redis_create(name),
        };
        let undo = match &parts.run {
            Action::EditFile { path, changes } => Action::EditFile {
                path: path.clone(),
                changes: changes
                    .iter()
                    .map(|one| FieldChange { at: one.at.clone(), from: one.to.clone(), to: one.from.clone() })
                    .collect(),
            },
            _ if parts.one_way.is_some() => Action::Nothing { why: "it cannot be undone".to_owned() },
            _ => Action::ByHand { instruction: format!("undo by hand: {}", parts.title) },
        };
        let one_way = parts.one_way.map(|(name, why)| format!("{}: {why}", name.name()));
        let undo = if one_way.is_some() { Action::Nothing { why: "it cannot be undone".to_owned() } } else { undo };
        Step {
            id: format!("{}-{}", change.component(), parts.suffix),
            flight,
            kind: if matches!(parts.run, Action::ByHand { .. }) { "wait".to_owned() } else { "file".to_owned() },
            title: parts.title,
            reason: parts.reason,
            depends_on: Vec::new(),
            reversible: one_way.is_none(),
            one_way,
            risk: parts.risk,
            risk_reason: parts.risk_reason,
            cost_delta: self.delta(change),
            check: vec![Probe::new("file", self.blueprint, "it is as it was when the plan was made")],
            run: parts.run,
            verify: parts.verify,
            undo,
        }
    }

    /// What a change adds to the month. A component's difference is booked on the step that changes its offer; where
    /// only the storage or the number of instances changes, on that one.
    fn delta(&self, change: &Change) -> Option<String> {
        let line = self.lines.iter().find(|line| line.component == change.component())?;
        let all = line.monthly.zip(line.current_monthly.or(line.current_offer.is_none().then_some(Money::ZERO)));
        let difference = all.map(|(then, now)| then - now);
        let storage = |from: Option<u32>, to: u32| {
            self.context.inputs.catalog.rates.postgres_storage_per_gb_month
                * u64::from(to.saturating_sub(from.unwrap_or(0)))
        };
        let amount = match change {
            Change::DatabaseDisk { from, to, name } => {
                let offer_changes = self.offer_changes(name);
                let storage = storage(*from, *to);
                if offer_changes { Some(Money::ZERO) } else { Some(storage) }
            }
            Change::ServiceInstances { name, .. } if self.offer_changes(name) => Some(Money::ZERO),
            Change::ServiceSettings { .. } | Change::ServiceVariables { .. } | Change::RedisSwitch { .. } => {
                Some(Money::ZERO)
            }
            _ => difference,
        };
        amount.map(Money::decimal)
    }

    fn offer_changes(&self, name: &str) -> bool {
        let database = self.context.current_database.as_ref().filter(|one| one.name == name).map(|one| &one.offer);
        let service = self.context.current_web.as_ref().filter(|one| one.name == name).map(|one| &one.offer);
        let then = self.end.databases.iter().find(|one| one.name == name).map(|one| &one.offer);
        let then = then.or_else(|| self.end.services.iter().find(|one| one.name == name).map(|one| &one.offer));
        database.or(service).is_some_and(|now| Some(now) != then)
    }

    fn edit(&self, component: &str, changes: Vec<FieldChange>) -> Action {
        let _ = component;
        Action::EditFile { path: self.blueprint.to_owned(), changes }
    }

    /// `services[0].plan`: where a key of a component stands in the blueprint.
    fn at(path: &[String], key: &str) -> String {
        let mut text = String::new();
        for step in path.iter().map(String::as_str).chain([key]) {
            if step.bytes().all(|byte| byte.is_ascii_digit()) {
                text.push_str(&format!("[{step}]"));
            } else {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(step);
            }
        }
        text
    }

    fn create(&self, kind: &str, name: &str, list: &str) -> Parts {
        let change = FieldChange { at: format!("{list}[+]"), from: None, to: Some(name.to_owned()) };
        let probe = match kind {
            "database" => Probe::new("postgres", name, "it answers"),
            _ => self.http(name, "it answers"),
        };
        Parts {
            run: self.edit(name, vec![change]),
            verify: vec![probe],
            reason: "it does not exist yet".to_owned(),
            ..Parts::new("create", format!("Create the {kind} `{name}`"))
        }
    }

    /// Why a component changes: what rejects the offer of today, or that another carries it for less.
    fn reason(&self, component: &str) -> String {
        let today = match component {
            "web" => self.context.current_web.as_ref().and_then(|one| one.offer.as_deref()),
            "database" => self.context.current_database.as_ref().and_then(|one| one.offer.as_deref()),
            _ => self.context.current_redis.as_ref().and_then(|one| one.offer.as_deref()),
        };
        if let Some(stage) = self.stage {
            return format!("the stage `{stage}` of the ladder asks for it");
        }
        let Some(today) = today else { return "it is the cheapest that meets every constraint".to_owned() };
        let is_today =
            |one: &&Rejected| one.component == component && one.offer.split([' ', '+']).next() == Some(today);
        match self.rejected.iter().find(is_today) {
            Some(rejected) => {
                format!(
                    "`{today}` fails on {}: {}",
                    rejected.constraint,
                    rejected.evidence.first().map_or("", String::as_str)
                )
            }
            None => format!("it is the cheapest that meets every constraint; `{today}` is not"),
        }
    }
}

/// `1 worker`, `2 workers`.
fn counted(count: u32, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn changes_database(flight: &Flight) -> bool {
    flight.changes.iter().any(|change| {
        matches!(change, Change::DatabaseOffer { .. } | Change::DatabaseDisk { .. } | Change::DatabaseCreate { .. })
    })
}

/// The parts of a step that differ from kind to kind.
struct Parts {
    suffix: &'static str,
    title: String,
    reason: String,
    one_way: Option<(OneWayStep, String)>,
    risk: Risk,
    risk_reason: String,
    run: Action,
    verify: Vec<Probe>,
}

impl Parts {
    fn new(suffix: &'static str, title: String) -> Self {
        Self {
            suffix,
            run: Action::ByHand { instruction: title.clone() },
            title,
            reason: "the target needs it".to_owned(),
            one_way: None,
            risk: Risk::Low,
            risk_reason: String::new(),
            verify: Vec::new(),
        }
    }
}
