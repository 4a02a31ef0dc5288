//! `palier ci`: the files that it writes, judged by programs that read them.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod ci_support;
#[path = "support/command.rs"]
mod command;
#[path = "support/venv.rs"]
mod venv;

use std::process::Command;

use ci_support::{GITHUB, GITLAB, JOURNAL, ci, file, is_shell, judges};
use command::Project;
use serde_json::Value;

fn project(policy: &str) -> Project {
    Project::of(&[("palier.toml", policy)])
}

/// Every kind of file that palier writes.
fn variants() -> Vec<(&'static str, String)> {
    let api = format!("{JOURNAL}[delivery]\nmode = \"api\"\n");
    let staging = format!("{JOURNAL}[environment.staging]\n");
    let mut variants = Vec::new();
    for (service, path) in [("github", GITHUB), ("gitlab", GITLAB)] {
        for policy in ["", JOURNAL, &api] {
            variants.push((path, file(service, policy)));
        }
        let arguments = [service, "--stdout", "--env", "staging", "--branch", "release/2.x"];
        variants.push((path, ci(&project(&staging), &arguments).exits(0).stdout));
    }
    variants
}

#[test]
fn a_repository_gets_these_files() {
    for service in ["github", "gitlab"] {
        let version =
            |text: String| text.replace(concat!("--version ", env!("CARGO_PKG_VERSION")), "--version [VERSION]");
        let (with, without) = (version(file(service, JOURNAL)), version(file(service, "")));
        insta::assert_snapshot!(format!("{service}"), with);
        let difference = similar::TextDiff::from_lines(with.as_str(), without.as_str());
        let shown = difference.unified_diff().context_radius(2).header("journal", "no journal").to_string();
        insta::assert_snapshot!(format!("{service}_without_a_journal"), shown);
    }
}

#[test]
fn the_services_schemas_accept_the_files() {
    let Some(venv) = judges() else { return };
    for (path, text) in variants() {
        let project = Project::of(&[(path, &text)]);
        let schema = if path == GITHUB { "vendor.github-workflows" } else { "vendor.gitlab-ci" };
        let mut judge = Command::new(venv.program("check-jsonschema"));
        let output =
            judge.current_dir(project.path()).args(["--builtin-schema", schema, path]).output().expect("it runs");
        assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn an_auditor_finds_nothing_in_the_workflow() {
    let Some(venv) = judges() else { return };
    for (path, text) in variants().into_iter().filter(|(path, _)| *path == GITHUB) {
        let project = Project::of(&[(path, &text)]);
        let audit = || {
            let mut judge = Command::new(venv.program("zizmor"));
            judge.current_dir(project.path()).args(["--offline", "--no-progress", "--persona=auditor", path]);
            judge.output().expect("it runs")
        };
        let output = audit();
        assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stdout));
        // The judge does look: a tag instead of a commit is found.
        let (before, after) = text.split_once("actions/checkout@").expect("a checkout");
        project.write(path, format!("{before}actions/checkout@v7\n{}", after.split_once('\n').expect("a line").1));
        assert!(!audit().status.success(), "a tag is accepted");
    }
}

