use std::sync::OnceLock;

use super::{Metrics, Snapshot};
use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::units::Duration;

/// Reads a usage file.
///
/// # Errors
/// Every problem: unknown keys, wrong types, quantities without units, figures that contradict each other.
pub fn parse(document: &Document) -> Result<Metrics, Vec<Diagnostic>> {
    let snapshot: Snapshot = document.decode(derived())?;
    let mut problems = contradictions(&snapshot, document, "");
    for (index, earlier) in snapshot.history.iter().enumerate() {
        problems.extend(contradictions(earlier, document, &format!("history.{index}.")));
        if !earlier.history.is_empty() {
            problems.push(
                Diagnostic::error("nested-history", "an earlier snapshot holds a history of its own")
                    .at(document.place_of(&format!("history.{index}.history")))
                    .help("list every earlier snapshot under the one `history:` at the top"),
            );
        }
        if earlier.taken_at.is_none() {
            problems.push(
                Diagnostic::error("snapshot-without-date", "an earlier snapshot does not say when it was taken")
                    .at(document.place_of(&format!("history.{index}")))
                    .help("add `taken_at: 2026-10-20T08:00:00Z`"),
            );
        }
    }
    if problems.is_empty() { Ok(Metrics::new(snapshot, Some(document.clone()))) } else { Err(problems) }
}

/// The JSON Schema of `metrics.yaml`, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = derived().clone();
    schema.insert("title".to_owned(), "metrics.yaml".into());
    schema.to_value()
}

/// The schema that the type derives: the same for every file, so it is derived once.
fn derived() -> &'static schemars::Schema {
    static SCHEMA: OnceLock<schemars::Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| schemars::schema_for!(Snapshot))
}

/// A pair of figures of which the first must not exceed the second.
struct Ordered<'a> {
    low: (&'a str, Option<f64>, String),
    high: (&'a str, Option<f64>, String),
}

fn contradictions(snapshot: &Snapshot, document: &Document, prefix: &str) -> Vec<Diagnostic> {
    let latency = &snapshot.requests.latency;
    let duration = |value: Option<Duration>| (value.map(Duration::as_seconds), shown(value));
    let pairs = [
        ordered("requests.latency.p50", duration(latency.p50), "requests.latency.p95", duration(latency.p95)),
        ordered("requests.latency.p95", duration(latency.p95), "requests.latency.p99", duration(latency.p99)),
        ordered("requests.latency.p50", duration(latency.p50), "requests.latency.p99", duration(latency.p99)),
        ordered(
            "requests.per_second.mean",
            (snapshot.requests.per_second.mean.map(|rate| rate.value()), shown(snapshot.requests.per_second.mean)),
            "requests.per_second.peak",
            (snapshot.requests.per_second.peak.map(|rate| rate.value()), shown(snapshot.requests.per_second.peak)),
        ),
        ordered(
            "web.cpu.mean",
            (snapshot.web.cpu.mean, shown(snapshot.web.cpu.mean)),
            "web.cpu.peak",
            (snapshot.web.cpu.peak, shown(snapshot.web.cpu.peak)),
        ),
        ordered(
            "users.concurrent_peak",
            (count(snapshot.users.concurrent_peak), shown(snapshot.users.concurrent_peak)),
            "users.registered",
            (count(snapshot.users.registered), shown(snapshot.users.registered)),
        ),
        ordered(
            "users.active",
            (count(snapshot.users.active), shown(snapshot.users.active)),
            "users.registered",
            (count(snapshot.users.registered), shown(snapshot.users.registered)),
        ),
        ordered(
            "web.memory_per_worker.start",
            (snapshot.web.memory_per_worker.start.map(|b| b.as_f64()), shown(snapshot.web.memory_per_worker.start)),
            "web.memory_per_worker.peak",
            (snapshot.web.memory_per_worker.peak.map(|b| b.as_f64()), shown(snapshot.web.memory_per_worker.peak)),
        ),
    ];
    pairs.into_iter().filter_map(|pair| pair.problem(document, prefix)).collect()
}

#[allow(clippy::cast_precision_loss)]
fn count(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn shown<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn ordered<'a>(
    low: &'a str,
    low_value: (Option<f64>, String),
    high: &'a str,
    high_value: (Option<f64>, String),
) -> Ordered<'a> {
    Ordered { low: (low, low_value.0, low_value.1), high: (high, high_value.0, high_value.1) }
}

impl Ordered<'_> {
    fn problem(self, document: &Document, prefix: &str) -> Option<Diagnostic> {
        let (low, high) = (self.low.1?, self.high.1?);
        (low > high).then(|| {
            let message =
                format!("`{}` is {}, which is above `{}`, {}", self.low.0, self.low.2, self.high.0, self.high.2);
            Diagnostic::error("impossible-figures", message)
                .at(document.place_of(&format!("{prefix}{}", self.high.0)))
                .why("a decision on figures that cannot both be true would be wrong")
                .help("measure again, or leave the doubtful one out: it is then unknown")
        })
    }
}
