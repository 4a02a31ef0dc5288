use super::cost::cost;
use super::current::Current;
use super::decision::Decision;
use super::forecast::Forecast;
use super::target::Target;
use super::{Context, Inputs, Usage};
use crate::diagnostic::Diagnostic;
use crate::policy::{Decide, DeliveryMode};

/// Whether there is nothing to decide: no blueprint, no figure of usage, no word on how to decide, and steps that need
/// none of it. A project with only a database's address and some indexes has its plan all the same.
pub(super) fn applies(inputs: &Inputs<'_>, usage: &Usage) -> bool {
    let knows_usage = usage.is_measured() || usage.active_users.is_some() || usage.concurrent_users.is_some();
    let has_steps = !inputs.policy.index.is_empty() || inputs.policy.delivery.mode == DeliveryMode::Local;
    inputs.policy.mode.decide.is_none() && inputs.project.blueprint.is_none() && !knows_usage && has_steps
}

/// What runs is what should run.
pub(super) fn decide_nothing(inputs: &Inputs<'_>) -> Decision {
    let usage = Usage::of(inputs);
    let current = Current::of(inputs);
    let context = Context::new(*inputs, &current, &usage, usage.clone());
    let target = Target::default();
    let cost = cost(&context, &current, &target);
    let finding = Diagnostic::note(
        "nothing-decided",
        "no plan of a provider is decided: nothing says what runs or how it is used",
    )
    .help("a render.yaml, or figures in metrics.yaml, and palier decides on plans and workers as well");
    Decision {
        mode: Decide::Measured,
        stage: None,
        current,
        target,
        verdicts: Vec::new(),
        rejected: Vec::new(),
        cost,
        forecast: Forecast::default(),
        findings: vec![finding],
        unknown: Vec::new(),
        reasons: Vec::new(),
        blocked: Vec::new(),
    }
}
