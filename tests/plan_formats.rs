//! A plan in the forms that a CI service reads, judged by programs that read them.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;
#[path = "support/npm.rs"]
mod npm;
#[path = "support/venv.rs"]
mod venv;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use command::{Project, Run, palier, shell};
use palier::plan::Plan;
use palier::report;
use proptest::prelude::*;
use serde_json::{Value, json};
use venv::Venv;

/// Text that would break out of every form, when it could.
const HOSTILE: &str = "a,b:c %0A\r\n::error::x | ` </details> <b> \"&]]> @ops #1 [x](y) {0} \u{1}\u{fffe}\u{2028}é";

/// A project over its budget: a plan with findings of every severity that a service may show.
fn over_budget() -> Project {
    let project = Project::copy("too-large-today", str::to_owned);
    let policy = project.read("palier.toml");
    project.write("palier.toml", format!("{policy}\n[budget]\nmonthly = \"$20\"\n"));
    project
}

fn plan_of(project: &Project, format: &str) -> Run {
    palier(project).args(["plan", "--format", format]).run()
}

/// The plan of a real project, with as many findings of each severity.
fn plan_with(findings: usize, text: &str) -> Plan {
    let mut plan = plan_of(&over_budget(), "json").json();
    let finding = |severity: &str, number: usize| {
        json!({"id": "hostile", "severity": severity, "path": text, "line": number, "message": text, "why": text,
               "help": text, "source": text})
    };
    let severities = ["error", "warning", "note"];
    plan["findings"] = (0..findings).flat_map(|number| severities.map(|severity| finding(severity, number))).collect();
    serde_json::from_value(plan).expect("a plan")
}

/// How often each of these rows stands in a plan.
fn repeated(plan: &mut Value, list: &str, times: usize) {
    let rows = plan.pointer(list).and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(place) = plan.pointer_mut(list) {
        *place = (0..times).flat_map(|_| rows.clone()).collect();
    }
}

#[test]
fn every_format_has_the_exit_code_of_the_text() {
    let project = over_budget();
    let settled = Project::copy("fastapi-alembic", str::to_owned);
    for format in ["text", "json", "markdown", "github", "sarif", "gitlab", "junit"] {
        plan_of(&project, format).exits(4);
        plan_of(&settled, format).exits(0);
        palier(&settled).args(["plan", "--detailed-exitcode", "--format", format]).run().exits(2);
    }
}

#[test]
fn the_comment_begins_with_the_verdict_and_the_money() {
    let run = plan_of(&Project::copy("too-large-today", str::to_owned), "markdown").exits(0);
    let first = run.stdout.lines().next().expect("a line");
    assert_eq!(
        first,
        format!("**archive**: the monthly cost falls by $343.00 (-71 %) to $137.00 {}", report::COMMENT_MARKER)
    );
}

#[test]
fn a_pull_request_is_told_what_changes_and_why() {
    let project = Project::copy("fastapi-alembic", str::to_owned);
    insta::assert_snapshot!("comment", plan_of(&project, "markdown").exits(0).stdout);
    insta::assert_snapshot!("annotations", plan_of(&over_budget(), "github").exits(4).stdout);
    insta::assert_snapshot!("test_cases", plan_of(&over_budget(), "junit").exits(4).stdout);
}

#[test]
fn a_long_comment_says_how_much_it_leaves_out() {
    let plan = plan_with(400, "a finding of some length that somebody has to read");
    let comment = report::markdown(&plan);
    let kept = comment.lines().filter(|line| line.starts_with("- **")).count();
    assert!(kept > 50, "only {kept} findings are kept");
    let left = format!("Left out for length: {} of 1200 findings. `palier plan` shows them.", 1200 - kept);
    assert_eq!(comment.lines().last(), Some(left.as_str()));
    let length = comment.chars().count();
    assert!(length > report::COMMENT_LIMIT * 9 / 10, "{length} characters: there was room for more");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_makes_a_comment_that_is_refused(
        text in prop_oneof![Just(HOSTILE.to_owned()), Just("&@|<`".repeat(5_000)), "\\PC{0,2000}"],
        findings in 0..300_usize,
        times in 0..200_usize,
    ) {
        let mut plan = serde_json::to_value(plan_with(findings, &text)).expect("JSON");
        plan["project"]["name"] = json!(text);
        for list in ["/cost/lines", "/steps", "/verdicts", "/rejected"] {
            repeated(&mut plan, list, times);
        }
        for step in plan["steps"].as_array_mut().expect("steps") {
            step["title"] = json!(text);
        }
        let comment = report::markdown(&serde_json::from_value(plan).expect("a plan"));
        prop_assert!(comment.chars().count() <= report::COMMENT_LIMIT);
        prop_assert!(comment.lines().next().is_some_and(|line| line.ends_with(report::COMMENT_MARKER)));
        let opened = comment.lines().filter(|line| line.starts_with("<details>")).count();
        prop_assert_eq!(opened, comment.lines().filter(|line| *line == "</details>").count());
        prop_assert!(comment.contains("| together |"));
    }
}

