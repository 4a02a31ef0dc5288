//! What the files of `palier ci` run, run: on a pull request and on its merge.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod ci_support;
#[path = "support/command.rs"]
mod command;
#[path = "support/venv.rs"]
mod venv;

use ci_support::{JOURNAL, Server, file, judges, run_on_github, script, step};
use command::{Project, Run};
use serde_json::json;

#[test]
fn a_pull_request_keeps_one_comment() {
    let Some(venv) = judges() else { return };
    let script = step(&file("github", JOURNAL), "comment", "Comment on the pull request");
    let comment = |id: u64, login: &str, body: &str| json!({"id": id, "user": {"login": login}, "body": body});
    let mark = "**page**: nothing to change <!-- palier-plan -->";
    let others = [comment(1, "ann", mark), comment(2, "github-actions[bot]", "tests failed")];
    let ours = comment(3, "github-actions[bot]", mark);
    for (comments, call) in [
        (json!(others), "POST repos/o/r/issues/7/comments body of the pull request"),
        (json!([others[0], others[1], ours]), "PATCH repos/o/r/issues/comments/3 body of the pull request"),
    ] {
        let project = Project::new();
        let variables = [("NUMBER", "7"), ("HEAD_SHA", "abc"), ("GITHUB_RUN_ID", "5")];
        let answers = json!({"repos/o/r/issues/7/comments": comments});
        run_on_github(&venv, &project, &script, &variables, &answers, 0).exits(0);
        assert_eq!(project.read("calls"), format!("download 5 palier-plan-abc\n{call}\n"));
    }
}

#[test]
fn a_merge_finds_the_plan_of_its_pull_request_and_no_other() {
    let Some(venv) = judges() else { return };
    let script = step(&file("github", JOURNAL), "apply", "Find the plan");
    let pull = |merge: &str| json!({"merged_at": "2026-11-20", "merge_commit_sha": merge, "head": {"sha": "abc"}});
    let run = |id: u64, from: u64| json!({"id": id, "head_repository": {"id": from}, "repository": {"id": 1}});
    let gone = json!({"id": 9, "head_repository": null, "repository": {"id": 1}});
    for (pulls, runs, code, calls) in [
        (json!([pull("fff")]), json!([run(4, 2), gone.clone(), run(5, 1)]), 0, "download 5 palier-plan-abc\n"),
        (json!([]), json!([]), 0, ""),
        (json!([pull("eee")]), json!([run(5, 1)]), 0, ""),
        (json!([pull("fff")]), json!([run(4, 2), gone]), 1, ""),
        (json!([pull("fff")]), json!([]), 1, ""),
    ] {
        let project = Project::of(&[("calls", "")]);
        let query = "event=pull_request&status=success&head_sha=abc";
        let answers = json!({
            "repos/o/r/commits/fff/pulls": pulls,
            format!("repos/o/r/actions/workflows/palier.yml/runs?{query}"): {"workflow_runs": runs},
        });
        run_on_github(&venv, &project, &script, &[("GITHUB_SHA", "fff")], &answers, 0).exits(code);
        assert_eq!(project.read("calls"), calls);
    }
}

#[test]
fn a_wait_that_ran_out_is_resumed_by_hand() {
    let Some(venv) = judges() else { return };
    let script = step(&file("github", JOURNAL), "apply", "Apply");
    let apply = |event: &str, has_plan: bool, code: i32| {
        let project = Project::of(&[("calls", "")]);
        if has_plan {
            project.write("temp/plan/plan.json", "{}");
        }
        let run =
            run_on_github(&venv, &project, &script, &[("GITHUB_EVENT_NAME", event)], &json!({}), code).exits(code);
        (run.stdout, project.read("calls").replace(&*project.path().to_string_lossy(), ""))
    };
    let applied = "palier apply /temp/plan/plan.json --auto-approve\n";
    assert_eq!(apply("push", true, 0), (String::new(), applied.to_owned()));
    assert_eq!(apply("push", false, 0), (String::new(), String::new()));
    let (told, _) = apply("push", true, 3);
    assert!(told.starts_with("::warning ") && told.contains("by hand"), "{told}");
    assert_eq!(apply("push", true, 6), (String::new(), applied.to_owned()));
    assert_eq!(apply("workflow_dispatch", false, 0).1, "palier apply --resume --auto-approve\n");
}

