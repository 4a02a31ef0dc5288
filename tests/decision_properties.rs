//! What holds of every decision and of every plan, whatever was measured and whatever is wanted.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/planted.rs"]
#[allow(dead_code, reason = "every test file uses its own part")]
mod planted;

use figures::{Given, PROJECTS, given, usage, wishes};
use palier::catalog::Provider;
use palier::decide::{Context, Current, Decision, Target, Usage, curve, decide};
use palier::generate::Options;
use palier::plan::{Made, Request, make, strain};
use palier::units::Money;
use proptest::prelude::*;

/// How often each property is tried; more often by hand.
const CASES: u32 = 64;

fn decided(given: &Given) -> Decision {
    decide(&given.inputs()).expect("a decision")
}

fn made(given: &Given) -> Made {
    let request = Request {
        inputs: given.inputs(),
        environment: "production",
        files: &[],
        findings: &[],
        folder: given,
        options: Options::default(),
        step_files: false,
        lacking_indexes: &[],
    };
    make(&request).expect("a plan")
}

/// What the chosen offer of a component costs: the web service, the database and the Redis of the application.
fn chosen(decision: &Decision, component: &str) -> Option<Money> {
    let lines: Vec<_> =
        decision.cost.lines.iter().filter(|line| line.kind == component && line.offer != "removed").collect();
    match lines.as_slice() {
        [only] => only.monthly,
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    #[test]
    fn a_target_that_is_not_blocked_meets_every_constraint(
        project in prop::sample::select(PROJECTS.as_slice()), policy in wishes(), metrics in usage()
    ) {
        let given = given(project, &policy, &metrics);
        let decision = decided(&given);
        if decision.blocked.is_empty() {
            for verdict in &decision.verdicts {
                prop_assert!(verdict.fits, "{verdict:#?}");
                if let (Some(used), Some(limit)) = (verdict.used, verdict.limit) {
                    prop_assert!(used <= limit * (1.0 + 1e-9), "{verdict:#?}");
                }
            }
        }
    }

    #[test]
    fn a_rejected_offer_would_have_been_cheaper(
        project in prop::sample::select(PROJECTS.as_slice()), policy in wishes(), metrics in usage()
    ) {
        let given = given(project, &policy, &metrics);
        let decision = decided(&given);
        // Where nothing fits, every offer is rejected, whatever it costs.
        for rejected in decision.rejected.iter().filter(|_| decision.blocked.is_empty()) {
            if let (Some(price), Some(chosen)) = (rejected.monthly, chosen(&decision, &rejected.component)) {
                prop_assert!(price < chosen, "{rejected:#?}, but {chosen} was chosen");
            }
            prop_assert!(rejected.monthly.is_some() || rejected.constraint == "price", "{rejected:#?}");
        }
    }

    #[test]
    fn more_users_never_cost_less(
        project in prop::sample::select(PROJECTS.as_slice()), policy in wishes(), metrics in usage(),
        first in 1_u64..50_000, factor in 1.0_f64..4.0
    ) {
        let given = given(project, &policy, &metrics);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let second = (first as f64 * factor).ceil() as u64;
        let points = curve(&given.inputs(), &[first, second]).expect("a curve");
        match (points[0].monthly, points[1].monthly) {
            (Some(few), Some(many)) => prop_assert!(few <= many, "{points:#?}"),
            (None, Some(_)) => prop_assert!(false, "nothing fits {first} users, but {second} fit: {points:#?}"),
            (_, None) => {}
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_plan(
        project in prop::sample::select(PROJECTS.as_slice()), policy in wishes(), metrics in usage()
    ) {
        let plan = || serde_json::to_string(&made(&given(project, &policy, &metrics)).plan).expect("JSON");
        prop_assert_eq!(plan(), plan());
    }

    #[test]
    fn every_prefix_of_every_flight_is_safe_in_any_order(
        project in prop::sample::select(PROJECTS.as_slice()), policy in wishes(), metrics in usage()
    ) {
        let given = given(project, &policy, &metrics);
        let inputs = given.inputs();
        let made = made(&given);
        let target = decided(&given).target;
        let current = Current::of(&inputs);
        let measured = Usage::of(&inputs);
        let context = Context::new(inputs, &current, &measured, measured.clone());
        let base = strain(&context, &made.start);
        let mut state = made.start.clone();
        for flight in &made.flights {
            let count = flight.changes.len();
            prop_assert!(count > 0 && count <= 8, "{count} changes in a flight");
            for subset in 0..1_usize << count {
                let mut tried = state.clone();
                for (index, change) in flight.changes.iter().enumerate() {
                    if subset & (1 << index) != 0 {
                        change.apply(&mut tried, &flight.after);
                    }
                }
                let tried = strain(&context, &tried);
                let worse = tried.worse_than(&base);
                prop_assert!(worse.is_empty() || !flight.unsafe_for.is_empty(), "{worse:?} in {:#?}", flight.changes);
            }
            state = flight.after.clone();
        }
        // A Redis that moves to another provider is not planned yet: see redis_moves.rs.
        let today = current.redis.first().map(|one| one.provider);
        prop_assume!(today.is_none() || target.redis.iter().all(|one| Some(one.provider) == today));
        prop_assert_eq!(offers(&state), if made.flights.is_empty() { offers(&made.start) } else { offers(&target) });
    }

    #[test]
    fn the_steps_add_up_to_the_difference_in_cost(
        project in prop::sample::select(PROJECTS.as_slice()), policy in wishes(), metrics in usage()
    ) {
        let made = made(&given(project, &policy, &metrics));
        let deltas: Option<Vec<f64>> =
            made.plan.steps.iter().map(|step| step.cost_delta.as_ref()?.parse().ok()).collect();
        if let (Some(deltas), true, true) = (deltas, made.plan.cost.complete, made.blocked.is_empty()) {
            let difference = made.plan.cost.target_monthly.unwrap().as_f64() - made.plan.cost.current_monthly.unwrap().as_f64();
            let sum: f64 = deltas.iter().sum();
            prop_assert!((sum - difference).abs() < 0.005, "{sum} of {difference}: {:#?}", made.plan.steps);
        }
    }
}

fn offers(target: &Target) -> Vec<String> {
    let services = target.services.iter().map(|one| format!("{} {:?} x {}", one.name, one.offer, one.instances));
    let databases = target.databases.iter().map(|one| format!("{} {:?}", one.name, one.offer));
    // An instance elsewhere, of which nobody says the plan, is left as it is.
    let redis = target.redis.iter().filter(|one| one.provider == Provider::Render);
    let redis = redis.map(|one| format!("{} {:?}", one.name, one.offer));
    services.chain(databases).chain(redis).collect()
}