#[test]
fn github_shows_a_finding_at_its_line_and_counts_those_that_it_would_drop() {
    let written = report::github(&plan_with(40, HOSTILE));
    for (kind, most) in [("error", 10), ("warning", 10), ("notice", 10)] {
        let shown = written.lines().filter(|line| line.starts_with(&format!("::{kind} "))).count();
        assert_eq!(shown, most, "{kind}: {written}");
    }
    assert_eq!(written.lines().count(), 30, "every command is one line");
    let last = written.lines().last().expect("a line");
    assert!(
        last.ends_with(
            "::not shown here: 30 of 40 errors, 30 of 40 warnings, 32 of 40 notes; `palier plan` shows them"
        )
    );
    let few = report::github(&plan_with(1, "render.yaml"));
    assert!(few.contains("\n::warning file=render.yaml,line=1,title=palier hostile::render.yaml%0Awhy: "), "{few}");
    assert!(!few.contains("not shown"), "{few}");
}

#[test]
fn a_finding_without_a_file_is_annotated_without_one() {
    let run = plan_of(&Project::copy("too-large-today", str::to_owned), "github").exits(0);
    assert!(run.stdout.contains("\n::warning title=palier old-offer::"), "{}", run.stdout);
    assert!(
        run.stdout.starts_with("::notice title=palier plan of archive::the monthly cost falls by $343.00 (-71 %25)")
    );
}

#[test]
fn the_comment_is_appended_to_the_job_summary() {
    let project = Project::copy("too-large-today", str::to_owned);
    project.write("summary.md", "before\n");
    let github =
        |summary: &str| palier(&project).env("GITHUB_STEP_SUMMARY", summary).args(["plan", "--format", "github"]).run();
    github("summary.md").exits(0);
    let comment = plan_of(&project, "markdown").stdout;
    assert_eq!(project.read("summary.md"), format!("before\n{comment}"));
    github("").exits(0);
    let lost = github("no/such/folder").exits(1);
    assert!(lost.stderr.contains("GITHUB_STEP_SUMMARY"), "{}", lost.stderr);
    palier(&project).env("GITHUB_STEP_SUMMARY", "other.md").args(["plan"]).run().exits(0);
    assert!(!project.files().contains_key("other.md"), "only the format for GitHub writes a summary");
}

#[test]
fn files_are_named_from_the_folder_in_which_ci_runs() {
    let project = over_budget();
    let run = shell(&project, "cd .. && \"$PALIER\" plan --root ./project --format gitlab").run().exits(4);
    let absolute = shell(&project, "cd .. && \"$PALIER\" plan --root \"$PWD/project\" --format gitlab").run().exits(4);
    assert_eq!(absolute.stdout, run.stdout);
    let issues = run.json();
    let paths: Vec<&str> =
        issues.as_array().expect("a list").iter().filter_map(|one| one["location"]["path"].as_str()).collect();
    assert!(!paths.is_empty() && paths.iter().all(|path| path.starts_with("project/")), "{paths:?}");
}

