//! Situations with an answer that a person can work out by hand.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use command::{Project, palier};
use serde_json::Value;

/// A FastAPI application on Render with one worker of gunicorn and a pool of 5 and 10 more.
fn project(plan: &str, extra: &str, policy: &str, metrics: &str) -> Project {
    let blueprint = format!(
        "services:\n  - type: web\n    name: api\n    runtime: python\n    plan: {plan}\n    buildCommand: pip install -r requirements.txt\n    startCommand: gunicorn main:app -k uvicorn_worker.UvicornWorker --workers 1\n{extra}    envVars:\n      - key: DATABASE_URL\n        fromDatabase: {{name: api-db, property: connectionString}}\ndatabases:\n  - name: api-db\n    plan: basic-256mb\n    diskSizeGB: 5\n"
    );
    Project::of(&[
        ("render.yaml", &blueprint),
        ("requirements.txt", "fastapi\ngunicorn\nuvicorn-worker\nsqlalchemy\npsycopg[binary]\n"),
        ("main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n"),
        ("palier.toml", policy),
        ("metrics.yaml", metrics),
    ])
}

fn plan(project: &Project) -> Value {
    palier(project).args(["plan", "--format", "json"]).run().json()
}

fn web(plan: &Value) -> (String, u64, u64) {
    let web = &plan["target"]["services"][0];
    let number = |key: &str| web[key].as_u64().unwrap();
    (web["offer"].as_str().unwrap().to_owned(), number("instances"), number("workers"))
}

fn has_finding(plan: &Value, id: &str) -> bool {
    plan["findings"].as_array().unwrap().iter().any(|finding| finding["id"] == id)
}

const BUSY: &str = "window: 7 days
requests: {per_second: {mean: 4, peak: 12}, latency: {p50: 60 ms, p95: 200 ms}}
web: {instances: 1, workers: 1, cpu: {mean: 0.3, peak: 0.9}, memory_per_worker: {peak: 150 MiB}}
database: {size: 900 MiB, growth_per_day: 1 MiB, connections_peak: 9, cache_hit_ratio: 0.99}
";

#[test]
fn two_small_instances_with_one_worker_each_beat_a_larger_database() {
    // By hand: CPU 0.9 of 2 x 0.7; connections 2 x 1 x 15 x 2 + 5 = 65 of 80. 2 x $25 + $6 + 5 x $0.30 = $57.50.
    let plan = plan(&project("standard", "", "", BUSY));
    assert_eq!(web(&plan), ("1c-2g".to_owned(), 2, 1));
    assert_eq!(plan["cost"]["target_monthly"], "57.50");
}

