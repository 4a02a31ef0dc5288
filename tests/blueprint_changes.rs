//! Which edits a blueprint needs, and that the edits then hold them.

#![allow(clippy::expect_used)]

mod blueprint_support;

use blueprint_support::path;
use palier::diagnostic::SourceFile;
use palier::document::{Document, Format};
use palier::generate::blueprint::changes::{WantedBlueprint, WantedDatabase, WantedService, changes};
use palier::generate::blueprint::{Change, ScalarValue, Wanted, WantedEnv, WantedSource, edit};
use palier::project::{Blueprint, BlueprintDatabase, EnvSource, EnvVar, Service, ServiceKind};
use serde_json::json;

const TEXT: &str = "\
services:
  - type: web
    name: site
    runtime: python
    plan: free # until launch
    startCommand: gunicorn app:app
    envVars:
      - fromGroup: shared
      - key: DATABASE_URL
        value: postgres://elsewhere/db
databases:
  - name: db
    plan: free
    diskSizeGB: 15
";

fn variable(key: &str, source: EnvSource) -> EnvVar {
    EnvVar { key: key.to_owned(), source, line: 1 }
}

fn blueprint() -> Blueprint {
    let document = Document::parse(&SourceFile::new("render.yaml", TEXT), Format::Yaml).expect("parses");
    let site = Service {
        name: "site".to_owned(),
        kind: ServiceKind::Web,
        path: path("services 0"),
        line: 2,
        runtime: Some("python".to_owned()),
        plan: Some("free".to_owned()),
        region: None,
        instances: None,
        scaling: None,
        build_command: None,
        start_command: Some("gunicorn app:app".to_owned()),
        docker_command: None,
        dockerfile_path: None,
        pre_deploy_command: None,
        root_dir: None,
        health_check_path: None,
        disk_gb: None,
        schedule: None,
        max_memory_policy: None,
        has_ip_allow_list: false,
        auto_deploy: None,
        env: vec![
            variable("shared", EnvSource::Group("shared".to_owned())),
            variable("DATABASE_URL", EnvSource::Value(None)),
        ],
    };
    let db = BlueprintDatabase {
        name: "db".to_owned(),
        path: path("databases 0"),
        line: 11,
        plan: Some("free".to_owned()),
        region: None,
        disk_gb: Some(15),
        version: None,
        high_availability: false,
        storage_autoscaling: None,
        connection_pool: None,
        read_replicas: 0,
        has_ip_allow_list: false,
    };
    let groups = vec![("shared".to_owned(), vec!["SENTRY_DSN".to_owned()])];
    Blueprint { document, services: vec![site], databases: vec![db], groups }
}

fn wanted_service() -> WantedService {
    WantedService { path: path("services 0"), ..WantedService::default() }
}

fn of_service(wanted: WantedService) -> Vec<Change> {
    changes(&blueprint(), &WantedBlueprint { services: vec![wanted], databases: Vec::new() })
}

fn of_database(wanted: WantedDatabase) -> Vec<Change> {
    let wanted = WantedDatabase { path: path("databases 0"), ..wanted };
    changes(&blueprint(), &WantedBlueprint { services: Vec::new(), databases: vec![wanted] })
}

#[test]
fn what_the_file_says_already_needs_no_change() {
    let service = WantedService {
        plan: Some("free".to_owned()),
        instances: Some(1),
        start_command: Some("gunicorn app:app".to_owned()),
        ..wanted_service()
    };
    assert_eq!(of_service(service), []);
    let database = WantedDatabase {
        plan: Some("free".to_owned()),
        high_availability: Some(false),
        disk_gb: Some(15),
        ..WantedDatabase::default()
    };
    assert_eq!(of_database(database), []);
}

#[test]
fn a_variable_that_is_there_is_never_touched() {
    let prompted = |key: &str| WantedEnv { key: key.to_owned(), source: WantedSource::Prompted };
    let group = |name: &str| WantedEnv { key: name.to_owned(), source: WantedSource::Group };
    let env = vec![
        prompted("DATABASE_URL"),
        prompted("SENTRY_DSN"),
        prompted("NEW_KEY"),
        prompted("NEW_KEY"),
        group("shared"),
        group("other"),
    ];
    let found = of_service(WantedService { env, ..wanted_service() });
    let wanted: Vec<&Wanted> = found.iter().map(|change| &change.wanted).collect();
    assert_eq!(
        wanted,
        [&Wanted::Append(json!({"key": "NEW_KEY", "sync": false})), &Wanted::Append(json!({"fromGroup": "other"})),]
    );
}

#[test]
fn a_disk_is_never_made_smaller() {
    assert_eq!(of_database(WantedDatabase { disk_gb: Some(10), ..WantedDatabase::default() }), []);
    let grown = of_database(WantedDatabase { disk_gb: Some(20), ..WantedDatabase::default() });
    assert_eq!(grown, [Change::integer(path("databases 0 diskSizeGB"), 20)]);
}

#[test]
fn a_service_that_scales_itself_keeps_its_own_count() {
    let mut current = blueprint();
    let wanted = WantedService { instances: Some(3), ..wanted_service() };
    let wanted = WantedBlueprint { services: vec![wanted], databases: Vec::new() };
    assert_eq!(changes(&current, &wanted), [Change::integer(path("services 0 numInstances"), 3)]);
    current.services[0].scaling = Some((1, 4));
    assert_eq!(changes(&current, &wanted), []);
}

#[test]
fn a_container_gets_a_docker_command() {
    let mut current = blueprint();
    current.services[0].runtime = Some("docker".to_owned());
    let wanted = WantedService { start_command: Some("gunicorn app:app --workers 2".to_owned()), ..wanted_service() };
    let found = changes(&current, &WantedBlueprint { services: vec![wanted], databases: Vec::new() });
    assert_eq!(found, [Change::text(path("services 0 dockerCommand"), "gunicorn app:app --workers 2")]);
}

#[test]
fn the_edits_make_the_file_say_what_is_wanted() {
    let service = WantedService {
        plan: Some("0.5c-512mb".to_owned()),
        instances: Some(2),
        start_command: Some("gunicorn app:app --workers 2".to_owned()),
        env: vec![WantedEnv {
            key: "REDIS_URL".to_owned(),
            source: WantedSource::Service {
                name: "cache".to_owned(),
                kind: "keyvalue".to_owned(),
                property: "connectionString".to_owned(),
            },
        }],
        ..wanted_service()
    };
    let database = WantedDatabase {
        path: path("databases 0"),
        plan: Some("1c-2g".to_owned()),
        disk_gb: Some(20),
        storage_autoscaling: Some(true),
        high_availability: Some(true),
        connection_pool: Some("pgbouncer".to_owned()),
    };
    let current = blueprint();
    let changes = changes(&current, &WantedBlueprint { services: vec![service], databases: vec![database] });
    assert!(changes.contains(&Change {
        path: path("databases 0 highAvailability enabled"),
        wanted: Wanted::Scalar(ScalarValue::Bool(true)),
    }));
    let edited = edit(&current.document.file, &changes).expect("edits");
    insta::assert_snapshot!("blueprint_changes_made", edited);
}
