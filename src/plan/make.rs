use super::change::{Change, differences};
use super::file_changes;
use super::flight::{Flight, cut};
use super::safety::hard_verdicts;
use super::step::Step;
use super::steps::Writer;
use super::value::{
    FORMAT_VERSION, FileOfPlan, FindingOfPlan, FlightOfPlan, InputFile, Outcome, Plan, ProjectOfPlan, ReasonOfPlan,
    StageOfPlan,
};
use crate::catalog::{Component, Provider};
use crate::decide::{
    Context, Current, Decision, Inputs, Pinned, ServiceTarget, Target, Usage, application_of, decide, state_of,
};
use crate::diagnostic::Diagnostic;
use crate::generate::web::start_command;
use crate::generate::{FileChange, Folder, Generated, NewIndex, Options, files};
use crate::policy::apply_waivers;
use crate::project::{EnvSource, EnvVar};

/// What a plan is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What the decision is made from.
    pub inputs: Inputs<'a>,
    /// The environment.
    pub environment: &'a str,
    /// The files that all this was read from.
    pub files: &'a [InputFile],
    /// Findings from reading the inputs.
    pub findings: &'a [Diagnostic],
    /// The files that are there.
    pub folder: &'a dyn Folder,
    /// What the generators may do.
    pub options: Options,
    /// Whether to work out what each step changes in which file, which only carrying them out needs.
    pub step_files: bool,
    /// Indexes whose migrations are there and that the running database lacks, by name: they get a step all the same.
    pub lacking_indexes: &'a [String],
}

/// A plan with what it was made of.
#[derive(Debug, Clone)]
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// The state of today.
    pub start: Target,
    /// The flights, with the state after each.
    pub flights: Vec<Flight>,
    /// Every finding, waivers applied, for rendering with its place.
    pub findings: Vec<Diagnostic>,
    /// Why nothing can be done, when so.
    pub blocked: Vec<Diagnostic>,
    /// The files of the next flight.
    pub next: Generated,
    /// The files of all flights at once.
    pub all: Generated,
    /// What each step of the next flight changes in which file, by the step's id; empty unless asked for.
    pub step_files: Vec<(String, Vec<FileChange>)>,
}

/// Decides, and orders the steps from what runs to the target.
///
/// # Errors
/// The decision cannot be made at all: an unknown ladder, or no usage for one.
pub fn make(request: &Request<'_>) -> Result<Made, Vec<Diagnostic>> {
    match attempt(request, None)? {
        Attempt::Made(made) => Ok(*made),
        // A command that palier cannot change keeps its workers: everything is judged again by those.
        Attempt::Pinned(pinned, found) => match attempt(request, Some((pinned, found)))? {
            Attempt::Made(made) => Ok(*made),
            Attempt::Pinned(..) => Err(vec![Diagnostic::error("defect", "the start command was judged twice")]),
        },
    }
}

/// A plan, or the workers that it must be made with.
enum Attempt {
    Made(Box<Made>),
    Pinned(Pinned, Vec<Diagnostic>),
}

