//! How far a statement is, from `pg_stat_progress_create_index`, and whom it waits for.

use super::catalog::text;
use crate::client::postgres::{Connection, SqlError};

/// What a server process does.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// Whether it runs a statement.
    pub(super) is_active: bool,
    /// In words.
    pub(super) phase: String,
    /// The share that is done, when it is known.
    pub(super) share: Option<f64>,
}

/// Looks at a server process; `None` when there is none.
pub(super) fn look(connection: &mut Connection, process: &str) -> Result<Option<Seen>, SqlError> {
    if process.is_empty() || !process.chars().all(|c| c.is_ascii_digit()) {
        return Ok(None);
    }
    // Whom it waits for is told by process, user and application; queries are nobody's business.
    let sql = format!(
        "SELECT a.state, p.phase, p.blocks_done, p.blocks_total, p.lockers_done, p.lockers_total,
            (SELECT string_agg(format('process %s (%s, %s)', b.pid, b.usename, coalesce(b.state, 'working')), ', ')
                FROM pg_catalog.pg_stat_activity AS b WHERE b.pid = ANY (pg_blocking_pids(a.pid)))
        FROM pg_catalog.pg_stat_activity AS a
            LEFT JOIN pg_catalog.pg_stat_progress_create_index AS p ON p.pid = a.pid
        WHERE a.pid = {process}"
    );
    Ok(connection.rows(&sql)?.first().map(|row| seen(row)))
}

fn seen(row: &[Option<String>]) -> Seen {
    let phase = text(row, 1);
    let (begin, end) = span(&phase);
    let done = ratio(&text(row, 2), &text(row, 3)).or_else(|| ratio(&text(row, 4), &text(row, 5)));
    // How long somebody else's transaction lasts nobody knows.
    let is_known = !phase.is_empty() && !phase.starts_with("waiting for");
    let share = is_known.then(|| (end - begin).mul_add(done.unwrap_or(0.0), begin));
    let waits_for = text(row, 6);
    let mut told = if phase.is_empty() { "working".to_owned() } else { phase };
    if !waits_for.is_empty() {
        told = format!("{told}, waiting for {waits_for}");
    }
    Seen { is_active: text(row, 0) != "idle", phase: told, share }
}

fn ratio(done: &str, total: &str) -> Option<f64> {
    let (done, total) = (done.parse::<f64>().ok()?, total.parse::<f64>().ok()?);
    (total > 0.0).then(|| (done / total).clamp(0.0, 1.0))
}

/// Where a phase begins and ends in the whole: a concurrent build reads the table twice, and sorts in between.
fn span(phase: &str) -> (f64, f64) {
    match phase {
        "waiting for writers before build" => (0.0, 0.02),
        phase if phase.starts_with("building index") => (0.02, 0.6),
        "waiting for writers before validation" => (0.6, 0.62),
        "index validation: scanning index" => (0.62, 0.7),
        "index validation: sorting tuples" => (0.7, 0.75),
        "index validation: scanning table" => (0.75, 0.97),
        "waiting for old snapshots" => (0.97, 1.0),
        _ => (0.0, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::seen;

    #[test]
    fn the_share_grows_from_phase_to_phase() {
        let share = |phase: &str, done: &str, total: &str| {
            let row = [Some("active"), Some(phase), Some(done), Some(total), Some("0"), Some("0"), None];
            seen(&row.map(|value| value.map(str::to_owned))).share.expect("a share")
        };
        let first = share("building index: scanning table", "10", "100");
        let second = share("building index: scanning table", "90", "100");
        let third = share("index validation: scanning table", "10", "100");
        assert!(0.0 < first && first < second && second < third && third < 1.0, "{first} {second} {third}");
    }
}
