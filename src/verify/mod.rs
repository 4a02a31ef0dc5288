//! Probes: one check of a running part each, that it connects, behaves and is fast enough. One file each.
//!
//! A probe changes nothing that lasts. Each has a time limit of its own and they run side by side, so that all of them
//! take as long as the slowest. What fails is named by its cause, with what to do about it; what cannot be seen from
//! here is unknown, which is no success.

mod around;
mod asked;
mod celery;
mod deploy;
mod django_cache;
mod endpoint;
mod gunicorn;
mod http;
mod latency;
mod outcome;
mod postgres;
mod rate_limit;
mod redis;
mod release;
mod run;
mod tcp;
mod tls;
mod upstash_rest;
mod wanted;

pub use around::Around;
pub use outcome::{Figure, Outcome, Seen, Status};
pub use run::run;
pub use wanted::{VARIABLES, Variable, wanted};

use std::time::Duration;

use crate::client::Fault;
use crate::plan::Probe;

/// A kind of probe.
pub struct Kind {
    /// The name as plans write it.
    pub name: &'static str,
    /// What it looks at, in one sentence.
    pub summary: &'static str,
    /// Looks.
    pub look: fn(&Probe, &Around) -> Result<Seen, Fault>,
    /// How long it may take.
    pub longest: fn(&Probe, &Around) -> Duration,
}

/// Every kind of probe.
pub const KINDS: &[Kind] = &[
    kind("tcp", "A connection is taken", tcp::look),
    kind("tls", "The certificate: who signed it, for which names, how long it is valid", tls::look),
    of_web("http", "A page: its status and content; a service that sleeps is woken", http::look),
    of_web("release", "The new version answers, not the old one", release::look),
    kind("postgres", "Postgres: role, connections, extensions, indexes, transactions, pooler", postgres::look),
    kind("redis", "Redis: it writes, reads and lets expire; memory, eviction, refused commands", redis::look),
    kind("upstash-rest", "Redis over Upstash's HTTP interface, with each token", upstash_rest::look),
    kind("django-cache", "Django's caches, through the project's own settings", django_cache::look),
    of_web("gunicorn", "How many workers answer, and what each holds in memory", gunicorn::look),
    kind("celery", "A Celery worker answers", celery::look),
    of_web("latency", "How long answers take, seen from this machine", latency::look),
    of_web("rate-limit", "One request more than allowed is refused", rate_limit::look),
    kind("deploy", "Whether the newest deploy is live, as far as it can be seen", deploy::look),
];

const fn kind(name: &'static str, summary: &'static str, look: fn(&Probe, &Around) -> Result<Seen, Fault>) -> Kind {
    Kind { name, summary, look, longest: usual }
}

/// One that asks the web application, which may have to be woken.
const fn of_web(name: &'static str, summary: &'static str, look: fn(&Probe, &Around) -> Result<Seen, Fault>) -> Kind {
    Kind { name, summary, look, longest: http::longest }
}

fn usual(_: &Probe, around: &Around) -> Duration {
    around.limit
}
