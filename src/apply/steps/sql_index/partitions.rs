//! The index of a partitioned table: Postgres builds none concurrently on the parent. So the parent's is made without
//! those of its partitions, each of those is built concurrently, and each is attached; the last one makes the parent's
//! valid. Every part looks first what is there, so that all of it can be repeated.

use std::time::Duration;

use super::build;
use super::catalog::{State, state, text};
use super::in_the_way;
use super::remove;
use super::site::Site;
use super::stop::Stop;
use super::worker::{Worker, steadily};
use crate::apply::steps::{Progress, StepContext, Trouble};
use crate::client::postgres::{Connection, SqlError};
use crate::diagnostic::Diagnostic;
use crate::generate::migrations::{Index, literal};

/// How long a lock that readers or writers would queue behind is waited for, at a time.
const BRIEF: Duration = Duration::from_secs(1);
/// How long everybody else goes first before it is tried again.
const BREATH: Duration = Duration::from_millis(500);
/// How often partitions that came meanwhile are looked for.
const ROUNDS: usize = 3;

/// A table of the tree, and its part of the index.
struct Part {
    index: Index,
    /// The part above; `None` at the top.
    parent: Option<usize>,
    is_leaf: bool,
    is_attached: bool,
}

/// Builds the index on every partition and on the parent, unless it is there.
pub(super) fn ensure(site: &Site<'_>, index: &Index) -> Result<(), Trouble> {
    steadily(site, index, |worker| {
        for _ in 0..ROUNDS {
            if round(worker, index)? == State::Valid {
                return Ok(());
            }
        }
        Err(Stop::Passing("the index of the parent is not valid though every partition has its own".to_owned()))
    })
}

fn round(worker: &mut Worker<'_>, index: &Index) -> Result<State, Stop> {
    let connection = worker.connection()?;
    match state(connection, index)? {
        State::Valid => return Ok(State::Valid),
        State::Other { definition } => return Err(Trouble::failed(build::taken(index, &definition)).into()),
        State::Absent | State::Invalid => {}
    }
    let parts = tree(connection, index)?;
    // From the top down: what Postgres refuses (a unique index without the partition's key) is refused before anything
    // was built, and partitions that are made from here on get their index by themselves.
    for part in parts.iter().filter(|part| !part.is_leaf) {
        if state(worker.connection()?, &part.index)? == State::Absent {
            // SHARE on this table alone, not on its partitions: writers wait until it is made, which reads nothing.
            briefly(worker, &part.index, &part.index.create_on_only())?;
        }
    }
    build_leaves(worker.site, &parts)?;
    // From the bottom up, so that each part is valid when it is attached.
    for part in parts.iter().rev().filter(|part| !part.is_attached) {
        let Some(parent) = part.parent.and_then(|number| parts.get(number)) else { continue };
        let (above, below) = (parent.index.qualified_name(), part.index.qualified_name());
        // ACCESS EXCLUSIVE on the partition's index: queries of that partition wait, for a change of the catalog.
        briefly(worker, &part.index, &format!("ALTER INDEX {above} ATTACH PARTITION {below}"))?;
    }
    Ok(state(worker.connection()?, index)?)
}

fn build_leaves(site: &Site<'_>, parts: &[Part]) -> Result<(), Trouble> {
    let leaves: Vec<&Part> = parts.iter().filter(|part| part.is_leaf).collect();
    for (number, part) in leaves.iter().enumerate() {
        if site.context.interrupt.is_raised() {
            return Err(Trouble::Interrupted { clean: false });
        }
        let progress = OfWhole { whole: site.context.progress, number, count: leaves.len() };
        let context = StepContext { progress: &progress, ..*site.context };
        let of_part = Site { context: &context, address: site.address.clone(), variable: site.variable };
        build::ensure(&of_part, &part.index).map_err(in_the_middle)?;
    }
    Ok(())
}

/// The progress of one partition as a part of the whole, each counted alike.
struct OfWhole<'a> {
    whole: &'a dyn Progress,
    number: usize,
    count: usize,
}

impl Progress for OfWhole<'_> {
    #[allow(clippy::cast_precision_loss, reason = "partitions are few")]
    fn tell(&self, what: &str, share: Option<f64>) {
        let what = format!("partition {} of {}: {what}", self.number + 1, self.count);
        self.whole.tell(&what, share.map(|share| (self.number as f64 + share) / self.count as f64));
    }
}

/// Finished partitions stay: an interrupted build of one leaves the others half of the whole.
fn in_the_middle(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Interrupted { .. } => Trouble::Interrupted { clean: false },
        other => other,
    }
}

