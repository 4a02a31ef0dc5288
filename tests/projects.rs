//! Whole projects, from the files of a user to the files that palier writes.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;
#[path = "support/planted.rs"]
mod planted;
#[path = "support/plan_digest.rs"]
mod plan_digest;

use std::collections::BTreeMap;

use command::{Project, palier};
use plan_digest::digest;
use planted::{assert_none_shown, plant, unplant};
use serde_json::Value;

/// No plan of these projects has more flights.
const MOST_FLIGHTS: usize = 6;

#[test]
fn django_with_a_key_value_cache() {
    walk("django-key-value");
}

#[test]
fn django_with_upstash() {
    walk("django-upstash");
}

#[test]
fn django_of_which_nothing_is_measured() {
    walk("django-nothing-measured");
}

#[test]
fn fastapi_with_alembic() {
    walk("fastapi-alembic");
}

#[test]
fn fastapi_with_upstash_a_worker_and_a_settings_file() {
    walk("fastapi-upstash-file");
}

#[test]
fn the_first_stage_of_the_ladder() {
    walk("ladder-start");
}

#[test]
fn the_second_stage_of_the_ladder_with_the_guides_index_script() {
    walk("ladder-growth");
}

#[test]
fn the_third_stage_of_the_ladder() {
    walk("ladder-expansion");
}

#[test]
fn the_fourth_stage_of_the_ladder() {
    walk("ladder-performance");
}

#[test]
fn a_project_without_a_blueprint_gets_one() {
    walk("new-blueprint");
}

#[test]
fn a_blueprint_without_a_start_command_is_not_written() {
    let project = Project::copy("new-blueprint", plant);
    project.write("palier.toml", project.read("palier.toml").replace("entry_point = \"main:app\"", ""));
    // The code makes its application inside a function: nothing names it from outside.
    project.write("main.py", project.read("main.py").replace("app = FastAPI", "def make():\n    return FastAPI"));
    let run = palier(&project).args(["generate"]).run().exits(0);
    assert!(run.stdout.contains("no-new-blueprint"), "{}", run.all());
    assert!(!project.files().contains_key("render.yaml"));
}

#[test]
fn a_blueprint_with_windows_line_ends_and_comments() {
    walk("crlf-and-comments");
}

#[test]
fn a_project_that_pays_for_too_much() {
    walk("too-large-today");
}

#[test]
fn a_broken_blueprint_is_told_and_left_alone() {
    let project = Project::copy("broken-blueprint", plant);
    let before = project.files();
    for arguments in [&["plan"][..], &["generate"], &["generate", "--check"], &["plan", "--format", "json"]] {
        let run = palier(&project).args(arguments).run().exits(1);
        assert_eq!(run.stdout, "");
        assert_none_shown(&run.stderr);
        assert!(run.stderr.contains("render.yaml:"), "{}", run.stderr);
        assert!(run.stderr.contains("help"), "{}", run.stderr);
    }
    assert!(project.files() == before);
    insta::assert_snapshot!("broken-blueprint", palier(&project).args(["plan"]).run().stderr);
}

/// Plans, generates flight by flight, and holds palier to what it promises on the way.
fn walk(name: &str) {
    let project = Project::copy(name, plant);
    assert_inputs_meet_their_schemas(&project);
    let plan = plan(&project);
    insta::assert_snapshot!(format!("{name}-plan"), digest(&plan));
    let mut shown = String::new();
    for flight in 1..=MOST_FLIGHTS {
        let before = project.files();
        let arguments: &[&str] = if flight == 1 { &["generate"] } else { &["generate", "--next"] };
        let check = palier(&project).args(arguments).args(["--check"]).run();
        assert_none_shown(&check.all());
        assert!(project.files() == before, "--check changed a file");
        let run = palier(&project).args(arguments).run().exits(0);
        assert_none_shown(&run.all());
        let after = project.files();
        let changed = changed(&before, &after);
        assert_eq!(check.code, if changed.is_empty() { 0 } else { 2 }, "{}", check.all());
        assert_stays(&project);
        if changed.is_empty() {
            break;
        }
        assert!(flight < MOST_FLIGHTS, "no end of flights");
        shown.push_str(&format!("##### flight {flight}\n{}{}", run.stdout, run.stderr));
        shown.push_str(&files_shown(&before, &changed));
        assert_well_formed(&changed);
    }
    insta::assert_snapshot!(format!("{name}-files"), unplant(&shown));
    assert_the_files_hold_the_target(&project, &plan);
}

