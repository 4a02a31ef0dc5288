//! A new `render.yaml`: what it says, what it leaves out, and whether Render would take it.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use palier::generate::blueprint::{
    AllowedAddress, NewBlueprint, NewDatabase, NewDisk, NewKeyValue, NewKind, NewService, Previews, WantedEnv,
    WantedSource, render_new,
};
use proptest::prelude::*;
use serde_yaml::Value;

fn service(name: &str, kind: NewKind, plan: &str) -> NewService {
    NewService {
        name: name.to_owned(),
        kind,
        runtime: "python".to_owned(),
        plan: plan.to_owned(),
        region: "frankfurt".to_owned(),
        branch: Some("main".to_owned()),
        root_dir: None,
        build_command: Some("pip install -r requirements.txt".to_owned()),
        start_command: Some("gunicorn app.main:app --bind 0.0.0.0:$PORT --workers 2".to_owned()),
        pre_deploy_command: Some("alembic upgrade head".to_owned()),
        health_check_path: Some("/health".to_owned()),
        instances: 2,
        auto_deploy_trigger: "checksPass".to_owned(),
        max_shutdown_delay_seconds: 60,
        schedule: (kind == NewKind::Cron).then(|| "0 3 * * *".to_owned()),
        disk: None,
        env: Vec::new(),
    }
}

fn database(name: &str, plan: &str) -> NewDatabase {
    NewDatabase {
        name: name.to_owned(),
        plan: plan.to_owned(),
        region: "frankfurt".to_owned(),
        database_name: Some("students".to_owned()),
        user: Some("students".to_owned()),
        disk_gb: 15,
        storage_autoscaling: true,
        version: "18".to_owned(),
        high_availability: false,
        connection_pool: false,
        ip_allow_list: Vec::new(),
    }
}

fn key_value(name: &str, plan: &str, policy: &str) -> NewKeyValue {
    NewKeyValue {
        name: name.to_owned(),
        plan: plan.to_owned(),
        region: "frankfurt".to_owned(),
        max_memory_policy: policy.to_owned(),
        persistence_mode: "journal-snapshot".to_owned(),
        ip_allow_list: Vec::new(),
    }
}

fn variable(key: &str, source: WantedSource) -> WantedEnv {
    WantedEnv { key: key.to_owned(), source }
}

fn from_database(property: &str) -> WantedSource {
    WantedSource::Database { name: "students-db".to_owned(), property: property.to_owned() }
}

fn from_service(name: &str, kind: &str, property: &str) -> WantedSource {
    WantedSource::Service { name: name.to_owned(), kind: kind.to_owned(), property: property.to_owned() }
}

/// Everything on free plans, as a project begins.
fn first_landing() -> NewBlueprint {
    let mut web = service("students-api", NewKind::Web, "free");
    web.disk = Some(NewDisk { name: "data".to_owned(), mount_path: "/var/data".to_owned(), size_gb: 1 });
    web.env = vec![
        variable("DATABASE_URL", from_database("connectionString")),
        variable("REDIS_URL", from_service("students-cache", "keyvalue", "connectionString")),
        variable("SECRET_KEY", WantedSource::Generated),
        variable("WEB_CONCURRENCY", WantedSource::Value("1".to_owned())),
    ];
    NewBlueprint {
        services: vec![web],
        databases: vec![database("students-db", "free")],
        key_values: vec![key_value("students-cache", "free", "allkeys-lru")],
        previews: Previews::Off,
    }
}

