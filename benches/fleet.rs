//! What planning many projects costs: each is read from texts and planned in one process, and the cost has to grow as
//! the number of projects does, not faster.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program that prints figures and stops at a surprise")]

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use palier::catalog::Catalog;
use palier::decide::Inputs;
use palier::diagnostic::SourceFile;
use palier::document::{Document, Format};
use palier::generate::{Folder, Options};
use palier::plan::{Request, make};
use palier::project::{Blueprint, Project};
use palier::{metrics, policy};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/demo/fastapi");

fn main() {
    let fleet = Fleet {
        catalog: Catalog::embedded().expect("the catalog"),
        example: Project::read(Path::new(EXAMPLE), "render.yaml"),
        now: "2026-11-20T08:00:00Z".parse().expect("an instant"),
    };
    let (few, _) = fleet.quickest(100);
    let (many, steps) = fleet.quickest(500);
    println!("Steps of 500 plans: {steps} steps");
    println!("CPU time of 100 plans: {few:.2} s");
    println!("CPU time of 500 plans: {many:.2} s");
    println!("CPU time of 500 plans over that of 100: {:.1} times", many / few);
    println!("Peak memory of 500 plans: {:.1} MiB", peak());
}

/// What all projects of the fleet share.
struct Fleet {
    catalog: Catalog,
    example: Project,
    now: Timestamp,
}

impl Fleet {
    /// The quickest of three: what else runs on the machine makes a run slower, never quicker.
    fn quickest(&self, count: usize) -> (f64, usize) {
        let runs = (0..3).map(|_| self.plan(count));
        runs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("three runs")
    }

    /// Reads and plans some projects and keeps every plan, as a command over a fleet would: the CPU time in seconds,
    /// and the number of steps.
    fn plan(&self, count: usize) -> (f64, usize) {
        let before = cpu();
        let plans: Vec<_> = (0..count).map(|number| self.plan_one(number)).collect();
        (cpu() - before, plans.iter().map(|plan| plan.steps.len()).sum())
    }

    fn plan_one(&self, number: usize) -> palier::plan::Plan {
        let texts = texts(number);
        let (policy, findings) = policy::parse(&document("palier.toml", &texts), "production").expect("a policy");
        let metrics = metrics::parse(&document("metrics.yaml", &texts)).expect("usage");
        let blueprint = Blueprint::from_document(document("render.yaml", &texts));
        let project = Project { blueprint: Some(blueprint), ..self.example.clone() };
        let inputs = Inputs {
            project: &project,
            catalog: &self.catalog,
            policy: &policy,
            metrics: &metrics,
            now: self.now,
            pinned: None,
        };
        let request = Request {
            inputs,
            environment: "production",
            files: &[],
            findings: &findings,
            folder: &texts,
            options: Options::default(),
            step_files: false,
            lacking_indexes: &[],
        };
        make(&request).expect("a plan").plan
    }
}

/// The files of one project.
struct Texts(BTreeMap<&'static str, String>);

impl Folder for Texts {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes())
    }

    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// One project of the fleet: from 100 to 10,080 active users, and four indexes that it lacks. The sizes are strewn (131
/// has no factor in common with 500), so that any hundred projects are as large on average as all five hundred.
fn texts(number: usize) -> Texts {
    let users = 100 + 20 * (number * 131 % 500);
    let mut policy = format!("[project]\nname = \"app-{number}\"\n[steps]\nallow_one_way = [\"leave-free\"]\n");
    for index in 0..4 {
        policy.push_str(&format!(
            "[[index]]\ntable = \"table_{index}\"\ncolumns = [\"owner_id\", \"created_at desc\"]\n"
        ));
    }
    let usage = format!(
        "taken_at: 2026-11-19T08:00:00Z\n\
         window: 7 days\n\
         users: {{registered: {registered}, active: {users}, concurrent_peak: {peak}}}\n\
         requests: {{per_second: {{mean: {mean:.2}, peak: {high:.2}}}, latency: {{p50: 60 ms, p95: 300 ms, p99: 1 s}}}}\n\
         web: {{instances: 1, workers: 1, cpu: {{mean: {cpu:.3}, peak: {cpu_high:.3}}},\n       \
         memory_per_worker: {{start: 118 MiB, peak: 171 MiB}}, memory: 201 MiB, out_of_memory_kills: 0}}\n\
         database: {{size: {size} MiB, growth_per_day: 3 MiB, connections_peak: 9, cache_hit_ratio: 0.97}}\n\
         history:\n  \
         - {{taken_at: 2026-10-19T08:00:00Z, window: 7 days, users: {{active: {before}}}}}\n",
        registered = users * 2,
        peak = users / 25,
        mean = figure(users) / 1_000.0,
        high = figure(users) / 200.0,
        cpu = figure(users) / 40_000.0,
        cpu_high = figure(users) / 8_000.0,
        size = 100 + users / 2,
        before = users * 9 / 10,
    );
    let blueprint = std::fs::read_to_string(Path::new(EXAMPLE).join("render.yaml")).expect("the example's blueprint");
    Texts(BTreeMap::from([("palier.toml", policy), ("metrics.yaml", usage), ("render.yaml", blueprint)]))
}

#[allow(clippy::cast_precision_loss, reason = "a few thousand users")]
fn figure(users: usize) -> f64 {
    users as f64
}

fn document(path: &str, texts: &Texts) -> Document {
    let file = SourceFile::new(path, texts.0[path].as_str());
    Document::parse(&file, Format::of_path(path)).expect("a document")
}

/// What this process has used so far, in seconds.
#[allow(clippy::cast_precision_loss, reason = "microseconds of a few minutes")]
fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage of this process");
    (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6
}

/// The most memory that this process held at once, in MiB. `ru_maxrss` would count what ran in its place before it.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak of the resident memory");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}