#[test]
fn one_python_process_uses_one_core_however_many_the_plan_has() {
    let metrics = BUSY.replace("peak: 0.9}", "peak: 1.2}");
    let policy = "[web]\nmax_instances = 1\nworkers = 1\n";
    let run = palier(&project("pro", "", policy, &metrics)).args(["plan", "--format", "json"]).run().exits(4).json();
    let message = run["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("fails on cpu"), "{message}");
}

#[test]
fn what_was_killed_for_memory_needs_at_least_what_it_had() {
    let metrics = "window: 7 days\nrequests: {per_second: {mean: 1, peak: 3}}\nweb: {instances: 1, workers: 1, cpu: {mean: 0.05, peak: 0.2}, out_of_memory_kills: 3}\n";
    let plan = plan(&project("starter", "", "", metrics));
    assert_eq!(web(&plan).0, "1c-2g", "killed with 512 MiB; half a core would do");
    let metrics =
        metrics.replace("out_of_memory_kills: 3", "memory_per_worker: {peak: 200 MiB}, out_of_memory_kills: 3");
    let memory = self::plan(&project("starter", "", "", &metrics));
    let verdict = memory["verdicts"].as_array().unwrap().iter().find(|one| one["constraint"] == "memory").unwrap();
    assert!(verdict["used"].as_f64().unwrap() >= 512.0 * 1024.0 * 1024.0, "the kernel cut the peak short: {verdict}");
}

#[test]
fn a_service_that_scales_itself_opens_connections_for_its_most_instances() {
    let scaling = "    scaling: {minInstances: 1, maxInstances: 4, targetCPUPercent: 70}\n";
    let metrics = BUSY.replace("peak: 0.9}", "peak: 0.3}");
    let plan = plan(&project("standard", scaling, "", &metrics));
    let connections =
        plan["verdicts"].as_array().unwrap().iter().find(|one| one["constraint"] == "connections").unwrap();
    assert_eq!(connections["used"], 125.0, "4 x 1 x 15 x 2 + 5");
    assert_eq!(web(&plan).1, 1, "its own bounds stay");
}

#[test]
fn a_number_of_users_alone_lowers_nothing() {
    let plan = plan(&project("standard", "", "", "users: {active: 100}\n"));
    assert_eq!(web(&plan).0, "1c-2g");
    assert!(has_finding(&plan, "kept-larger") && has_finding(&plan, "ladder-for-want-of-figures"));
    let asked = self::plan(&project("standard", "", "[mode]\ndecide = \"ladder\"\n", "users: {active: 100}\n"));
    assert_eq!(web(&asked).0, "free", "who asks for the ladder gets it");
}

#[test]
fn without_users_and_measurements_everything_stays() {
    let metrics = "requests: {latency: {p95: 700 ms}}\n";
    let plan = plan(&project("starter", "", "", metrics));
    assert_eq!(plan["mode"], "measured");
    assert_eq!(web(&plan).0, "0.5c-512mb");
    assert_eq!(plan["cost"]["target_monthly"], plan["cost"]["current_monthly"]);
}

#[test]
fn a_ladder_never_opens_more_connections_than_the_database_takes() {
    let plan = plan(&project("starter", "", "[mode]\ndecide = \"ladder\"\n", "users: {active: 6000}\n"));
    assert!(has_finding(&plan, "stage-workers-lowered"));
    let (_, instances, workers) = web(&plan);
    assert!(instances * workers * 15 * 2 + 5 <= 160, "{workers} workers on 200 connections");
    assert_eq!(workers, 5);
}

#[test]
fn a_container_keeps_its_workers_and_is_judged_by_them() {
    let project = project("starter", "", "", BUSY);
    let blueprint = project.read("render.yaml").replace("runtime: python", "runtime: docker");
    project.write("render.yaml", blueprint);
    project.write("Dockerfile", "FROM python:3.13\nCMD [\"gunicorn\", \"main:app\", \"--workers\", \"3\", \"-k\", \"uvicorn_worker.UvicornWorker\"]\n");
    let plan = plan(&project);
    assert!(plan["target"]["services"][0]["workers"].as_u64().is_some());
    let check = palier(&project).args(["generate", "--check"]).run();
    assert!(!check.stdout.contains("dockerCommand"), "an image's command is not palier's: {}", check.stdout);
}

#[test]
fn a_database_that_the_blueprint_does_not_hold_is_not_bought_again() {
    let project = project("starter", "", "", BUSY);
    let text = project.read("render.yaml");
    let text = text
        .split("databases:")
        .next()
        .unwrap()
        .replace("fromDatabase: {name: api-db, property: connectionString}", "sync: false");
    project.write("render.yaml", text);
    let plan = plan(&project);
    assert_eq!(plan["target"]["databases"], Value::Array(Vec::new()));
    assert!(has_finding(&plan, "database-elsewhere"));
}

#[test]
fn a_misspelt_service_of_the_policy_is_an_error_and_no_purchase() {
    let run = palier(&project("starter", "", "[project]\nweb = \"ap\"\n", BUSY)).args(["plan"]).run().exits(1);
    assert!(run.stderr.contains("unknown-service") && run.stderr.contains("did you mean `api`"), "{}", run.stderr);
}

#[test]
fn a_free_worker_is_told_to_be_none() {
    let project = project("starter", "", "", BUSY);
    let text = project.read("render.yaml");
    let worker = "  - type: worker\n    name: jobs\n    runtime: python\n    plan: free\n    startCommand: celery -A main worker\ndatabases:";
    project.write("render.yaml", text.replace("databases:", worker));
    assert!(has_finding(&plan(&project), "no-free-plan"));
}