/// Everything that a blueprint of palier can hold.
fn whole_house() -> NewBlueprint {
    let mut web = service("students-api", NewKind::Web, "1c-2g");
    web.root_dir = Some("backend".to_owned());
    web.env = vec![
        variable("DATABASE_URL", from_database("connectionPoolString")),
        variable("DIRECT_DATABASE_URL", from_database("connectionString")),
        variable("QUEUE_URL", from_service("students-queue", "keyvalue", "connectionString")),
        variable("PDF_HOST", from_service("students-pdf", "pserv", "hostport")),
        variable("STRIPE_API_KEY", WantedSource::Prompted),
        variable("SECRET_KEY", WantedSource::Generated),
        variable("DJANGO_SETTINGS_MODULE", WantedSource::Value("students.settings".to_owned())),
    ];
    let mut worker = service("students-worker", NewKind::Worker, "0.5c-512mb");
    worker.start_command = Some("celery -A students worker --concurrency 2".to_owned());
    worker.env = vec![
        variable("shared-settings", WantedSource::Group),
        variable(
            "SECRET_KEY",
            WantedSource::ServiceVariable {
                name: "students-api".to_owned(),
                kind: "web".to_owned(),
                variable: "SECRET_KEY".to_owned(),
            },
        ),
    ];
    let mut private = service("students-pdf", NewKind::Private, "0.5c-512mb");
    private.disk = Some(NewDisk { name: "pdf".to_owned(), mount_path: "/var/pdf".to_owned(), size_gb: 5 });
    let mut cron = service("students-nightly", NewKind::Cron, "0.5c-512mb");
    cron.start_command = Some("python manage.py clearsessions".to_owned());
    let mut db = database("students-db", "2c-8g");
    db.high_availability = true;
    db.connection_pool = true;
    db.ip_allow_list =
        vec![AllowedAddress { source: "203.0.113.4/30".to_owned(), description: "office: \"upstairs\"".to_owned() }];
    NewBlueprint {
        services: vec![web, worker, private, cron],
        databases: vec![db],
        key_values: vec![key_value("students-queue", "256mb", "noeviction")],
        previews: Previews::Off,
    }
}

fn read(text: &str) -> Value {
    serde_yaml::from_str(text).expect("a new blueprint is YAML")
}

#[test]
fn a_first_blueprint_on_free_plans() {
    let text = render_new(&first_landing()).expect("renders");
    insta::assert_snapshot!("blueprint_new_free", text);
}

#[test]
fn a_blueprint_with_every_kind_of_part() {
    let text = render_new(&whole_house()).expect("renders");
    insta::assert_snapshot!("blueprint_new_whole", text);
}

#[test]
fn a_free_service_gets_no_field_that_render_forbids_it() {
    let written = read(&render_new(&first_landing()).expect("renders"));
    let web = &written["services"][0];
    assert_eq!(web["numInstances"].as_u64(), Some(1));
    for field in ["disk", "preDeployCommand"] {
        assert!(web.get(field).is_none(), "{field}");
    }
    for field in ["diskSizeGB", "storageAutoscalingEnabled", "highAvailability", "connectionPool"] {
        assert!(written["databases"][0].get(field).is_none(), "{field}");
    }
    assert!(written["services"][1].get("persistenceMode").is_none());
    assert_eq!(written["services"][1]["ipAllowList"].as_sequence().map(Vec::len), Some(0));
    assert_eq!(written["databases"][0]["postgresMajorVersion"].as_str(), Some("18"));
}

#[test]
fn a_service_with_a_disk_has_one_instance() {
    let written = read(&render_new(&whole_house()).expect("renders"));
    assert_eq!(written["services"][2]["numInstances"].as_u64(), Some(1));
    assert_eq!(written["services"][2]["disk"]["sizeGB"].as_u64(), Some(5));
    assert_eq!(written["services"][0]["numInstances"].as_u64(), Some(2));
}

#[test]
fn a_branch_is_left_out_when_pull_requests_get_previews() {
    let mut blueprint = whole_house();
    assert_eq!(read(&render_new(&blueprint).expect("renders"))["services"][0]["branch"].as_str(), Some("main"));
    blueprint.previews = Previews::Automatic;
    let written = read(&render_new(&blueprint).expect("renders"));
    assert!(written["services"][0].get("branch").is_none());
    assert_eq!(written["previews"]["generation"].as_str(), Some("automatic"));
}

#[test]
fn an_empty_blueprint_is_still_yaml() {
    let written = read(&render_new(&NewBlueprint::default()).expect("renders"));
    assert_eq!(written["previews"]["generation"].as_str(), Some("off"));
}