/// The plan, after a look at its schema, its determinism and its discretion.
fn plan(project: &Project) -> Value {
    let run = palier(project).args(["plan", "--format", "json"]).run().exits(0);
    assert_eq!(run, palier(project).args(["plan", "--format", "json"]).run(), "the same inputs, another plan");
    assert_none_shown(&run.all());
    assert_valid(project, "plan", &run.json());
    for format in ["text", "markdown", "github", "sarif", "gitlab", "junit"] {
        assert_none_shown(&palier(project).args(["plan", "--format", format]).run().exits(0).all());
    }
    run.json()
}

/// A second run finds nothing to do, and `--check` agrees.
fn assert_stays(project: &Project) {
    let before = project.files();
    palier(project).args(["generate"]).run().exits(0);
    assert!(project.files() == before, "generate changed something when run again");
    palier(project).args(["generate", "--check"]).run().exits(0);
}

/// When every flight is written, the repository is what was planned: nothing is left but indexes to build.
fn assert_the_files_hold_the_target(project: &Project, first: &Value) {
    let last = palier(project).args(["plan", "--format", "json"]).run().exits(0).json();
    let offers = |plan: &Value| {
        let target = &plan["target"];
        ["services", "databases", "redis"].map(|kind| {
            let rows = target[kind].as_array().expect("a list");
            rows.iter().map(|row| format!("{} {}", row["name"], row["offer"])).collect::<Vec<_>>()
        })
    };
    assert_eq!(offers(&last), offers(first), "the target moved when its files were written");
    let left: Vec<&Value> = last["steps"].as_array().expect("steps").iter().collect();
    assert!(left.iter().all(|step| step["kind"] != "file"), "{left:#?}");
}

fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
    for path in before.keys() {
        assert!(after.contains_key(path), "{path} is gone");
    }
    after
        .iter()
        .filter(|(path, bytes)| before.get(*path) != Some(bytes) && !path.starts_with(".palier/"))
        .map(|(path, bytes)| (path.clone(), String::from_utf8(bytes.clone()).expect("text")))
        .collect()
}

/// New files whole; edited files whole with the lines that changed marked.
fn files_shown(before: &BTreeMap<String, Vec<u8>>, changed: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for (path, text) in changed {
        let old = before.get(path).map(|bytes| String::from_utf8(bytes.clone()).expect("text"));
        let state = if old.is_some() { "edited" } else { "new" };
        out.push_str(&format!("\n===== {path} ({state})\n"));
        let old = old.unwrap_or_default();
        if old.is_empty() {
            assert_none_shown(text);
            out.push_str(text);
            continue;
        }
        let difference = similar::TextDiff::from_lines(old.as_str(), text.as_str());
        for change in difference.iter_all_changes() {
            if change.tag() == similar::ChangeTag::Insert {
                assert_none_shown(change.value());
            }
            out.push_str(&format!("{}{}", change.tag(), change.value()));
        }
    }
    out.replace('\r', "␍")
}

fn assert_well_formed(changed: &BTreeMap<String, String>) {
    for (path, text) in changed {
        if path.ends_with(".yaml") || path.ends_with(".yml") {
            let parsed: Result<serde_yaml::Value, _> = serde_yaml::from_str(text);
            assert!(parsed.is_ok(), "{path}: {parsed:?}\n{text}");
        }
        if path.ends_with(".json") {
            let parsed: Result<Value, _> = serde_json::from_str(text);
            assert!(parsed.is_ok(), "{path}: {parsed:?}");
        }
    }
}

fn assert_inputs_meet_their_schemas(project: &Project) {
    let files = project.files();
    if files.contains_key("palier.toml") {
        let policy: toml::Value = toml::from_str(&project.read("palier.toml")).expect("TOML");
        assert_valid(project, "policy", &serde_json::to_value(policy).expect("JSON"));
    }
    if files.contains_key("metrics.yaml") {
        let metrics: Value = serde_yaml::from_str(&project.read("metrics.yaml")).expect("YAML");
        assert_valid(project, "metrics", &metrics);
    }
}

fn assert_valid(project: &Project, schema: &str, value: &Value) {
    let schema = palier(project).args(["schema", schema]).run().exits(0).json();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
