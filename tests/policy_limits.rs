//! What the policy forbids, what it overlooks for a while, and what it says for another environment.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use command::{Project, palier};
use serde_json::Value;

/// A project that has to leave the free plans.
fn with(policy: &str) -> Project {
    let project = Project::copy("fastapi-alembic", str::to_owned);
    project.write("palier.toml", format!("[project]\nname = \"grades\"\n[service_level]\np95 = \"800 ms\"\n{policy}"));
    project
}

fn finding<'a>(plan: &'a Value, id: &str) -> Option<&'a Value> {
    plan["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id)
}

#[test]
fn a_budget_that_is_too_small_forbids_the_plan_and_says_what_to_do() {
    for (budget, figure) in [("monthly = \"$10\"", "$10.00"), ("largest_increase = \"$5\"", "$5.00")] {
        let project = with(&format!("[budget]\n{budget}\n"));
        let before = project.files();
        let run = palier(&project).args(["plan"]).run().exits(4);
        assert!(run.stderr.contains("error[over-budget]") && run.stderr.contains(figure), "{}", run.stderr);
        assert!(run.stderr.contains("help: raise `budget."), "{}", run.stderr);
        assert!(run.stdout.contains("blocked"), "{}", run.stdout);
        let json = palier(&project).args(["plan", "--format", "json", "--detailed-exitcode"]).run().exits(4).json();
        assert_eq!(json["outcome"], "blocked");
        assert_eq!(json["steps"], Value::Array(Vec::new()), "steps of a plan that is forbidden");
        let generate = palier(&project).args(["generate"]).run().exits(4);
        assert!(generate.stderr.contains("over-budget"), "{}", generate.stderr);
        palier(&project).args(["generate", "--check"]).run().exits(4);
        assert!(project.files() == before);
    }
    palier(&with("[budget]\nmonthly = \"$1000\"\nlargest_increase = \"$1000\"\n")).args(["plan"]).run().exits(0);
}

#[test]
fn a_service_level_that_nothing_meets_is_told_with_the_nearest_offer() {
    let project = with("[web]\nmax_instances = 1\nforbid_offers = [\"0.5c-512mb\"]\nmemory_per_worker = \"900 GiB\"\n");
    let metrics = project.read("metrics.yaml").replace("171 MiB", "900 GiB").replace("240 MiB", "901 GiB");
    project.write("metrics.yaml", metrics);
    let run = palier(&project).args(["plan"]).run().exits(4);
    assert!(run.stderr.contains("nothing-fits") && run.stderr.contains("memory"), "{}", run.stderr);
    assert!(run.stderr.contains("help:"), "{}", run.stderr);
}

const WAIVER: &str = "[[waiver]]\nrule = \"free-database-expires\"\nreason = \"trial\"\nowner = \"ops\"\nexpires = ";

#[test]
fn a_waiver_holds_until_its_day_and_forbids_the_plan_afterwards() {
    let open = palier(&with("")).args(["plan", "--format", "json"]).run().exits(0).json();
    assert!(finding(&open, "free-database-expires").is_some());
    let waived = with(&format!("{WAIVER}2026-11-20\n"));
    let plan = palier(&waived).args(["plan", "--format", "json"]).run().exits(0).json();
    assert!(finding(&plan, "free-database-expires").is_none_or(|one| one["severity"] == "note"), "{plan:#}");
    let expired = with(&format!("{WAIVER}2026-11-19\n"));
    let run = palier(&expired).args(["plan"]).run().exits(4);
    assert!(run.stderr.contains("expired-waiver") && run.stderr.contains("palier.toml:"), "{}", run.stderr);
    assert!(run.stderr.contains("help:"), "{}", run.stderr);
}

#[test]
fn a_waiver_that_nothing_needs_is_told() {
    let project = with(&WAIVER.replace("free-database-expires", "no-such-finding"));
    project.write("palier.toml", format!("{}2027-01-01\n", project.read("palier.toml")));
    let plan = palier(&project).args(["plan", "--format", "json"]).run().exits(0).json();
    let unused = finding(&plan, "unused-waiver").unwrap_or_else(|| panic!("{:#}", plan["findings"]));
    assert_eq!(unused["severity"], "warning");
    assert_eq!(unused["path"], "palier.toml");
}

#[test]
fn a_step_that_cannot_be_undone_is_announced_until_the_policy_allows_it() {
    let plan = palier(&with("")).args(["plan", "--format", "json"]).run().exits(0).json();
    assert!(finding(&plan, "one-way-step").is_some(), "{:#}", plan["findings"]);
    let allowed = with("[steps]\nallow_one_way = [\"leave-free\"]\n");
    let plan = palier(&allowed).args(["plan", "--format", "json"]).run().exits(0).json();
    assert!(finding(&plan, "one-way-step").is_none());
    let one_way: Vec<&Value> =
        plan["steps"].as_array().unwrap().iter().filter(|step| !step["one_way"].is_null()).collect();
    assert!(!one_way.is_empty() && one_way.iter().all(|step| step["reversible"] == false));
}

#[test]
fn an_environment_has_its_own_lines_and_its_own_metrics() {
    let project = with("[budget]\nmonthly = \"$1000\"\n[environment.staging.budget]\nmonthly = \"$10\"\n");
    palier(&project).args(["plan"]).run().exits(0);
    // Without figures of its own, staging is not decided on production's.
    let alone = palier(&project).args(["plan", "--env", "staging", "--format", "json"]).run();
    assert!(!alone.stdout.contains("\"metrics.yaml\""), "{}", alone.all());
    project.write("metrics.staging.yaml", project.read("metrics.yaml"));
    let run = palier(&project).args(["plan", "--env", "staging", "--format", "json"]).run().exits(4);
    assert_eq!(run.json()["environment"], "staging");
    assert!(run.stderr.contains("$10.00"), "{}", run.stderr);
    let inputs: Vec<Value> = run.json()["inputs"].as_array().unwrap().clone();
    assert!(inputs.iter().any(|input| input["path"] == "metrics.staging.yaml"), "{inputs:#?}");
    assert!(inputs.iter().all(|input| input["path"] != "metrics.yaml"), "{inputs:#?}");
}

#[test]
fn an_environment_that_the_policy_does_not_have_is_an_error() {
    let project = with("[environment.staging.budget]\nmonthly = \"$10\"\n");
    let run = palier(&project).args(["plan", "--env", "stagin"]).run().exits(1);
    assert!(run.stderr.contains("stagin") && run.stderr.contains("staging"), "{}", run.stderr);
}

#[test]
fn figures_that_are_old_are_told() {
    let project = with("");
    let fresh = palier(&project).args(["plan", "--format", "json"]).run().exits(0).json();
    assert!(finding(&fresh, "old-metrics").is_none());
    let late = palier(&project).env("PALIER_NOW", "2027-06-01T00:00:00Z").args(["plan", "--format", "json"]).run();
    assert!(late.json()["findings"].to_string().contains("metrics"), "{:#}", late.json()["findings"]);
}
