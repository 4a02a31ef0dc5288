//! What people get wrong, and what must not happen then.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use command::{Project, palier};

const POLICY: &str = "[delivery]\nmode = \"local\"\n[[index]]\ntable = \"a\"\ncolumns = [\"b\"]\n";

fn project() -> Project {
    Project::of(&[("palier.toml", POLICY)])
}

#[test]
fn without_the_databases_address_nothing_is_written_for_steps_that_need_it() {
    let project = project();
    let run = palier(&project).args(["apply", "--auto-approve"]).run().exits(1);
    assert!(
        run.stderr.contains("DATABASE_URL is not set") && run.stderr.contains("nothing was changed"),
        "{}",
        run.stderr
    );
    assert!(!project.files().keys().any(|path| path.starts_with("migrations/")), "{:?}", project.files().keys());
}

#[test]
fn a_step_is_named_by_its_id_or_its_number_and_a_wrong_name_is_refused_wherever_it_stands() {
    let project = project();
    for arguments in [["--confirm", "nosuch"], ["--until", "nosuch"], ["--target", "9"]] {
        let run = palier(&project).args(["apply", "--auto-approve"]).args(arguments).run().exits(1);
        assert!(run.stderr.contains("there is no step"), "{arguments:?}: {}", run.stderr);
    }
    let dry = palier(&project).args(["apply", "--dry-run", "--until", "1"]).run();
    assert!(dry.stdout.contains("[write-index-migrations]: would run"), "{}", dry.stdout);
    let run = palier(&project).args(["apply", "--auto-approve", "--until", "1"]).run().exits(0);
    assert!(run.stdout.contains("applied in part"), "{}", run.stdout);
    let plan = palier(&project).args(["plan"]).run().exits(0);
    assert!(plan.stderr.contains("unfinished-run") && plan.stderr.contains("--resume"), "{}", plan.stderr);
}

#[test]
fn a_damaged_record_of_what_was_written_is_refused_and_not_taken_for_a_live_flight() {
    let project = project();
    palier(&project).args(["generate"]).run().exits(0);
    project.write(".palier/flight.json", "broken");
    for command in ["apply", "plan", "generate"] {
        let run = palier(&project).args([command]).run().exits(1);
        assert!(run.stderr.contains("damaged-record") && run.stderr.contains("flight.json"), "{}", run.stderr);
    }
    assert_eq!(project.read(".palier/flight.json"), "broken");
}

#[test]
fn a_way_of_delivery_that_is_not_there_yet_is_refused() {
    let project = Project::of(&[("palier.toml", &POLICY.replace("local", "api"))]);
    let run = palier(&project).args(["apply", "--auto-approve"]).run().exits(4);
    assert!(run.stderr.contains("cannot be applied yet"), "{}", run.stderr);
}

#[test]
fn a_password_with_a_bare_hash_is_told_without_a_part_of_it() {
    let project = project();
    for (variable, address) in [
        ("DATABASE_URL", "postgresql://app:SEK@RIT7#x@127.0.0.1:5432/app"),
        ("DATABASE_URL", "postgresql:app:SEKRIT7@127.0.0.1/app"),
        ("REDIS_URL", "redis://app:SEK@RIT7#x@127.0.0.1:6379"),
        ("PALIER_WEB_URL", "http://app:SEK@RIT7#x@127.0.0.1:8000"),
    ] {
        let run = palier(&project).env(variable, address).args(["verify"]).run().exits(3);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("bad-address"), "{variable}: {said}");
        assert!(!said.contains("RIT7") && !said.contains("SEK"), "{variable}: {said}");
    }
}
