//! Random usage, random policies, and the projects that they belong to.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use palier::catalog::Catalog;
use palier::decide::Inputs;
use palier::diagnostic::SourceFile;
use palier::document::{Document, Format};
use palier::generate::Folder;
use palier::metrics::{self, Metrics};
use palier::policy::{self, Policy};
use palier::project::Project;
use proptest::prelude::*;

/// The projects under `tests/projects` that decisions are tried on: they differ in framework, server and Redis.
pub(crate) const PROJECTS: [&str; 6] = [
    "crlf-and-comments",
    "django-key-value",
    "fastapi-alembic",
    "fastapi-upstash-file",
    "new-blueprint",
    "too-large-today",
];

/// What a decision is made from, owned.
pub(crate) struct Given {
    pub(crate) project: Project,
    pub(crate) catalog: Catalog,
    pub(crate) policy: Policy,
    pub(crate) metrics: Metrics,
    files: BTreeMap<String, Vec<u8>>,
}

impl Given {
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        let now = "2026-11-20T08:00:00Z".parse().expect("an instant");
        Inputs {
            project: &self.project,
            catalog: &self.catalog,
            policy: &self.policy,
            metrics: &self.metrics,
            now,
            pinned: None,
        }
    }
}

impl std::fmt::Debug for Given {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.project.root.display())
    }
}

impl Folder for Given {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.get(path).cloned()
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let below = self.files.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        below.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }
}

type Repository = (Project, BTreeMap<String, Vec<u8>>);

/// Every project, read once.
fn repositories() -> &'static BTreeMap<&'static str, Repository> {
    static READ: OnceLock<BTreeMap<&'static str, Repository>> = OnceLock::new();
    READ.get_or_init(|| {
        let read = |name: &'static str| {
            let copy = super::command::Project::copy(name, super::planted::plant);
            (name, (Project::read(&copy.path(), "render.yaml"), copy.files()))
        };
        PROJECTS.into_iter().map(read).collect()
    })
}

/// A decision's inputs from texts; a refused text is a mistake of the test.
pub(crate) fn given(project: &str, policy: &str, metrics: &str) -> Given {
    let (project, files) = &repositories()[project];
    let parse = |name: &str, text: &str, format| {
        let file = SourceFile::new(name, text);
        Document::parse(&file, format).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"))
    };
    let usage = metrics::parse(&parse("metrics.yaml", metrics, Format::Yaml));
    let wanted = policy::parse(&parse("palier.toml", policy, Format::Toml), "production");
    Given {
        project: project.clone(),
        catalog: Catalog::embedded().expect("a catalog"),
        policy: wanted.unwrap_or_else(|problems| panic!("{problems:#?}\n{policy}")).0,
        metrics: usage.unwrap_or_else(|problems| panic!("{problems:#?}\n{metrics}")),
        files: files.clone(),
    }
}

/// Usage of an application as it could be: the CPU follows from the requests, the memory from the workers.
pub(crate) fn usage() -> impl Strategy<Value = String> {
    let web = (0.05_f64..40.0, 1.0_f64..8.0, 0.001_f64..0.08, 0.005_f64..0.5, 1.5_f64..6.0, 1_u32..4, 1_u32..6);
    let memory = (60_u32..400, 1.0_f64..1.8, 10_u32..80);
    let database = (0.0_f64..18.0, 0.0_f64..500.0, 1_u32..90, 0.6_f64..1.0, 0.001_f64..1.5);
    let redis = (0_u32..2_000, 0_u64..3_000_000, 1_u32..100);
    let known = prop::collection::vec(prop::bool::weighted(0.85), 8);
    (1_u64..40_000, web, memory, database, redis, known).prop_map(|(users, web, memory, database, redis, known)| {
        let (mean, burst, demand, p50, tail, instances, workers) = web;
        let (start, growth, base) = memory;
        let peak = f64::from(start) * growth;
        let mut lines = vec![format!("users: {{active: {users}}}")];
        let mut say = |index: usize, line: String| {
            if known[index] {
                lines.push(line);
            }
        };
        let latency = format!("latency: {{p50: {:.3} ms, p95: {:.3} ms}}", p50 * 1e3, p50 * tail * 1e3);
        let rate = format!("per_second: {{mean: {mean:.4}, peak: {:.4}}}", mean * burst);
        say(0, format!("requests: {{{rate}, {latency}}}"));
        let mut web = vec![format!("instances: {instances}, workers: {workers}")];
        if known[1] {
            web.push(format!("cpu: {{mean: {:.5}, peak: {:.5}}}", mean * demand, mean * demand * burst));
        }
        if known[2] {
            web.push(format!("memory_per_worker: {{start: {start} MiB, peak: {peak:.3} MiB}}"));
            web.push(format!("memory: {:.3} MiB", peak * f64::from(workers) + f64::from(base)));
        }
        say(3, format!("web: {{{}}}", web.join(", ")));
        let (size, growth, connections, hits, cpu) = database;
        let mut database = vec![format!("size: {:.0} KiB, growth_per_day: {growth:.0} MiB", 2_f64.powf(size + 10.0))];
        database.push(format!("connections_peak: {connections}"));
        if known[4] {
            database.push(format!("cache_hit_ratio: {hits:.3}"));
        }
        if known[5] {
            database.push(format!("cpu: {{peak: {cpu:.3}}}"));
        }
        say(6, format!("database: {{{}}}", database.join(", ")));
        let (memory, commands, connections) = redis;
        let redis = format!("memory: {memory} MiB, commands_per_day: {commands}, connections_peak: {connections}");
        say(7, format!("redis: {{{redis}}}"));
        lines.join("\n") + "\n"
    })
}

/// A policy without a budget, in the measured mode.
pub(crate) fn wishes() -> impl Strategy<Value = String> {
    let p95 = prop::option::of(80_u32..3_000);
    let pool = prop::option::of((1_u32..12, 0_u32..12));
    let growth = prop::option::of(0.0_f64..0.6);
    let redis = prop::sample::select(vec!["auto", "auto", "upstash", "render"]);
    (p95, pool, growth, redis, 1_u32..6, 0.5_f64..0.95, any::<bool>()).prop_map(
        |(p95, pool, growth, redis, instances, headroom, queue)| {
            let mut out = "[project]\nname = \"tried\"\n[mode]\ndecide = \"measured\"\n".to_owned();
            if let Some(p95) = p95 {
                out.push_str(&format!("[service_level]\np95 = \"{p95} ms\"\n"));
            }
            if let Some((size, overflow)) = pool {
                out.push_str(&format!("[database]\npool_size = {size}\nmax_overflow = {overflow}\n"));
            }
            if let Some(growth) = growth {
                out.push_str(&format!("[growth]\nmonthly = {growth:.3}\n"));
            }
            out.push_str(&format!("[headroom]\ncpu = {headroom:.2}\nmemory = {headroom:.2}\n"));
            out.push_str(&format!("[web]\nmax_instances = {instances}\n[redis]\nprovider = \"{redis}\"\n"));
            let role = if queue { "queue" } else { "cache" };
            out + &format!("[[redis.role]]\nname = \"{role}\"\n")
        },
    )
}