proptest! {
    #[test]
    fn any_text_comes_back_as_it_was(name in "\\PC{0,20}|.{0,20}", command in ".{1,40}", value in ".{0,20}") {
        let mut blueprint = whole_house();
        blueprint.services[0].name = name.clone();
        blueprint.services[0].start_command = Some(command.clone());
        blueprint.services[0].env = vec![variable(&name, WantedSource::Value(value.clone()))];
        blueprint.databases[0].version = value.clone();
        let written = read(&render_new(&blueprint).expect("renders"));
        let web = &written["services"][0];
        prop_assert_eq!(web["name"].as_str(), Some(name.as_str()));
        prop_assert_eq!(web["startCommand"].as_str(), Some(command.as_str()));
        prop_assert_eq!(web["envVars"][0]["key"].as_str(), Some(name.as_str()));
        prop_assert_eq!(web["envVars"][0]["value"].as_str(), Some(value.as_str()));
        prop_assert_eq!(written["databases"][0]["postgresMajorVersion"].as_str(), Some(value.as_str()));
    }
}

#[test]
fn another_projects_model_of_the_format_accepts_what_palier_writes() {
    let Some(folder) = judge() else { return };
    let cases = [("free", first_landing()), ("whole", whole_house())];
    for (name, blueprint) in cases {
        let text = render_new(&blueprint).expect("renders");
        let outcome = judged(&folder, name, &text);
        assert!(outcome.status.success(), "{name}: {}\n{text}", String::from_utf8_lossy(&outcome.stderr));
    }
}

#[test]
fn the_judge_finds_what_is_wrong() {
    let Some(folder) = judge() else { return };
    let text = render_new(&whole_house()).expect("renders");
    for (right, wrong) in [
        ("\"1c-2g\"", "\"1c-3g\""),
        ("numInstances", "instances"),
        ("postgresMajorVersion: \"18\"", "postgresMajorVersion: 18"),
        ("property: \"hostport\"", "property: \"url\""),
        ("name: \"students-db\"\n          property", "name: \"other-db\"\n          property"),
        ("\"noeviction\"", "\"no-eviction\""),
        ("diskSizeGB: 15", "diskSizeGB: 12"),
    ] {
        assert!(text.contains(right), "{right}");
        let outcome = judged(&folder, "wrong", &text.replacen(right, wrong, 1));
        assert!(!outcome.status.success(), "{wrong} was accepted");
    }
}

fn judged(folder: &Path, name: &str, text: &str) -> Output {
    let file = folder.join(format!("{name}-{}.yaml", std::process::id()));
    std::fs::write(&file, text).expect("writes");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/blueprint_judge.mjs");
    let outcome = Command::new("node").arg(script).arg(folder).arg(&file).output().expect("node runs");
    std::fs::remove_file(&file).expect("removes");
    outcome
}

/// The folder that has render-blueprint installed; `None` where it cannot be had.
fn judge() -> Option<PathBuf> {
    static FOLDER: std::sync::OnceLock<Option<PathBuf>> = std::sync::OnceLock::new();
    FOLDER.get_or_init(install).clone()
}

fn install() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("render-blueprint-0.1.0");
    if folder.join("node_modules/render-blueprint/dist/index.js").is_file() {
        return Some(folder);
    }
    std::fs::create_dir_all(&folder).expect("makes a folder");
    std::fs::write(folder.join("package.json"), "{\"private\": true}\n").expect("writes");
    let arguments = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "render-blueprint@0.1.0"];
    let outcome = Command::new("npm").args(arguments).current_dir(&folder).output();
    let reason = match outcome {
        Ok(outcome) if outcome.status.success() => return Some(folder),
        Ok(outcome) => String::from_utf8_lossy(&outcome.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    assert!(std::env::var_os("PALIER_REQUIRE_TOOLS").is_none(), "render-blueprint cannot be installed: {reason}");
    println!("skipped: render-blueprint cannot be installed: {reason}");
    None
}
