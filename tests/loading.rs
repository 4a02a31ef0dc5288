//! What is read from where, and which problems of it are told: policy, usage, blueprint, the rest of the repository.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use command::{Project, Run, palier};

const METRICS: &str = "users: {active: 100}\nrequests: {per_second: {mean: 1, peak: 3}, latency: {p95: 200 ms}}\n";
const BLUEPRINT: &str = "services:\n  - type: web\n    name: shop\n    runtime: python\n    plan: starter\n    \
                         startCommand: gunicorn shop:app\ndatabases:\n  - name: shop-db\n    plan: basic-256mb\n";

fn project(files: &[(&str, &str)]) -> Project {
    let project = Project::of(&[
        ("metrics.yaml", METRICS),
        ("render.yaml", BLUEPRINT),
        ("requirements.txt", "flask\ngunicorn\n"),
        ("shop.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ]);
    for (path, text) in files {
        project.write(path, text);
    }
    project
}

fn says(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.stderr.contains(word), "`{word}` is missing in:\n{}", run.stderr);
    }
}

#[test]
fn a_misspelt_key_of_an_environment_is_told_at_its_line() {
    let project = project(&[("palier.toml", "[environment.staging.budget]\nmonthli = \"$5\"\n")]);
    let run = palier(&project).args(["plan"]).run().exits(1);
    says(&run, &["--> palier.toml:2:1", "did you mean `monthly`?"]);
}

#[cfg(unix)]
#[test]
fn policy_and_usage_are_no_symlinks_out_of_the_project() {
    for name in ["palier.toml", "metrics.yaml", "metrics.json"] {
        let project = project(&[]);
        std::fs::remove_file(project.path().join("metrics.yaml")).unwrap();
        let secret = project.path().join("../home/secret");
        std::fs::write(&secret, "hunter2 = hunter2\n").unwrap();
        std::os::unix::fs::symlink(&secret, project.path().join(name)).unwrap();
        let run = palier(&project).args(["plan"]).run().exits(1);
        says(&run, &["error[symlink-outside]", name, "replace the symlink"]);
        assert!(!run.all().contains("hunter2"), "{}", run.all());
    }
}

#[cfg(unix)]
#[test]
fn a_symlink_inside_the_project_and_a_path_on_the_command_line_are_followed() {
    let project = project(&[("config/usage.yaml", METRICS)]);
    let plain = palier(&project).args(["plan"]).run().exits(0);
    std::fs::remove_file(project.path().join("metrics.yaml")).unwrap();
    std::os::unix::fs::symlink("config/usage.yaml", project.path().join("metrics.yaml")).unwrap();
    assert_eq!(palier(&project).args(["plan"]).run().exits(0).stdout, plain.stdout);
    let outside = project.path().join("../home/usage.yaml");
    std::fs::write(&outside, METRICS).unwrap();
    palier(&project).args(["plan", "--metrics", outside.to_str().unwrap()]).run().exits(0);
}

#[test]
fn usage_may_be_toml_or_json_where_the_policy_names_none() {
    let toml = "[users]\nactive = 100\n[requests]\nper_second = {mean = 1, peak = 3}\nlatency = {p95 = \"200 ms\"}\n";
    let project = project(&[("metrics.toml", toml)]);
    let both = palier(&project).args(["plan"]).run().exits(1);
    says(&both, &["error[several-usage-files]", "`metrics.yaml`", "`metrics.toml`"]);
    project.write("palier.toml", "[files]\nmetrics = \"metrics.yaml\"\n");
    palier(&project).args(["plan"]).run().exits(0);
    std::fs::remove_file(project.path().join("palier.toml")).unwrap();
    std::fs::remove_file(project.path().join("metrics.yaml")).unwrap();
    let run = palier(&project).args(["plan", "--format", "json"]).run().exits(0);
    assert!(run.stdout.contains("metrics.toml"), "{}", run.stdout);
    project.write("palier.toml", "[environment.staging]\n");
    project.write("metrics.staging.json", "{\"users\": {\"active\": \"many\"}}");
    let run = palier(&project).args(["plan", "--env", "staging"]).run().exits(1);
    says(&run, &["--> metrics.staging.json:1"]);
}

#[test]
fn names_that_nothing_has_are_told_together_at_their_lines() {
    let policy =
        "[project]\nregion = \"frankfrut\"\nweb = \"shpo\"\ndatabase = \"shop-bd\"\n\n[mode]\nladder = \"grwoth\"\n";
    let run = palier(&project(&[("palier.toml", policy)])).args(["plan"]).run().exits(1);
    says(
        &run,
        &[
            "error[unknown-region]",
            "--> palier.toml:2:10",
            "did you mean `frankfurt`?",
            "error[unknown-service]",
            "--> palier.toml:3:7",
            "did you mean `shop`?",
            "error[unknown-database]",
            "--> palier.toml:4:12",
            "did you mean `shop-db`?",
            "error[unknown-ladder]",
            "--> palier.toml:7:10",
            "did you mean `growth`?",
        ],
    );
    let policy = "[environment.staging.project]\nweb = \"shpo\"\n[project]\nweb = \"shop\"\n";
    let run = palier(&project(&[("palier.toml", policy)])).args(["plan", "--env", "staging"]).run().exits(1);
    says(&run, &["--> palier.toml:2:7"]);
    let policy = "[project]\nregion = \"eu-west-3\"\n[platform]\napp = \"ecs\"\n";
    let run = palier(&project(&[("palier.toml", policy)])).args(["plan"]).run();
    assert!(!run.all().contains("unknown-region"), "{}", run.all());
}

#[test]
fn source_that_cannot_be_read_is_a_warning_and_a_blueprint_that_cannot_is_an_error() {
    let project = project(&[]);
    project.write("shop.py", [0xff, 0xfe, b'a', 0]);
    project.write("Procfile", [0xff, 0xfe, b'a', 0]);
    let run = palier(&project).args(["plan", "--format", "json"]).run().exits(0);
    assert!(!run.stdout.contains("\"severity\": \"error\""), "{}", run.stdout);
    assert!(run.stdout.contains("\"id\": \"not-a-text-file\""), "{}", run.stdout);
    project.write("palier.toml", "[files]\nblueprint = \"./render.yaml\"\n");
    project.write("render.yaml", "services: web\n");
    let run = palier(&project).args(["plan"]).run().exits(1);
    says(&run, &["error[not-a-blueprint]", "--> render.yaml:1:"]);
}

#[test]
fn percentages_and_misspelt_units_are_explained() {
    for (text, hint) in [
        ("cpu = 70\n", Some("0.7")),
        ("cpu = 33.33333\n", Some("0.3333")),
        ("cpu = 1.5\n", None),
        ("cpu = \"70%\"\n", Some("0.7")),
        ("memory = \"80 %\"\n", Some("0.8")),
        ("memory = \"most\"\n", None),
    ] {
        let policy = format!("[headroom]\n{text}");
        let run = palier(&project(&[("palier.toml", &policy)])).args(["plan"]).run().exits(1);
        let found = run.stderr.split("a share is written between 0 and 1: ").nth(1);
        assert_eq!(found.and_then(|rest| rest.split_whitespace().next()), hint, "{}", run.stderr);
    }
    for (text, hint) in [
        ("[growth]\nhorizon = \"30 dayz\"\n", "did you mean `days`?"),
        ("[service_level]\np95 = \"500 MS\"\n", "did you mean `ms`?"),
        ("[web]\nmemory_per_worker = \"171 MiBs\"\n", "did you mean `MiB`?"),
    ] {
        let run = palier(&project(&[("palier.toml", text)])).args(["plan"]).run().exits(1);
        says(&run, &[hint]);
    }
}

#[test]
fn values_that_cannot_be_are_told_beside_unknown_keys() {
    let policy = "[web]\nworkerz = 2\nmin_instances = 9\n\n[[index]]\ntable = \"t\"\ncolumns = []\n\n[files]\nmigrations = \"../up\"\n";
    let run = palier(&project(&[("palier.toml", policy)])).args(["plan"]).run().exits(1);
    says(&run, &["did you mean `workers`?", "index-without-columns", "path-outside"]);
    // The key that nobody knows may have been the other half of it.
    assert!(!run.stderr.contains("web.max_instances"), "{}", run.stderr);
}

#[test]
fn only_usage_is_told_of_a_history() {
    for (file, text, hint) in [("render.yaml", BLUEPRINT, false), ("metrics.yaml", METRICS, true)] {
        let project = project(&[]);
        project.write(file, format!("{text}---\n{text}"));
        let run = palier(&project).args(["plan"]).run().exits(1);
        says(&run, &["error[several-documents]", "keep one document"]);
        assert_eq!(run.stderr.contains("history:"), hint, "{}", run.stderr);
    }
}
