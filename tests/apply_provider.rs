//! A step that changes a resource, at a provider that fails, hangs, lies and answers late.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/pretend.rs"]
mod pretend;
#[path = "support/steps.rs"]
mod steps;

use std::path::Path;
use std::sync::Arc;

use palier::apply::steps::{Expected, Readiness, Trouble, code_of};
use palier::verify::Status;
use pretend::{Mood, Pretend, Sleepless, step};
use steps::Surroundings;

fn around(pretend: &Pretend) -> Surroundings {
    let mut surroundings = Surroundings::new(Path::new("."), &[]);
    surroundings.around.clock = Arc::new(Sleepless::default());
    surroundings.providers = pretend.boxed();
    surroundings
}

fn run(surroundings: &Surroundings) -> Result<(), Trouble> {
    code_of(&step(0)).run(&step(0), &surroundings.context())
}

fn undo(surroundings: &Surroundings) -> Result<(), Trouble> {
    code_of(&step(0)).undo(&step(0), &surroundings.context())
}

fn check(surroundings: &Surroundings) -> Result<Readiness, Trouble> {
    code_of(&step(0)).check(&step(0), &surroundings.context())
}

fn holds(surroundings: &Surroundings, expected: Expected) -> bool {
    let seen = code_of(&step(0)).verify(&step(0), &surroundings.context(), expected).expect("it can be looked at");
    !seen.is_empty() && seen.iter().all(|one| one.status == Status::Holds)
}

/// Message, reason and help of a failure.
fn said(trouble: Result<(), Trouble>) -> String {
    match trouble.expect_err("a failure") {
        Trouble::Failed(problem) | Trouble::Stale(problem) => {
            format!("{}\n{}\n{}", problem.message, problem.why, problem.help)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_resource_is_changed_changed_back_and_changed_again() {
    for mood in [
        Mood::Obeys,
        Mood::Lies(1),
        Mood::Lies(2),
        Mood::LosesAnswer,
        Mood::LosesRequest,
        Mood::Late(0),
        Mood::Late(300),
        Mood::SeenLate(4),
        Mood::Stammers,
    ] {
        let pretend = Pretend::of(1).with("r0", mood);
        let surroundings = around(&pretend);
        assert_eq!(check(&surroundings), Ok(Readiness::Ready), "{mood:?}");
        assert_eq!(run(&surroundings), Ok(()), "{mood:?}");
        assert!(holds(&surroundings, Expected::Done) && !holds(&surroundings, Expected::Undone), "{mood:?}");
        assert_eq!(check(&surroundings), Ok(Readiness::Done), "{mood:?}");
        assert_eq!(undo(&surroundings), Ok(()), "{mood:?}");
        assert!(holds(&surroundings, Expected::Undone), "{mood:?}");
        // What is undone, or done, can be repeated.
        assert_eq!(undo(&surroundings), Ok(()), "{mood:?}");
        assert_eq!(run(&surroundings), Ok(()), "{mood:?}");
        assert_eq!(run(&surroundings), Ok(()), "{mood:?}");
        assert!(holds(&surroundings, Expected::Done), "{mood:?}");
        let taken: Vec<String> = pretend.world().taken.iter().map(|(_, value, _)| value.clone()).collect();
        assert_eq!(taken, ["large", "small", "large"], "{mood:?}: nothing is changed twice");
    }
}

#[test]
fn a_change_whose_answer_is_lost_or_late_is_not_asked_for_again() {
    for mood in [Mood::LosesAnswer, Mood::Late(100), Mood::SeenLate(4)] {
        let pretend = Pretend::of(1).with("r0", mood);
        assert_eq!(run(&around(&pretend)), Ok(()), "{mood:?}");
        assert_eq!(pretend.world().asked, 1, "{mood:?}");
    }
}

#[test]
fn who_says_yes_and_does_nothing_is_asked_again_and_then_found_out() {
    let pretend = Pretend::of(1).with("r0", Mood::Lies(99));
    let said = said(run(&around(&pretend)));
    assert!(said.contains("pretend says that `plan` of `r0` was changed, and it is not"), "{said}");
    assert!(said.contains("it was asked for 3 times") && said.contains("the provider's own page"), "{said}");
    // The guard of the first question would keep the second one waiting.
    let asked = pretend.world().asked;
    assert_eq!((asked, pretend.value("r0").as_str()), (3, "small"));
}

#[test]
fn a_change_that_is_refused_or_fails_is_told_in_the_providers_words() {
    let pretend = Pretend::of(1).with("r0", Mood::Refuses);
    let refused = said(run(&around(&pretend)));
    assert!(refused.contains("`r0` cannot be changed to `large`") && refused.contains("ask the provider"), "{refused}");
    assert_eq!(pretend.world().asked, 1, "a refusal is not argued with");
    let failed = said(run(&around(&Pretend::of(1).with("r0", Mood::Fails))));
    assert!(failed.contains("could not change `plan` of `r0`: no capacity in this region"), "{failed}");
}

#[test]
fn a_change_that_never_ends_is_waited_for_and_then_left_to_a_later_run() {
    let pretend = Pretend::of(1).with("r0", Mood::Hangs);
    let surroundings = around(&pretend);
    let Err(Trouble::Waiting { missing, .. }) = run(&surroundings) else { panic!("it waits") };
    assert_eq!(missing, ["`plan` of `r0` is `large`"]);
    assert!(surroundings.around.clock.elapsed().as_secs() >= 7200);
    // The later run finds it under way, and does not ask for it twice.
    pretend.world().moods.insert("r0".to_owned(), Mood::Obeys);
    let asked = pretend.world().asked;
    assert!(asked <= 2, "{asked}");
}

#[test]
fn what_is_still_on_its_way_is_waited_for_before_it_is_taken_back() {
    let pretend = Pretend::of(1).with("r0", Mood::Late(5));
    let surroundings = around(&pretend);
    surroundings.interrupt.raise();
    // Interrupted in the middle: the provider goes on with it.
    assert_eq!(run(&surroundings), Err(Trouble::Interrupted { clean: false }));
    assert_eq!(pretend.value("r0"), "small");
    let later = around(&pretend);
    assert_eq!(undo(&later), Ok(()));
    assert!(holds(&later, Expected::Undone));
    let taken: Vec<String> = pretend.world().taken.iter().map(|(_, value, _)| value.clone()).collect();
    assert_eq!(taken, ["large", "small"], "it has arrived before it was taken back");
}

#[test]
fn what_somebody_else_has_changed_is_left_alone() {
    let pretend = Pretend::of(1);
    pretend.set("r0", "huge");
    let surroundings = around(&pretend);
    let Err(Trouble::Stale(problem)) = check(&surroundings) else { panic!("it is stale") };
    assert!(problem.message.contains("is `huge`, where the plan assumed `small`"), "{}", problem.message);
    // Between the check and the run, and between the run and the undo.
    for trouble in [run(&surroundings), undo(&surroundings)] {
        let said = said(trouble);
        assert!(said.contains("`plan` of `r0` is `huge`") && said.contains("by hand"), "{said}");
    }
    assert_eq!((pretend.value("r0").as_str(), pretend.world().asked), ("huge", 0));
}

#[test]
fn without_the_providers_key_a_step_says_which_one_is_missing() {
    let mut surroundings = around(&Pretend::of(1));
    surroundings.providers.clear();
    let said = said(run(&surroundings));
    assert!(said.contains("needs the interface of pretend") && said.contains("mode = \"push\""), "{said}");
}
