//! The command line itself: help, mistakes, colours, formats, widths.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use command::{Project, Run, palier, shell};
use textwrap::core::display_width;

const COMMANDS: [&str; 14] = [
    "plan",
    "generate",
    "apply",
    "rollback",
    "history",
    "verify",
    "ci",
    "cost",
    "catalog",
    "demo",
    "schema",
    "completions",
    "man",
    "help",
];

fn project() -> Project {
    Project::copy("fastapi-alembic", str::to_owned)
}

fn run(arguments: &[&str]) -> Run {
    palier(&Project::new()).args(arguments).run()
}

/// No line is wider than a terminal, unless a single word is.
fn fits_a_terminal(text: &str) {
    for line in text.lines() {
        let words = line.split_whitespace().count();
        assert!(display_width(line) <= 80 || words <= 1, "{} columns: {line}", display_width(line));
    }
}

#[test]
fn help_lists_every_command_and_the_exit_codes() {
    let help = run(&["--help"]).exits(0);
    for name in COMMANDS {
        assert!(
            help.stdout.contains(&format!("\n  {name} ")) || help.stdout.contains(&format!("\n  {name}\n")),
            "{name}"
        );
        let one = run(&["help", name]).exits(0);
        assert!(one.stdout.contains("Usage:"), "{}", one.stdout);
    }
    assert_eq!(run(&["help"]).exits(0).stderr, "");
    insta::assert_snapshot!(run(&["help", "exit-codes"]).exits(0).stdout, @"
      0  done, or nothing to change
      1  an error, bad input or usage
      2  a plan holds changes (`plan --detailed-exitcode`, `generate --check`)
      3  a probe failed or a wait ran out; nothing was undone
      4  the policy forbids it (budget, one-way step, old waiver), or nothing fits
      5  another run holds the lock
      6  a step failed and was rolled back
      7  the rollback failed too; a person must look
      8  the world differs from what was assumed (stale plan, drift)
      9  findings of severity error
    130  interrupted; can be resumed
    ");
}

#[test]
fn a_mistake_on_the_command_line_is_exit_1_with_a_suggestion() {
    for (arguments, suggestion) in [
        (&["plann"][..], "'plan'"),
        (&["plan", "--detailed-exit-code"], "'--detailed-exitcode'"),
        (&["plan", "--format", "jsno"], "'json'"),
        (&["--colour", "never", "plan"], "'--color'"),
        (&["schema", "polcy"], "'policy'"),
        (&["help", "exit-code"], "`exit-codes`"),
        (&["help", "generat"], "`generate`"),
        (&["catalog", "stadnard"], "`standard`"),
    ] {
        let run = run(arguments).exits(1);
        assert!(run.stderr.contains(suggestion), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
    run(&[]).exits(1);
    run(&["schema"]).exits(1);
}

#[test]
fn the_version_is_told() {
    assert_eq!(run(&["--version"]).exits(0).stdout, format!("palier {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn colours_come_when_asked_for_and_never_otherwise() {
    let project = project();
    let plain = palier(&project).args(["plan"]).run().exits(0);
    assert!(!plain.stdout.contains('\u{1b}'), "colours into a pipe");
    let always = palier(&project).args(["plan", "--color", "always"]).run().exits(0);
    assert!(always.stdout.contains('\u{1b}'));
    for (name, value, arguments) in [
        ("NO_COLOR", "1", &["plan"][..]),
        ("NO_COLOR", "1", &["plan", "--color", "auto"]),
        ("TERM", "dumb", &["plan"]),
        ("CLICOLOR_FORCE", "1", &["plan", "--color", "never"]),
    ] {
        let run = palier(&project).env(name, value).args(arguments).run().exits(0);
        assert_eq!(run.stdout, plain.stdout, "{name} {arguments:?}");
    }
    let json = palier(&project).args(["plan", "--color", "always", "--format", "json"]).run().exits(0);
    assert!(!json.stdout.contains('\u{1b}'), "colours in JSON");
}

#[test]
fn what_is_printed_fits_a_terminal() {
    for name in [
        "django-key-value",
        "django-upstash",
        "fastapi-alembic",
        "fastapi-upstash-file",
        "ladder-growth",
        "ladder-performance",
        "new-blueprint",
        "too-large-today",
    ] {
        let project = Project::copy(name, str::to_owned);
        for arguments in [&["plan"][..], &["cost"]] {
            let run = palier(&project).args(arguments).run().exits(0);
            fits_a_terminal(&run.stdout);
        }
    }
    fits_a_terminal(&run(&["catalog", "0.5c-512mb"]).exits(0).stdout);
    fits_a_terminal(&run(&["help", "exit-codes"]).exits(0).stdout);
    fits_a_terminal(&run(&["catalog"]).exits(0).stdout);
}

#[test]
fn a_saved_plan_is_the_one_that_is_shown() {
    let project = project();
    let shown = palier(&project).args(["plan", "--format", "json"]).run().exits(0);
    let saved = palier(&project).args(["plan", "--out", "made/plan.json"]).run().exits(0);
    assert!(saved.stderr.contains("made/plan.json"), "{}", saved.stderr);
    assert_eq!(project.read("made/plan.json"), shown.stdout);
    let quiet = palier(&project).args(["plan", "-q", "--out", "plan.json"]).run().exits(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_detailed_exit_code_says_whether_the_plan_holds_changes() {
    let project = project();
    palier(&project).args(["plan"]).run().exits(0);
    palier(&project).args(["plan", "--detailed-exitcode"]).run().exits(2);
    let settled = settled();
    palier(&settled).args(["plan", "--detailed-exitcode"]).run().exits(0);
    assert!(palier(&settled).args(["plan"]).run().stdout.contains("nothing to change"));
}

/// A project that stands on its target.
fn settled() -> Project {
    Project::of(&[
        ("palier.toml", "[project]\nname = \"page\"\n"),
        (
            "metrics.yaml",
            "users: {active: 50}\nrequests: {per_second: {mean: 0.1, peak: 1}, latency: {p50: 50 ms, p95: 90 ms}}\nweb: {instances: 1, workers: 1, cpu: {mean: 0.05, peak: 0.2}, memory_per_worker: {start: 90 MiB, peak: 300 MiB}}\n",
        ),
        (
            "render.yaml",
            "services:\n  - type: web\n    name: page\n    runtime: python\n    plan: starter\n    startCommand: gunicorn page:app\n",
        ),
        ("requirements.txt", "flask\ngunicorn\n"),
        ("page.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ])
}

#[test]
fn a_project_elsewhere_is_planned_as_from_inside() {
    let project = project();
    let inside = palier(&project).args(["plan", "--format", "json"]).run().exits(0);
    let above = shell(&project, "cd .. && \"$PALIER\" plan --format json --root project").run().exits(0);
    assert_eq!(inside.stdout, above.stdout);
}

#[test]
fn the_chart_is_well_formed_and_shows_the_price_of_today() {
    for name in ["fastapi-alembic", "ladder-growth"] {
        let project = Project::copy(name, str::to_owned);
        let policy = project.read("palier.toml");
        project.write("palier.toml", policy.replacen("name = \"", "name = \"<b>&\\\" ", 1));
        palier(&project).args(["cost", "--chart", "cost.svg"]).run().exits(0);
        let script = "python3 -c 'import sys, xml.dom.minidom as dom; \
                      root = dom.parse(sys.argv[1]).documentElement; print(root.tagName)' cost.svg";
        assert_eq!(shell(&project, script).run().exits(0).stdout, "svg\n");
    }
}

#[test]
fn the_cost_is_told_for_the_users_that_are_asked_about() {
    let project = project();
    let run = palier(&project).args(["cost", "--users", "5000,100,812,100", "--format", "json"]).run().exits(0);
    let users: Vec<u64> =
        run.json()["points"].as_array().unwrap().iter().map(|point| point["users"].as_u64().unwrap()).collect();
    assert_eq!(users, [100, 812, 5000]);
    let prices: Vec<f64> = run.json()["points"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|point| point["monthly"].as_str()?.parse().ok())
        .collect();
    assert!(prices.is_sorted(), "more users cost less: {prices:?}");
    palier(&project).args(["cost", "--users", "many"]).run().exits(1);
}

#[test]
fn the_catalog_knows_an_offer_by_all_of_its_names() {
    let standard = run(&["catalog", "standard", "--format", "json"]).exits(0).json();
    let offer = &standard["offers"][0];
    assert_eq!(offer["id"], "1c-2g");
    assert_eq!(run(&["catalog", "render/1c-2g", "--format", "json"]).json()["offers"][0], *offer);
    let unknown = run(&["catalog", "enormous-9000"]).exits(1);
    assert!(unknown.stderr.contains("palier catalog"), "{}", unknown.stderr);
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let man = run(&["man"]).exits(0).stdout;
    for name in COMMANDS {
        assert!(man.contains(name), "{name}");
    }
    for (name, check) in [("bash", "bash -n script"), ("zsh", "true"), ("fish", "true")] {
        let project = Project::new();
        let script = palier(&project).args(["completions", name]).run().exits(0).stdout;
        for command in COMMANDS {
            assert!(script.contains(command), "{name}: {command}");
        }
        project.write("script", script);
        shell(&project, check).run().exits(0);
    }
    run(&["completions", "tcsh"]).exits(1);
}

#[test]
fn every_schema_is_one() {
    for name in ["policy", "metrics", "plan"] {
        let schema = run(&["schema", name]).exits(0).json();
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        assert!(schema["title"].is_string() && schema["properties"].is_object(), "{name}");
    }
}

#[test]
fn an_empty_folder_gets_no_files() {
    let project = Project::new();
    let run = palier(&project).args(["generate"]).run();
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert!(!project.files().contains_key("render.yaml"), "{}", run.all());
}
