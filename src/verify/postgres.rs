use super::asked::{self, address_or_unknown, counted, milliseconds};
use super::{Around, Seen};
use crate::client::postgres::{Address, Connection, SqlError, is_transaction_pooled};
use crate::client::{Cause, Fault};
use crate::plan::Probe;

/// One row of everything that a session may read of its server. `superuser_reserved_connections` are of no use to an
/// application; sessions of others hide when their transactions began unless the role may see them.
const FACTS: &str = "SELECT current_setting('server_version'), current_user, current_setting('max_connections'), \
    current_setting('superuser_reserved_connections'), \
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()), \
    pg_is_in_recovery(), current_setting('transaction_read_only'), \
    (SELECT string_agg(extname, ', ' ORDER BY extname) FROM pg_extension), \
    (SELECT string_agg(indexrelid::regclass::text, ', ') FROM pg_index WHERE NOT indisvalid), \
    (SELECT max(extract(epoch FROM now() - xact_start))::int FROM pg_stat_activity \
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()), \
    pg_database_size(current_database())";

struct Facts {
    version: String,
    role: String,
    max_connections: u64,
    reserved: u64,
    connected: u64,
    replica: bool,
    read_only: bool,
    extensions: String,
    invalid_indexes: String,
    oldest_seconds: u64,
    bytes: u64,
}

/// Connects, and looks at what the plan relies on.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let address = Address::parse(address_or_unknown!(around, asked::variable(probe, "DATABASE_URL")))?;
    let deadline = around.deadline();
    let begin = around.clock.elapsed();
    let mut connection = Connection::open(&address, deadline.left())?;
    let connect = milliseconds(around.clock.elapsed().saturating_sub(begin));
    let facts = facts(&mut connection).map_err(|error| of_sql(&error, &address, deadline.is_over()))?;
    connection.close();
    judge(probe, &facts, &address)?;
    // Where it cannot be found out (no connection is left for it), the rest still holds.
    let pooled = is_transaction_pooled(&address, deadline.left());
    if asked::flag(probe, "direct") && matches!(pooled, Ok(true)) {
        return Err(Fault::new(Cause::Pooled, format!("{} is a pooler in transaction mode", address.shown()))
            .remedy("give the direct address in DIRECT_DATABASE_URL"));
    }
    let way = match pooled {
        Ok(true) => "through a pooler in transaction mode",
        Ok(false) => "directly",
        Err(_) => "directly or through a pooler",
    };
    Ok(seen(&facts, &address, way).figure("connect", connect, "ms"))
}

fn facts(connection: &mut Connection) -> Result<Facts, SqlError> {
    let row = connection.rows(FACTS)?.into_iter().next().unwrap_or_default();
    let text = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    let number = |index: usize| text(index).parse().unwrap_or(0);
    Ok(Facts {
        version: text(0),
        role: text(1),
        max_connections: number(2),
        reserved: number(3),
        connected: number(4),
        replica: text(5) == "t",
        read_only: text(6) == "on",
        extensions: text(7),
        invalid_indexes: text(8),
        oldest_seconds: number(9),
        bytes: number(10),
    })
}

fn judge(probe: &Probe, facts: &Facts, address: &Address) -> Result<(), Fault> {
    let shown = address.shown();
    let fault = |cause, message: String, remedy: &str| Err(Fault::new(cause, message).remedy(remedy));
    if facts.replica && !asked::flag(probe, "replica") {
        let remedy = "use the address of the primary";
        return fault(Cause::ReadOnly, format!("{shown} is a replica and takes no writes"), remedy);
    }
    if facts.read_only && !facts.replica {
        let remedy = "at its storage limit a database becomes read-only: raise the storage, or delete data; else look \
                      at `default_transaction_read_only`";
        return fault(Cause::ReadOnly, format!("{shown} accepts no writes"), remedy);
    }
    if let Some(limit) = asked::figure(probe, "storage_gb").map(|gb| gb * 1e9) {
        #[allow(clippy::cast_precision_loss, reason = "bytes of a database")]
        let bytes = facts.bytes as f64;
        if bytes >= limit {
            let message = format!("{shown} holds {:.2} GB and has {:.2} GB of storage", bytes / 1e9, limit / 1e9);
            return fault(Cause::Full, message, "raise the storage, or delete data and run VACUUM FULL");
        }
    }
    let usable = facts.max_connections.saturating_sub(facts.reserved);
    let wanted = asked::number(probe, "max_connections").unwrap_or(0);
    if facts.max_connections < wanted {
        let message = format!("{shown} accepts {} connections, and the plan counts on {wanted}", facts.max_connections);
        return fault(Cause::OutOfLimit, message, "wait until the new plan is live, or lower workers and pool sizes");
    }
    let planned = asked::number(probe, "used_connections").unwrap_or(0);
    if planned > usable {
        let message = format!("the application may open {planned} connections and {shown} has {usable} for it");
        return fault(
            Cause::OutOfLimit,
            message,
            "lower workers or pool sizes, use the pooled address, or a larger plan",
        );
    }
    let missing: Vec<&str> = asked::texts(probe, "extensions")
        .into_iter()
        .filter(|name| !facts.extensions.split(", ").any(|there| there == *name))
        .collect();
    if !missing.is_empty() {
        let message = format!("{shown} lacks the extension {}", missing.join(", "));
        return fault(Cause::Missing, message, "run CREATE EXTENSION as the database's owner");
    }
    match asked::number(probe, "oldest_transaction_seconds") {
        Some(limit) if facts.oldest_seconds > limit => {
            let message = format!("a transaction has been open for {} s in {shown}", facts.oldest_seconds);
            fault(Cause::Blocked, message, "find it in pg_stat_activity, and end it or wait for its end")
        }
        _ => Ok(()),
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts and bytes of a database")]
fn seen(facts: &Facts, address: &Address, way: &str) -> Seen {
    let kind = if facts.replica { "replica" } else { "primary" };
    let mut note = format!(
        "Postgres {} at {}, {kind}, reached {way} as `{}`; {} of {} in use",
        facts.version.split(' ').next().unwrap_or_default(),
        address.shown(),
        facts.role,
        facts.connected,
        counted(facts.max_connections, "connection"),
    );
    if !facts.extensions.is_empty() {
        note.push_str(&format!("; extensions: {}", facts.extensions));
    }
    if !facts.invalid_indexes.is_empty() {
        note.push_str(&format!("; invalid indexes, which cost writes and help nobody: {}", facts.invalid_indexes));
    }
    Seen::holds(note)
        .figure("max connections", facts.max_connections as f64, "connections")
        .figure("used connections", facts.connected as f64, "connections")
        .figure("oldest transaction", facts.oldest_seconds as f64, "s")
        .figure("size", facts.bytes as f64, "bytes")
}

/// It has let the session in: whatever fails now is no matter of the address.
fn of_sql(error: &SqlError, address: &Address, is_late: bool) -> Fault {
    let shown = address.shown();
    if error.is_lost() && is_late {
        return Fault::new(Cause::Slow, format!("{shown} lets sessions in and does not answer a question in time"))
            .remedy("look in pg_stat_activity and pg_locks for what it is busy with or waits for");
    }
    let cause = if error.is_lost() { Cause::Reset } else { Cause::Other };
    let remedy = if error.hint.is_empty() { "look into its log" } else { &error.hint };
    Fault::new(cause, format!("{shown} does not tell about itself: {error}")).remedy(remedy)
}