/// The tables from the top down, with the names of their parts of the index: that of the one that is attached already,
/// whoever made it, else palier's own.
fn tree(connection: &mut Connection, index: &Index) -> Result<Vec<Part>, Stop> {
    let sql = format!(
        "SELECT n.nspname, c.relname, t.isleaf, c.relkind, t.parentrelid, t.relid, h.inhrelid::regclass IS NOT NULL,
            (SELECT relname FROM pg_catalog.pg_class WHERE oid = h.inhrelid)
        FROM pg_partition_tree(to_regclass({table})) AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN (SELECT i.indrelid, p.inhrelid FROM pg_catalog.pg_inherits AS p
                JOIN pg_catalog.pg_index AS i ON i.indexrelid = p.inhrelid
                WHERE p.inhparent IN (SELECT relid FROM pg_partition_tree(to_regclass({name})))) AS h
                ON h.indrelid = t.relid
        ORDER BY t.level, c.relname",
        table = literal(&index.table()),
        name = literal(&index.qualified_name()),
    );
    let mut parts: Vec<Part> = Vec::new();
    let mut numbers: Vec<String> = Vec::new();
    for row in connection.rows(&sql)? {
        let (schema, table) = (text(&row, 0), text(&row, 1));
        if text(&row, 3) == "f" {
            return Err(Trouble::failed(foreign(index, &table)).into());
        }
        let parent = numbers.iter().position(|relid| *relid == text(&row, 4));
        let own = index.on_partition(&schema, &table);
        let is_attached = text(&row, 6) == "t";
        let index = match (parent, is_attached) {
            (None, _) => index.clone(),
            (Some(_), true) => own.named(&text(&row, 7)),
            (Some(_), false) => own,
        };
        parts.push(Part { index, parent, is_leaf: text(&row, 2) == "t" && text(&row, 3) != "p", is_attached });
        numbers.push(text(&row, 5));
    }
    Ok(parts)
}

fn foreign(index: &Index, partition: &str) -> Diagnostic {
    let message = format!("`{partition}`, a partition of {}, is a foreign table and has no indexes", index.table());
    Diagnostic::error("index-foreign-partition", message)
        .why("the index of the parent is valid only when every partition has its own")
        .help("build the index where the foreign table lives, and here by hand on the other partitions")
}

/// Runs a statement that takes a strong lock for an instant. Others queue behind whoever waits for such a lock: it is
/// given up after a second, everybody goes first, and it is tried again.
fn briefly(worker: &mut Worker<'_>, index: &Index, sql: &str) -> Result<(), Stop> {
    let site = worker.site;
    let connection = worker.connection()?;
    let limit = BRIEF.min(site.context.around.limit.mul_f64(0.5));
    connection.run(&format!("SET lock_timeout = {}", limit.as_millis().max(1)))?;
    let done = site.context.poll(site.patience(), BREATH, || match connection.run(sql) {
        Ok(()) => Ok(Some(Ok(()))),
        Err(error) if matches!(error.code.as_str(), "55P03" | "40P01") => {
            site.tell(&format!("waiting for a moment without readers and writers on {}", index.table()));
            Ok(None)
        }
        Err(error) => Ok(Some(Err(error))),
    });
    let done = done.map_err(in_the_middle)?;
    match done {
        Some(result) => {
            result?;
            Ok(connection.run("SET lock_timeout = 0")?)
        }
        None => {
            let found = in_the_way::look(connection, index, Duration::ZERO)?;
            Err(Trouble::failed(in_the_way::blocked(site, index, &found)).into())
        }
    }
}

/// Drops the index of the parent with all that is attached to it, then what was built and not attached.
pub(super) fn gone(site: &Site<'_>, index: &Index) -> Result<(), Trouble> {
    steadily(site, index, |worker| {
        let parts = tree(worker.connection()?, index)?;
        if is_there(worker.connection()?, index)? {
            // Postgres drops no partitioned index concurrently: ACCESS EXCLUSIVE on the parent and its partitions, for
            // an instant; nothing is read.
            briefly(worker, index, &format!("DROP INDEX {}", index.qualified_name()))?;
        }
        let own = parts.iter().filter(|part| part.parent.is_some() && !part.is_attached);
        for part in own {
            if part.is_leaf {
                remove::gone(site, &part.index).map_err(in_the_middle)?;
            } else if is_there(worker.connection()?, &part.index)? {
                briefly(worker, &part.index, &format!("DROP INDEX {}", part.index.qualified_name()))?;
            }
        }
        Ok(())
    })
}

/// Indexes of partitions that were built for the parent's and do not belong to it.
pub(super) fn loose(connection: &mut Connection, index: &Index) -> Result<Vec<String>, Stop> {
    let mut names = Vec::new();
    for part in tree(connection, index)?.iter().filter(|part| part.parent.is_some() && !part.is_attached) {
        if is_there(connection, &part.index)? {
            names.push(part.index.name().to_owned());
        }
    }
    Ok(names)
}

fn is_there(connection: &mut Connection, index: &Index) -> Result<bool, SqlError> {
    Ok(matches!(state(connection, index)?, State::Valid | State::Invalid))
}