fn attempt(request: &Request<'_>, pinned: Option<(Pinned, Vec<Diagnostic>)>) -> Result<Attempt, Vec<Diagnostic>> {
    let inputs = Inputs { pinned: pinned.as_ref().map(|(pinned, _)| *pinned), ..request.inputs };
    let mut decision = decide(&inputs)?;
    let usage = Usage::of(&inputs);
    let context = Context::new(inputs, &decision.current, &usage, usage.clone());
    let mut findings = request.findings.to_vec();
    findings.append(&mut decision.findings);
    let mut start = state_of(&context, &decision.current);
    let left_alone = write_start_commands(&inputs, &context, &start, &mut decision);
    match (pinned, left_alone) {
        (None, Some((pinned, found))) => return Ok(Attempt::Pinned(pinned, vec![found])),
        (Some((_, found)), _) => findings.extend(found),
        (None, None) => {}
    }
    adopt_settings(&mut start, &decision.target);
    let stands = decision.blocked.is_empty();
    let included = |id: &str| {
        let offer = inputs.catalog.find(Provider::Render, Component::Postgres, id);
        offer.is_some_and(|offer| offer.included_storage.is_some())
    };
    let changes = if stands { differences(&start, &decision.target, included) } else { Vec::new() };
    let changes = with_switch(&inputs, &decision, changes);
    let mut flights = cut(&context, &start, &decision.target, changes);
    let writer = Writer {
        context: &context,
        end: &decision.target,
        lines: &decision.cost.lines,
        blueprint: &inputs.policy.files.blueprint,
        rejected: &decision.rejected,
        stage: decision.stage.as_ref().map(|stage| stage.name.as_str()),
        reasons: &decision.reasons,
    };
    for flight in &mut flights {
        // What stands when the rest is taken back comes first: the edits of a file are undone from the last to the first.
        flight.changes.sort_by_key(|change| !writer.is_one_way(change));
    }
    let (next, all) = generated(request, &context, &decision, &start, &flights)?;
    findings.extend(next.refused.iter().cloned());
    let indexes = indexes_to_build(&next, request.lacking_indexes);
    let steps = writer.steps(&flights, &next, &indexes);
    let step_files = if request.step_files {
        let changes = flights.first().map(|flight| flight.changes.as_slice()).unwrap_or_default();
        let files_of = |state: &Target| {
            files(&context, &decision.current, state, &decision.target, request.folder, request.options)
        };
        file_changes::of_steps(&steps, changes, (&start, &decision.target), &next, files_of)
            .map_err(|error| vec![Diagnostic::error("defect", error.to_string())])?
    } else {
        Vec::new()
    };
    findings.extend(one_way_findings(&inputs, &steps));
    let waived = apply_waivers(findings, &inputs.policy.waiver, inputs.today());
    let expired: Vec<Diagnostic> = waived.findings.iter().filter(|one| one.id == "expired-waiver").cloned().collect();
    let outcome = match (stands && expired.is_empty(), steps.is_empty()) {
        (false, _) => Outcome::Blocked,
        (true, true) => Outcome::NoChange,
        (true, false) => Outcome::Changes,
    };
    let mut findings = waived.findings;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut blocked = decision.blocked.clone();
    blocked.extend(expired);
    let state = |(number, after): (u32, &Target)| FlightOfPlan {
        number,
        after: after.clone(),
        verdicts: hard_verdicts(&context, after),
    };
    let states = std::iter::once(&start).chain(flights.iter().map(|flight| &flight.after));
    let flights_of_plan = (0..).zip(states).map(state).collect();
    let mut plan = plan(request, &context, decision, steps, outcome, &findings);
    plan.files = next.changes.iter().map(FileOfPlan::from).collect();
    plan.flights = flights_of_plan;
    Ok(Attempt::Made(Box::new(Made { plan, start, flights, findings, blocked, next, all, step_files })))
}

/// What a folder's files still lack for a state, when what runs is something else than what they say: a pull request
/// carries the files of a flight already, and must carry all of them.
///
/// # Errors
/// A template is broken: a defect of palier.
pub fn lacking(request: &Request<'_>, state: &Target, end: &Target) -> Result<Generated, Vec<Diagnostic>> {
    let current = Current::of(&request.inputs);
    let usage = Usage::of(&request.inputs);
    let context = Context::new(request.inputs, &current, &usage, usage.clone());
    files(&context, &current, state, end, request.folder, request.options)
        .map_err(|error| vec![Diagnostic::error("defect", error.to_string())])
}

/// The indexes that get a step: those whose migrations are new, and those that the running database lacks.
fn indexes_to_build(next: &Generated, lacking: &[String]) -> Vec<NewIndex> {
    let is_new = |one: &NewIndex| next.indexes.iter().any(|new| new.name == one.name && new.table == one.table);
    let lacked = next.declared.iter().filter(|one| lacking.contains(&one.name) && !is_new(one));
    next.indexes.iter().chain(lacked).cloned().collect()
}