#[test]
fn a_shell_reads_every_script() {
    let project = Project::new();
    for (path, text) in variants() {
        let file: Value = serde_yaml::from_str(&text).expect("YAML");
        let jobs = if path == GITHUB { &file["jobs"] } else { &file };
        for (name, job) in jobs.as_object().expect("jobs") {
            let steps = job["steps"].as_array().into_iter().flatten().filter_map(|step| step["run"].as_str());
            let lines = job["script"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for script in steps.chain(lines) {
                assert!(is_shell(&project.path(), script), "{name}: {script}");
            }
        }
    }
}

#[test]
fn nothing_is_applied_without_a_place_for_the_journal() {
    for (service, path) in [("github", GITHUB), ("gitlab", GITLAB)] {
        let project = project("");
        let run = ci(&project, &[service]).exits(0);
        assert!(run.stderr.contains("[journal]"), "{}", run.stderr);
        let text = project.read(path);
        assert!(!text.contains("palier apply") && text.contains("palier verify"), "{text}");
        assert!(text.contains("url = \"s3://BUCKET/PREFIX\""), "{text}");
    }
}

#[test]
fn the_apply_gets_the_address_of_a_deploy_hook() {
    let hook = format!("{JOURNAL}[[command]]\nname = \"release\"\nhook = \"DEPLOY_HOOK\"\nundo = \"true\"\n");
    let text = file("github", &hook);
    assert_eq!(text.matches("DEPLOY_HOOK: ${{ secrets.DEPLOY_HOOK }}").count(), 1, "{text}");
    let odd = hook.replace("DEPLOY_HOOK", "A: b\\n");
    assert!(!ci(&Project::of(&[("palier.toml", &odd)]), &["github", "--stdout"]).stdout.contains("A: b"));
}

#[test]
fn a_second_run_changes_nothing_and_keeps_the_line_that_installs_palier() {
    for (service, path) in [("github", GITHUB), ("gitlab", GITLAB)] {
        let project = project("");
        assert!(ci(&project, &[service]).exits(0).stdout.contains(path));
        let written = project.read(path);
        assert_eq!(ci(&project, &[service]).exits(0).stdout, "nothing to change\n");
        assert_eq!(project.read(path), written);
        let command = palier::generate::ci::INSTALL;
        assert_eq!(written.matches(command).count(), 1, "one line is to adapt");
        project.write(path, written.replace(command, "./tools/install-palier"));
        project.write("palier.toml", JOURNAL);
        assert!(ci(&project, &[service]).exits(0).stdout.starts_with("changed"));
        let again = project.read(path);
        assert!(again.contains("./tools/install-palier") && !again.contains(command), "{again}");
        assert!(again.contains("palier apply"), "the rest is of the new policy");
    }
}

#[test]
fn a_file_that_palier_did_not_write_is_left_alone() {
    for (service, path) in [("github", GITHUB), ("gitlab", GITLAB)] {
        let project = project(JOURNAL);
        project.write(path, "# palier, by hand\nname: palier\n");
        let before = project.files();
        let run = ci(&project, &[service]).exits(1);
        assert!(run.stderr.contains("file-not-ours") && run.stderr.contains("--stdout"), "{}", run.stderr);
        ci(&project, &[service, "--stdout"]).exits(0);
        assert!(project.files() == before);
    }
}

#[test]
fn a_symlink_out_of_the_project_is_not_followed() {
    let (project, elsewhere) = (project(JOURNAL), Project::new());
    std::os::unix::fs::symlink(elsewhere.path(), project.path().join(".github")).expect("a symlink");
    ci(&project, &["github"]).exits(1);
    assert!(elsewhere.files().is_empty());
}

#[test]
fn a_name_that_would_break_the_workflow_is_refused() {
    let odd = format!("{JOURNAL}[environment.\"a b\"]\n");
    assert!(ci(&project(&odd), &["github", "--env", "a b"]).exits(1).stderr.contains("name-not-plain"));
    assert!(ci(&project(""), &["github", "--branch", "a'b"]).exits(1).stderr.contains("name-not-plain"));
}

#[test]
fn the_branch_is_the_one_that_the_remote_names() {
    let project = project(JOURNAL);
    assert!(ci(&project, &["github", "--stdout"]).stdout.contains("branches: [\"main\"]"));
    project.write(".git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/develop\n");
    let text = ci(&project, &["github", "--stdout"]).stdout;
    assert!(text.contains("branches: [\"develop\"]") && text.contains("github.ref_name == 'develop'"), "{text}");
    assert!(ci(&project, &["github", "--stdout", "--branch", "trunk"]).stdout.contains("branches: [\"trunk\"]"));
}

#[test]
fn a_folder_below_the_repository_is_warned_of() {
    let project = project(JOURNAL);
    std::fs::create_dir_all(project.path().join(".git")).expect("a folder");
    project.write("apps/web/palier.toml", JOURNAL);
    let run = ci(&project, &["github", "--root", "apps/web"]).exits(0);
    assert!(run.stderr.contains("--root apps/web"), "{}", run.stderr);
    assert!(!ci(&project, &["github"]).exits(0).stderr.contains("--root"));
    ci(&project, &["github", "--root", "nowhere"]).exits(1);
    assert!(!project.path().join("nowhere").exists());
}
