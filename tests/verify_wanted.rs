//! Which probes a project gets: from its policy, its repository and the names of the variables that are set.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use palier::client::Secret;
use palier::plan::Probe;
use palier::policy::{Policy, WorkerCount};
use palier::project::Project;
use palier::verify::{KINDS, Variable, wanted};

fn variables(all: &[(&str, &str)]) -> BTreeSet<Variable> {
    let addresses: BTreeMap<String, Secret> =
        all.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
    Variable::of(&addresses)
}

/// `probe of`, in order.
fn names(policy: &Policy, project: &Project, set: &[(&str, &str)]) -> Vec<String> {
    let probes = wanted(policy, project, &variables(set));
    assert!(probes.iter().all(|probe| KINDS.iter().any(|kind| kind.name == probe.probe)), "{probes:?}");
    probes.iter().map(|probe| format!("{} {}", probe.probe, probe.of)).collect()
}

#[test]
fn each_way_to_a_redis_gets_the_probe_that_speaks_it() {
    let (policy, project) = (Policy::default(), Project::default());
    let of = |set: &[(&str, &str)]| names(&policy, &project, set);
    assert_eq!(of(&[("REDIS_URL", "redis://a:b@c")]), ["redis REDIS_URL", "latency REDIS_URL"]);
    assert_eq!(of(&[("REDIS_URL", "rediss://a:b@c")]), ["tls REDIS_URL", "redis REDIS_URL", "latency REDIS_URL"]);
    let cache = [("REDIS_CACHE_URL", "https://cache.example.com"), ("REDIS_CACHE_TOKEN", "token")];
    assert_eq!(of(&cache), ["upstash-rest REDIS_CACHE_URL", "latency REDIS_CACHE_URL"]);
    assert!(of(&cache[..1]).is_empty(), "an address without its token is of no use");
    let elasticache = [("ELASTICACHE_REDIS_HOST", "node.example.com"), ("ELASTICACHE_REDIS_PORT", "6379")];
    assert_eq!(of(&elasticache), ["redis ELASTICACHE_REDIS_HOST", "latency ELASTICACHE_REDIS_HOST"]);
    assert_eq!(of(&[("CELERY_BROKER_URL", "amqp://a:b@c")]), [""; 0], "a broker that is no Redis");
}

#[test]
fn a_database_that_is_no_postgres_is_left_alone() {
    let (policy, project) = (Policy::default(), Project::default());
    let of = |set: &[(&str, &str)]| names(&policy, &project, set);
    assert!(of(&[("DATABASE_URL", "sqlite:///db.sqlite3")]).is_empty());
    let both = [("DATABASE_URL", "postgres://a:b@c/d"), ("DIRECT_DATABASE_URL", "postgresql+psycopg://a:b@c/d")];
    let expected = [
        "postgres DATABASE_URL",
        "latency DATABASE_URL",
        "postgres DIRECT_DATABASE_URL",
        "latency DIRECT_DATABASE_URL",
    ];
    assert_eq!(of(&both), expected);
}

#[test]
fn the_policy_and_the_blueprint_say_what_else_is_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let blueprint = "services:\n  - type: web\n    name: shop\n    runtime: python\n    plan: free\n    \
                     healthCheckPath: /healthz\n    startCommand: gunicorn shop.wsgi:app --workers 3\n";
    std::fs::write(folder.path().join("render.yaml"), blueprint).expect("written");
    let project = Project::read(folder.path(), "render.yaml");
    let mut policy = Policy::default();
    policy.verify.workers = WorkerCount { pid_file: Some("gunicorn.pid".to_owned()), header: None };
    policy.verify.celery_app = Some("shop".to_owned());
    policy.database.pool_size = Some(5);
    let set = variables(&[("PALIER_WEB_URL", "https://shop.example.com"), ("DATABASE_URL", "postgres://a:b@c/d")]);
    let probes = wanted(&policy, &project, &set);
    let find = |name: &str| -> &Probe { probes.iter().find(|probe| probe.probe == name).expect(name) };
    assert_eq!(find("http").wants["path"], "/healthz");
    assert_eq!(find("http").wants["may_sleep"], true);
    assert_eq!(find("gunicorn").wants["workers"], 3);
    assert_eq!(find("postgres").wants["used_connections"], 15);
    assert_eq!(find("celery").of, "shop");
    policy.verify.health_path = Some("/up".to_owned());
    let probes = wanted(&policy, &project, &set);
    assert!(probes.iter().any(|probe| probe.wants.get("path").is_some_and(|path| path == "/up")), "{probes:?}");
}