/// A new Redis beside an old one is of use only when the services read it: their variables are named in a change of
/// its own.
fn with_switch(inputs: &Inputs<'_>, decision: &Decision, mut changes: Vec<Change>) -> Vec<Change> {
    let made = changes.iter().find_map(|change| match change {
        Change::RedisCreate { name, .. } => Some(name.clone()),
        _ => None,
    });
    let Some(name) = made.filter(|_| !decision.current.redis.is_empty()) else { return changes };
    let services = inputs.project.blueprint.iter().flat_map(|blueprint| &blueprint.services);
    let variables: Vec<(String, String)> = services
        .flat_map(|service| service.env.iter().map(move |variable| (service, variable)))
        .filter(|(_, variable)| holds_redis_address(variable, decision))
        .map(|(service, variable)| (service.name.clone(), variable.key.clone()))
        .collect();
    if !variables.is_empty() {
        changes.push(Change::RedisSwitch { name, variables });
    }
    changes
}

fn holds_redis_address(variable: &EnvVar, decision: &Decision) -> bool {
    match &variable.source {
        EnvSource::Service { name, .. } => decision.current.redis.iter().any(|redis| &redis.name == name),
        EnvSource::Prompted | EnvSource::Value(_) => {
            ["REDIS", "CELERY_BROKER", "CELERY_RESULT"].iter().any(|part| variable.key.contains(part))
        }
        EnvSource::Database { .. } | EnvSource::Group(_) | EnvSource::Generated => false,
    }
}

/// The files of the first flight, and of all of them. Nothing is written for a target that the policy forbids.
fn generated(
    request: &Request<'_>,
    context: &Context<'_>,
    decision: &Decision,
    start: &Target,
    flights: &[Flight],
) -> Result<(Generated, Generated), Vec<Diagnostic>> {
    if !decision.blocked.is_empty() {
        return Ok(Default::default());
    }
    let of = |state: &Target| {
        files(context, &decision.current, state, &decision.target, request.folder, request.options)
            .map_err(|error| vec![Diagnostic::error("defect", error.to_string())])
    };
    let next = of(flights.first().map_or(start, |flight| &flight.after))?;
    let all = if flights.len() > 1 { of(&decision.target)? } else { next.clone() };
    Ok((next, all))
}

/// Fills in the start command of the target. A command that cannot be changed keeps its workers: those, and what to
/// tell, come back when the target has others.
fn write_start_commands(
    inputs: &Inputs<'_>,
    context: &Context<'_>,
    start: &Target,
    decision: &mut Decision,
) -> Option<(Pinned, Diagnostic)> {
    let main = context.current_web.as_ref();
    let service = match main {
        Some(main) => decision.target.services.iter_mut().find(|one| one.name == main.name)?,
        None => decision.target.services.first_mut()?,
    };
    let application = application_of(inputs, &service.name);
    let image = main.is_some_and(|main| main.is_image() && main.start_command.is_none());
    let command = if image {
        Err("its image says how it starts, and palier has not seen that".to_owned())
    } else {
        start_command(application, service.start_command.as_deref(), service, &inputs.policy.web)
    };
    match command {
        Ok(command) => {
            service.start_command = command;
            None
        }
        Err(reason) => {
            let wanted = service.clone();
            let today = start.services.iter().find(|one| one.name == service.name);
            if let Some(today) = today {
                let (offer, instances) = (service.offer.take(), service.instances);
                let variables = std::mem::take(&mut service.variables);
                *service = ServiceTarget { offer, instances, variables, ..today.clone() };
            }
            let workers = today.and_then(|today| today.workers).or(context.workers_today).unwrap_or(1);
            let threads = today.and_then(|today| today.threads).or(context.threads_today).unwrap_or(1);
            let differs = wanted.workers.is_some_and(|wanted| wanted != workers)
                || wanted.threads.is_some_and(|wanted| wanted != threads);
            differs.then(|| (Pinned { workers, threads }, left_alone(&wanted, &reason)))
        }
    }
}

/// The server keeps its settings, because palier cannot work others into the command.
fn left_alone(service: &ServiceTarget, reason: &str) -> Diagnostic {
    let workers = service.workers.map_or_else(String::new, |count| format!("{count} workers"));
    let class = service.worker_class.as_ref().map_or_else(String::new, |class| format!(" of class {class}"));
    let message = format!("the start command of `{}` is left as it is: {reason}", service.name);
    Diagnostic::warning("start-command-left-alone", message).help(format!("to change it by hand: {workers}{class}"))
}