#[test]
fn sarif_is_what_its_schema_and_github_ask_for() {
    let Some(folder) = npm::package("@microsoft/sarif-multitool-linux", "5.7.0") else { return };
    let package = folder.join("node_modules/@microsoft/sarif-multitool-linux");
    let schema = std::fs::read_to_string(package.join("sarif-2.1.0.json")).expect("the schema");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    let wrong = "{\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {}}}]}";
    for (name, text, is_right) in [
        ("real", plan_of(&over_budget(), "sarif").exits(4).stdout, true),
        ("hostile", report::sarif(&plan_with(2, HOSTILE)), true),
        ("empty", report::sarif(&plan_with(0, "")), true),
        ("wrong", wrong.to_owned(), false),
    ] {
        let log: Value = serde_json::from_str(&text).expect("JSON");
        let broken: Vec<String> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
        assert_eq!(broken.is_empty(), is_right, "{name}: {broken:#?}");
        if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            let told = validated(&package.join("Sarif.Multitool"), &text);
            assert_eq!(told.is_empty(), is_right, "{name}: {told:#?}");
        }
    }
}

/// What the validator of SARIF's makers says against a log, by the rules of the format and those of GitHub.
fn validated(program: &Path, log: &str) -> Vec<String> {
    // npm unpacks it as a plain file.
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    let project = Project::of(&[("plan.sarif", log)]);
    let mut validator = Command::new(program);
    // Without ICU's tables on the machine the program only runs so.
    validator.env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1").current_dir(project.path());
    let output = validator.args(["validate", "plan.sarif", "--rule-kind", "Sarif;Ghas"]).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("Analysis completed successfully"), "{told}");
    let problems = told.lines().filter(|line| line.contains(": error ") || line.contains(": warning "));
    // palier has no address that a rule could name.
    problems.filter(|line| !line.contains("'informationUri'")).map(str::to_owned).collect()
}

#[test]
fn a_finding_keeps_its_fingerprint_from_day_to_day() {
    let project = over_budget();
    let prints = |format: &str, now: &str, pointer: &str| {
        let run = palier(&project).env("PALIER_NOW", now).args(["plan", "--format", format]).run();
        let report = run.json();
        let rows = if format == "sarif" { report["runs"][0]["results"].clone() } else { report };
        let rows = rows.as_array().expect("a list").clone();
        rows.iter().map(|row| row.pointer(pointer).expect("a fingerprint").clone()).collect::<Vec<_>>()
    };
    for (format, pointer) in [("sarif", "/partialFingerprints/palierFinding~1v1"), ("gitlab", "/fingerprint")] {
        let today = prints(format, "2026-11-20T08:00:00Z", pointer);
        assert!(!today.is_empty());
        assert_eq!(today, prints(format, "2026-11-21T09:00:00Z", pointer), "{format}");
    }
}

#[test]
fn gitlab_gets_what_its_code_quality_reads() {
    let report: Value = serde_json::from_str(&report::gitlab(&plan_with(2, HOSTILE))).expect("JSON");
    let issues = report.as_array().expect("a list");
    let mut prints: Vec<&str> = issues.iter().filter_map(|issue| issue["fingerprint"].as_str()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), 6, "no two findings share a fingerprint");
    for issue in issues {
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().expect("text")));
        assert!(issue["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0));
        assert!(["description", "check_name"].iter().all(|name| issue[name].is_string()), "{issue}");
        assert!(issue["location"]["path"].is_string());
    }
}

#[test]
fn junit_is_what_its_parser_reads() {
    let Some(venv) = Venv::with("junitparser", &["junitparser==5.0.3"]) else { return };
    let project = over_budget();
    project.write("real.xml", plan_of(&project, "junit").exits(4).stdout);
    project.write("hostile.xml", report::junit(&plan_with(2, HOSTILE)));
    let read = "import sys, junitparser\n\
                for name in ('real.xml', 'hostile.xml'):\n    \
                    xml = junitparser.JUnitXml.fromfile(name)\n    \
                    cases = [case for suite in xml for case in suite]\n    \
                    failed = [case for case in cases if any(isinstance(one, junitparser.Failure) for one in case.result)]\n    \
                    assert xml.tests == len(cases) and xml.failures == len(failed), name\n    \
                    print(name, [(case.classname, case.name) for case in failed])\n";
    let told = venv.python(&project.path(), &[], read).expect("junitparser reads it");
    let (real, hostile) = told.split_once('\n').expect("two lines");
    assert!(real.contains("'palier.finding', 'over-budget"), "{real}");
    assert_eq!(hostile.matches("'palier.finding', 'hostile").count(), 2, "{hostile}");
}