/// Runs the script of a job as a runner of GitLab does.
fn run_on_gitlab(project: &Project, job: &str, server: &Server) -> Run {
    project.write("script", script(&file("gitlab", JOURNAL), job));
    command::shell(project, "exec bash -eo pipefail script")
        .env("CI_API_V4_URL", &server.address)
        .env("CI_PROJECT_ID", "1")
        .env("CI_MERGE_REQUEST_IID", "7")
        .env("CI_COMMIT_SHA", "fff")
        .env("PALIER_GITLAB_TOKEN", "secret")
        .run()
}

#[test]
fn a_merge_request_keeps_one_comment() {
    let notes = "/projects/1/merge_requests/7/notes";
    let first = "/projects/1/merge_requests/7/notes?per_page=100&page=1";
    let second = "/projects/1/merge_requests/7/notes?per_page=100&page=2";
    let note = |id: u64, author: u64| json!({"id": id, "author": {"id": author}, "body": "x <!-- palier-plan --> y"});
    for (page, last) in
        [(json!([note(1, 8)]), format!("POST {notes}")), (json!([note(1, 8), note(2, 9)]), format!("PUT {notes}/2"))]
    {
        let server = Server::with(vec![
            ("/user", json!({"id": 9}).to_string()),
            (first, page.to_string()),
            (second, "[]".to_owned()),
            (notes, "{}".to_owned()),
            ("/projects/1/merge_requests/7/notes/2", "{}".to_owned()),
        ]);
        let project = Project::of(&[("comment.md", "a plan with \"quotes\"\n")]);
        run_on_gitlab(&project, "palier-comment", &server).exits(0);
        let requests = server.requests();
        let body = json!({"body": "a plan with \"quotes\"\n"}).to_string().replace("\":\"", "\": \"");
        assert_eq!(requests.last(), Some(&format!("{last} {body}")), "{requests:#?}");
    }
}

#[test]
fn a_merge_on_gitlab_finds_the_plan_of_its_merge_request_and_no_other() {
    let merged = |source: u64, squash: &str| {
        json!([{"state": "merged", "iid": 7, "source_project_id": source, "target_project_id": 1,
                "merge_commit_sha": null, "squash_commit_sha": squash, "sha": "abc"}])
    };
    let job = |status: &str| json!([{"id": 3, "name": "palier-plan", "status": status}]);
    for (requests, jobs, code, plan) in [
        (merged(1, "fff"), job("success"), 0, Some("{}")),
        (merged(1, "eee"), job("success"), 0, None),
        (json!([]), job("success"), 0, None),
        (merged(2, "fff"), job("success"), 1, None),
        (merged(1, "fff"), job("failed"), 1, None),
    ] {
        let pipelines = json!([{"id": 4, "ref": "feature"}, {"id": 5, "ref": "refs/merge-requests/7/head"}]);
        let server = Server::with(vec![
            ("/projects/1/repository/commits/fff/merge_requests", requests.to_string()),
            ("/projects/1/merge_requests/7/pipelines", pipelines.to_string()),
            ("/projects/1/pipelines/5/jobs?per_page=100", jobs.to_string()),
            ("/projects/1/jobs/3/artifacts/plan.json", "{}".to_owned()),
        ]);
        let project = Project::new();
        let run = run_on_gitlab(&project, "palier-find", &server).exits(code);
        assert!(!run.stderr.contains("Traceback"), "{}", run.stderr);
        let found = project.files().get("plan.json").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(found.as_deref(), plan);
    }
}