/// Settings that the repository does not show are no difference: palier changes a server only where the command does.
fn adopt_settings(start: &mut Target, end: &Target) {
    for service in &mut start.services {
        let Some(then) = end.services.iter().find(|one| one.name == service.name) else { continue };
        if service.start_command == then.start_command {
            let (offer, instances) = (service.offer.take(), service.instances);
            *service = ServiceTarget { offer, instances, variables: Vec::new(), ..then.clone() };
        }
    }
}

/// Steps that cannot be undone and that the policy does not allow yet.
fn one_way_findings(inputs: &Inputs<'_>, steps: &[Step]) -> Vec<Diagnostic> {
    let allowed: Vec<&str> = inputs.policy.steps.allow_one_way.iter().map(|one| one.name()).collect();
    steps
        .iter()
        .filter_map(|step| Some((step, step.one_way.as_ref()?)))
        .filter_map(|(step, why)| {
            let (name, why) = why.split_once(": ")?;
            (!allowed.contains(&name)).then(|| {
                Diagnostic::warning("one-way-step", format!("step `{}` cannot be undone: {why}", step.id)).help(
                    format!(
                        "allow it with `allow_one_way = [\"{name}\"]` in [steps]; without it nothing applies this step"
                    ),
                )
            })
        })
        .collect()
}

fn plan(
    request: &Request<'_>,
    context: &Context<'_>,
    decision: Decision,
    steps: Vec<Step>,
    outcome: Outcome,
    findings: &[Diagnostic],
) -> Plan {
    let inputs = request.inputs;
    let application = context.application;
    let mut all: Vec<FindingOfPlan> = decision.blocked.iter().map(FindingOfPlan::from).collect();
    all.extend(findings.iter().map(FindingOfPlan::from));
    Plan {
        format_version: FORMAT_VERSION.to_owned(),
        kind: "plan".to_owned(),
        made_at: inputs.now,
        expires_at: expiry(&inputs),
        outcome,
        mode: decision.mode.name().to_owned(),
        stage: decision.stage.map(|stage| StageOfPlan {
            ladder: stage.ladder,
            name: stage.name,
            because: stage.because,
            checklist: stage.checklist,
            next: stage.next.as_ref().map(|(name, _)| name.clone()),
            next_when: stage.next.map(|(_, when)| when),
            claimed_monthly: stage.claimed_monthly,
        }),
        project: ProjectOfPlan {
            name: crate::decide::project_name(&context.inputs),
            framework: application
                .and_then(|found| found.framework.as_ref())
                .map(|found| found.value.name().to_owned()),
            server: application.and_then(|found| found.server.as_ref()).map(|found| found.value.name().to_owned()),
            web_service: context.current_web.as_ref().map(|web| web.name.clone()),
        },
        inputs: request.files.to_vec(),
        base: None,
        files: Vec::new(),
        flights: Vec::new(),
        observed: Vec::new(),
        environment: request.environment.to_owned(),
        current: decision.current,
        target: decision.target,
        cost: decision.cost,
        verdicts: decision.verdicts,
        rejected: decision.rejected,
        forecast: decision.forecast,
        findings: all,
        reasons: decision.reasons.into_iter().map(|(component, reason)| ReasonOfPlan { component, reason }).collect(),
        steps,
        unknown: decision.unknown.iter().map(|one| one.name.clone()).collect(),
        weakened: decision
            .unknown
            .into_iter()
            .map(|one| ReasonOfPlan { component: one.name, reason: one.weakens })
            .collect(),
    }
}

/// A plan expires with its evidence: when the usage is older than the policy allows, or a week after it was made.
fn expiry(inputs: &Inputs<'_>) -> jiff::Timestamp {
    #[allow(clippy::cast_possible_truncation)]
    let after = |from: jiff::Timestamp, days: f64| {
        from.checked_add(jiff::SignedDuration::from_secs((days * 86_400.0) as i64)).unwrap_or(from)
    };
    let week = after(inputs.now, 7.0);
    let usage = inputs.metrics.snapshot.taken_at.map(|taken| after(taken, inputs.policy.metrics_max_age.as_days()));
    usage.filter(|usage| *usage > inputs.now).map_or(week, |usage| usage.min(week))
}
