//! The keys that keep a unique index from being built.

use std::time::Duration;

use super::catalog::text;
use super::worker::Worker;
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::Index;

/// How many keys are named.
const NAMED: usize = 10;

/// Keys that are there more than once, with how often. It reads the whole table, as the build did, but it is not worth
/// waiting long for: nothing is found when it takes its time.
pub(super) fn find(worker: &mut Worker<'_>, index: &Index) -> Vec<String> {
    // The server ends the search before this side would, so that the session can be used further.
    let limit = worker.site.context.around.limit.mul_f64(0.8).max(Duration::from_millis(1));
    let Ok(connection) = worker.connection() else { return Vec::new() };
    let keys = index.keys();
    let shown = keys.iter().map(|key| format!("({key})::text")).collect::<Vec<_>>().join(", ");
    let present = keys.iter().map(|key| format!("({key}) IS NOT NULL")).collect::<Vec<_>>().join(" AND ");
    let condition = index.condition().map_or_else(String::new, |condition| format!(" AND ({condition})"));
    let sql = format!(
        "SELECT count(*), {shown} FROM {} WHERE {present}{condition} GROUP BY {} HAVING count(*) > 1
        ORDER BY 1 DESC LIMIT {NAMED}",
        index.table(),
        keys.join(", "),
    );
    let asked = connection.run(&format!("SET statement_timeout = {}", limit.as_millis()));
    let rows = asked.and_then(|()| connection.rows(&sql)).unwrap_or_default();
    let _ = connection.run("SET statement_timeout = 0");
    rows.iter()
        .map(|row| {
            let values: Vec<String> = (1..=keys.len()).map(|column| shortened(&text(row, column))).collect();
            format!("({}) {} times", values.join(", "), text(row, 0))
        })
        .collect()
}

fn shortened(value: &str) -> String {
    let plain: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if plain.chars().count() <= 60 { plain } else { format!("{}...", plain.chars().take(60).collect::<String>()) }
}

/// What is there twice, and what to do about it; `detail` is what Postgres says of the first key that it met.
pub(super) fn diagnostic(index: &Index, detail: &str, keys: &[String]) -> Diagnostic {
    let named = if keys.is_empty() { detail.to_owned() } else { keys.join("; ") };
    let more = if keys.len() == NAMED { "; and perhaps more" } else { "" };
    // The keys are rows of the user's: they are shown once, and the message, which the journal keeps, has none of them.
    let message = format!(
        "the unique index `{}` cannot be built: {} holds ({}) more than once",
        index.name(),
        index.table(),
        index.keys().join(", "),
    );
    Diagnostic::error("index-duplicates", message)
        .why(format!("these are there more than once: {named}{more}"))
        .help("delete or merge the duplicates and keep new ones out, then run this again; or leave `unique` away")
}
