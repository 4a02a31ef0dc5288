//! `palier apply` at the command line: who says yes, which steps, saved plans.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/applied.rs"]
mod applied;
#[path = "support/postgres.rs"]
mod postgres;

use applied::{Site, index, policy};
use postgres::{Server, server};

fn site(server: &'static Server) -> Site {
    let indexes =
        index("enrollments", "student_id\", \"course_id", "") + &index("grades", "student_id\", \"created_at desc", "");
    Site::new(server, &policy(&indexes))
}

/// The ids of a plan's steps.
fn steps(site: &Site) -> Vec<String> {
    let plan: serde_json::Value =
        serde_json::from_str(&site.run(&["plan", "--format", "json"]).exits(0).stdout).expect("a plan");
    let steps = plan["steps"].as_array().expect("steps");
    steps.iter().map(|step| step["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn without_a_terminal_and_without_a_yes_nothing_is_changed() {
    let Some(server) = server() else { return };
    let site = site(server);
    let before = site.state();
    let said = site.run(&["apply"]).exits(1).stderr;
    assert!(said.contains("nobody is here to say yes") && said.contains("--auto-approve"), "{said}");
    assert_eq!(site.state(), before);
    site.apply().exits(0);
    let applied = site.state();
    let said = site.run(&["rollback"]).exits(1).stderr;
    assert!(said.contains("nobody is here to say yes") && said.contains("--auto-approve"), "{said}");
    assert_eq!(site.state(), applied);
}

#[test]
fn a_step_that_cannot_be_undone_is_refused_until_the_policy_allows_it() {
    let Some(server) = server() else { return };
    let site = site(server);
    let allowed = site.read("palier.toml");
    let forbidden = allowed.replace("allow_one_way = [\"leave-free\"]", "allow_one_way = []");
    assert_ne!(forbidden, allowed);
    site.write("palier.toml", &forbidden);
    let before = site.state();
    let said = site.apply().exits(4).stderr;
    assert!(said.contains("cannot be undone") && said.contains("allow_one_way = [\"leave-free\"]"), "{said}");
    assert_eq!(site.state(), before);
    assert!(!site.events().contains(&"decided".to_owned()));
    site.write("palier.toml", &allowed);
    site.apply().exits(0);
}

#[test]
fn a_dry_run_says_what_each_step_would_do_and_changes_nothing() {
    let Some(server) = server() else { return };
    let site = site(server);
    let before = site.state();
    let said = site.run(&["apply", "--dry-run"]).exits(0).stdout;
    assert_eq!(said.lines().count(), steps(&site).len(), "{said}");
    assert!(said.lines().all(|line| line.contains(": would run; locks ")), "{said}");
    assert_eq!(site.state(), before);
    assert!(!site.path().join(".palier").exists());
}

#[test]
fn one_step_is_applied_with_what_it_needs_and_the_rest_later() {
    let Some(server) = server() else { return };
    let site = site(server);
    let start = site.state();
    let steps = steps(&site);
    let target = steps.iter().find(|id| id.contains("grades")).expect("a step");
    let said = site.run(&["apply", "--auto-approve", "--target", target]).exits(0).stdout;
    assert!(said.contains("applied in part"), "{said}");
    let (files, indexes) = site.state();
    assert!(indexes.contains("idx_grades") && !indexes.contains("idx_enrollments"), "{indexes}");
    assert_eq!(files["render.yaml"], start.0["render.yaml"]);
    let said = site.apply().exits(8).stderr;
    assert!(said.contains("--resume") && said.contains("palier rollback") && said.contains("--abandon"), "{said}");
    site.run(&["apply", "--resume"]).exits(0);
    let whole = site.state();
    assert!(whole.1.contains("idx_enrollments"));
    site.run(&["rollback", "--auto-approve"]).exits(0);
    assert_eq!(site.state(), start);

    // Up to the second step, and from there to the same.
    site.run(&["apply", "--auto-approve", "--until", &steps[1]]).exits(0);
    let (files, indexes) = site.state();
    assert_ne!(files["render.yaml"], start.0["render.yaml"]);
    assert_eq!((&files["requirements.txt"], &indexes), (&start.0["requirements.txt"], &start.1));
    site.run(&["apply", "--resume"]).exits(0);
    assert_eq!(site.state(), whole);
    // Taken back to that step, then whole.
    site.run(&["rollback", "--auto-approve", "--to", &steps[1]]).exits(0);
    assert_eq!(site.files(), files);
    site.run(&["rollback", "--auto-approve"]).exits(0);
    assert_eq!(site.state(), start);
}

#[test]
fn a_step_that_there_is_not_is_told_with_the_nearest() {
    let Some(server) = server() else { return };
    let site = site(server);
    let before = site.state();
    for option in ["--target", "--until"] {
        let said = site.run(&["apply", "--auto-approve", option, "students-api-plam"]).exits(1).stderr;
        assert!(said.contains("did you mean `students-api-plan`?"), "{said}");
    }
    assert_eq!(site.state(), before);
}

#[test]
fn a_saved_plan_is_refused_when_anything_that_it_rests_on_has_changed_and_says_what() {
    let Some(server) = server() else { return };
    let site = site(server);
    site.run(&["plan", "--out", "plan.json"]).exits(0);
    let before = site.state();
    for path in ["palier.toml", "metrics.yaml", "render.yaml", "requirements.txt"] {
        let text = site.read(path);
        site.write(path, &format!("{text}# a word\n"));
        let said = site.run(&["apply", "plan.json", "--auto-approve"]).exits(8).stderr;
        assert!(said.contains(&format!("`{path}` has changed since the plan was made")), "{said}");
        assert!(said.contains("its SHA-256 was") && said.contains("--refresh"), "{said}");
        assert_eq!(said.matches("error[").count(), 1, "nothing else is named: {said}");
        site.write(path, &text);
    }
    site.write("pyproject.toml", "[project]\nname = \"students\"\n");
    let said = site.run(&["apply", "plan.json", "--auto-approve"]).exits(8).stderr;
    assert!(said.contains("`pyproject.toml` is there now, and was not when the plan was made"), "{said}");
    std::fs::remove_file(site.path().join("pyproject.toml")).expect("removed");
    let plan = site.read("plan.json");
    let hash = |plan: &serde_json::Value| {
        let inputs = plan["inputs"].as_array().expect("inputs");
        let catalog = inputs.iter().find(|input| input["path"] == "(catalog)").expect("the catalog");
        catalog["sha256"].as_str().expect("a hash").to_owned()
    };
    let was = hash(&serde_json::from_str(&plan).expect("JSON"));
    site.write("plan.json", &plan.replace(&was, &"0".repeat(64)));
    let said = site.run(&["apply", "plan.json", "--auto-approve"]).exits(8).stderr;
    assert!(said.contains("another catalog of prices and limits"), "{said}");
    site.write("plan.json", &plan);
    assert_eq!(site.state(), before);
    assert!(!site.events().contains(&"decided".to_owned()));

    // With a new plan where the old one does not hold, and as it is where it does.
    let text = site.read("main.py");
    site.write("main.py", &format!("{text}# a word\n"));
    site.write("metrics.yaml", &(site.read("metrics.yaml") + "# a word\n"));
    let ran = site.run(&["apply", "plan.json", "--auto-approve", "--refresh"]).exits(0);
    assert!(ran.stderr.contains("does not hold any more"), "{}", ran.stderr);
    site.run(&["rollback", "--auto-approve"]).exits(0);
}

#[test]
fn a_saved_plan_is_applied_as_it_was_reviewed_and_not_after_its_time() {
    let Some(server) = server() else { return };
    let mut site = site(server);
    site.run(&["plan", "--out", "plan.json"]).exits(0);
    site.set("PALIER_NOW", "2026-12-20T08:00:00Z");
    let said = site.run(&["apply", "plan.json", "--auto-approve"]).exits(8).stderr;
    assert!(said.contains("the plan expired on 2026-1"), "{said}");
    site.set("PALIER_NOW", "2026-11-20T09:00:00Z");
    site.run(&["apply", "plan.json", "--auto-approve"]).exits(0);
    let ran = site.run(&["apply", "plan.json", "--auto-approve"]).exits(0);
    assert!(!ran.all().contains("would"), "{}", ran.all());
    site.run(&["rollback", "--auto-approve"]).exits(0);
}

#[test]
fn what_is_no_plan_is_refused() {
    let Some(server) = server() else { return };
    let site = site(server);
    let before = site.state();
    for text in ["", "{}", "[1, 2", "{\"kind\": \"fleet\", \"plans\": []}"] {
        site.write("plan.json", text);
        let said = site.run(&["apply", "plan.json", "--auto-approve"]).exits(1).stderr;
        assert!(said.contains("is not a plan that this palier has saved"), "{said}");
    }
    std::fs::remove_file(site.path().join("plan.json")).expect("it is there");
    let said = site.run(&["apply", "plan.json", "--auto-approve"]).exits(1).stderr;
    assert!(said.contains("plan.json"), "{said}");
    assert_eq!(site.state(), before);
}
