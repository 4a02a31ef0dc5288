//! The project of the story.

use std::path::Path;

pub(crate) const POLICY: &str = r#"[project]
name = "grades"
region = "frankfurt"

[web]
workers = 2

[database]
pool_size = 5
max_overflow = 5

[[redis.role]]
name = "cache"

[[index]]
table = "grades"
columns = ["student_id", "created_at desc"]

[verify.release]
path = "/version"

[verify.workers]
header = "x-worker"

[journal]
url = "s3://journals/story"
"#;

const METRICS: &str = "taken_at: 2026-11-19T08:00:00Z
window: 7 days
users: {registered: 1800, active: 812, concurrent_peak: 32}
requests: {per_second: {mean: 3.1, peak: 14}, latency: {p50: 80 ms, p95: 200 ms, p99: 900 ms}, error_rate: 0.002}
web:
  plan: 0.5c-512mb
  instances: 1
  workers: 1
  cpu: {mean: 0.12, peak: 0.3}
  memory_per_worker: {start: 100 MiB, peak: 120 MiB}
  memory: 240 MiB
database: {plan: 0.5c-1g, size: 4 GiB, growth_per_day: 1 MiB, connections_peak: 9, cache_hit_ratio: 0.97}
";

const BLUEPRINT: &str = "services:
  - type: web
    name: grades
    runtime: python
    region: frankfurt
    plan: 0.5c-512mb
    buildCommand: pip install -r requirements.txt
    startCommand: gunicorn main:app --worker-class uvicorn_worker.UvicornWorker --bind 0.0.0.0:$PORT --workers 1
    healthCheckPath: /healthz
    envVars:
      - key: DATABASE_URL
        fromDatabase: {name: grades-db, property: connectionString}
      - key: REDIS_URL
        fromService: {type: keyvalue, name: grades-cache, property: connectionString}
  - type: keyvalue
    name: grades-cache
    region: frankfurt
    plan: free
    maxmemoryPolicy: allkeys-lru
    ipAllowList: []
databases:
  - name: grades-db
    region: frankfurt
    plan: 0.5c-1g
    diskSizeGB: 15
";

const APPLICATION: &str = r#"import os

from fastapi import FastAPI

app = FastAPI()


@app.middleware("http")
async def worker(request, call_next):
    response = await call_next(request)
    response.headers["x-worker"] = str(os.getpid())
    return response


@app.get("/healthz")
def healthz():
    return {"ok": True}


@app.get("/version")
def version():
    return {"commit": os.environ["RENDER_GIT_COMMIT"]}
"#;

/// What makes two flights of it: three workers with fifteen connections each need a larger database first.
pub(crate) const TWO_FLIGHTS: &[(&str, &str)] =
    &[("workers = 2\n", "workers = 3\n"), ("pool_size = 5", "pool_size = 10"), ("--workers 1", "--workers 2")];

/// Writes it, with some texts replaced in all of its files.
pub(super) fn write(folder: &Path, changes: &[(&str, &str)]) {
    let requirements = "fastapi==0.165.0\ngunicorn==27.0.1\nuvicorn==0.54.0\nuvicorn-worker==0.4.0\n";
    for (path, text) in [
        ("palier.toml", POLICY),
        ("metrics.yaml", METRICS),
        ("render.yaml", BLUEPRINT),
        ("main.py", APPLICATION),
        ("requirements.txt", requirements),
    ] {
        let text = changes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        std::fs::write(folder.join(path), text).expect("written");
    }
}
