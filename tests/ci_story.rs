//! The whole way in CI, on real servers: the job of a pull request, the merge, the deploy, and the job of the merge.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

#[path = "support/postgres.rs"]
mod postgres;
#[allow(dead_code, reason = "a support file")]
#[path = "support/redis.rs"]
mod redis;
#[path = "support/s3.rs"]
mod s3;
mod story_support;
#[path = "support/time.rs"]
mod time;
#[path = "support/venv.rs"]
mod venv;

use story_support::{POLICY, Story, TWO_FLIGHTS};

const INDEX: &str = "idx_grades_student_id_created_at_7e0bb086";

/// The developer's part of a pull request: the files that palier writes, on a branch.
fn open_pull_request(story: &Story, branch: &str) {
    story.git(&story.work(), &["fetch", "--quiet", "origin"]);
    story.palier(&story.work(), &["generate", "--base", "origin/main"]).exits(0);
    story.push_branch(branch);
}

#[test]
fn a_merge_is_applied_as_it_was_planned_once_its_deploy_is_live_and_what_fails_after_that_is_taken_back() {
    let Some(mut story) = Story::begin(&[]) else { return };
    open_pull_request(&story, "workers");
    let (_, job) = story.plan("workers");
    let job = job.exits(0);
    assert!(!job.stdout.contains("not-as-generated"), "{}", job.stdout);
    story.merge("workers");
    let mut apply = story.start_apply(&["--wait", "30 s"]);
    apply.until("commit and push render.yaml");
    assert!(!story.has_index(INDEX), "nothing starts before the new version is live");
    story.deploy();
    apply.end().exits(0).says("applied: flight 1");
    assert!(story.has_index(INDEX));
    // Once more, the same job: everything is found done.
    let again = story.apply(&[]).exits(0);
    assert!(again.stderr.contains("was done already"), "{}", again.stderr);

    // Students have several grades: the second change cannot hold.
    let unique = "[[index]]\ntable = \"grades\"\ncolumns = [\"student_id\"]\nunique = true\n";
    let other = "[[index]]\ntable = \"grades\"\ncolumns = [\"created_at\"]\n";
    story.write("palier.toml", &format!("{POLICY}\n{other}\n{unique}").replace("workers = 2\n", "workers = 1\n"));
    open_pull_request(&story, "unique");
    story.plan("unique").1.exits(0);
    story.merge("unique");
    story.deploy();
    let failed = story.apply(&["--wait", "30 s"]).exits(6);
    let failed = failed.says("rolled back: flight 1").says("is live").says("revert");
    assert!(failed.stdout.contains("duplicate"), "{}", failed.stdout);
    assert!(story.has_index(INDEX), "what an earlier run built stays");
    let indexes = story.sql("SELECT count(*) FROM pg_index WHERE indrelid = 'grades'::regclass");
    assert_eq!(indexes.as_deref(), Some("2"), "the primary key and the first index");
    let history = story.palier(&story.work(), &["history"]).exits(0);
    assert!(history.stdout.contains("because: "), "{}", history.stdout);
    assert!(history.stdout.contains("rolled-back") && history.stdout.contains("applied"), "{}", history.stdout);
}

#[test]
fn files_that_are_not_as_generated_stop_a_merge_and_a_deploy_that_does_not_come_is_waited_for_again() {
    let Some(mut story) = Story::begin(&[]) else { return };
    // A pull request in which somebody forgot `palier generate`.
    story.push_branch("forgot");
    let (clone, job) = story.plan("forgot");
    job.exits(0).says("not-as-generated");
    story.palier(&clone, &["generate", "--check", "--base", "origin/main"]).exits(2).says("--workers 2");
    story.merge("forgot");
    story.apply(&[]).exits(8).says("render.yaml");

    open_pull_request(&story, "workers");
    let (clone, job) = story.plan("workers");
    job.exits(0);
    story.palier(&clone, &["generate", "--check", "--base", "origin/main"]).exits(0);
    story.merge("workers");
    let waited = story.apply(&["--wait", "1 s"]).exits(3);
    let waited = waited.says("waiting: flight 1").says("commit and push render.yaml");
    assert!(waited.stdout.contains("release"), "{}", waited.stdout);
    assert!(!story.has_index(INDEX));
    story.apply(&["--resume", "--wait", "1 s"]).exits(3);
    story.deploy();
    story.apply(&["--resume", "--wait", "30 s"]).exits(0).says("applied: flight 1");
    assert!(story.has_index(INDEX));
    story.apply(&["--resume"]).exits(0).says("nothing to resume");
}

#[test]
fn the_database_comes_first_and_the_workers_in_the_next_pull_request() {
    let Some(mut story) = Story::begin(TWO_FLIGHTS) else { return };
    open_pull_request(&story, "first");
    let (_, job) = story.plan("first");
    job.exits(0).says("flight 2");
    story.merge("first");
    assert!(story.git(&story.work(), &["show", "main:render.yaml"]).contains("--workers 2"), "not yet");
    story.deploy();
    story.apply(&["--wait", "30 s"]).exits(0).says("flight 2 is due next");

    open_pull_request(&story, "second");
    let (clone, job) = story.plan("second");
    job.exits(0);
    let plan = std::fs::read_to_string(clone.join("plan.json")).expect("the plan");
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    let steps: Vec<&str> =
        plan["steps"].as_array().into_iter().flatten().filter_map(|step| step["id"].as_str()).collect();
    assert_eq!(steps, ["grades-workers", "flight-1-live"], "only what is left");
    story.merge("second");
    assert!(story.git(&story.work(), &["show", "main:render.yaml"]).contains("--workers 3"));
    story.deploy();
    let applied = story.apply(&["--wait", "30 s"]).exits(0);
    assert!(!applied.stdout.contains("due next"), "{}", applied.stdout);
}
