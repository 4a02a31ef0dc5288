use std::collections::BTreeMap;

use super::asked::{self, milliseconds};
use super::{Around, Seen};
use crate::client::redis::{Address, Connection, Reply, is_command_refused, of_refusal};
use crate::client::{Cause, Fault};
use crate::plan::Probe;

/// How long the key of the probe lives when its removal fails, in seconds.
const KEY_SECONDS: &str = "10";

/// How many keys are tried until one belongs to the server of a cluster that is asked.
const MOST_KEYS: u32 = 100;

/// Commands that relatives of Redis refuse, in a form that changes nothing and waits for nothing.
const TRIED: &[&[&str]] = &[
    &["SELECT", "1"],
    &["CONFIG", "GET", "maxmemory-policy"],
    &["CLIENT", "LIST", "ID", "0"],
    &["EVAL", "return 1", "0"],
    &["SCAN", "0", "COUNT", "1"],
    &["BLPOP", "palier:probe:nothing", "0.01"],
    &["WAIT", "0", "1"],
    &["PUBSUB", "CHANNELS", "palier:probe:nothing"],
    &["OBJECT", "HELP"],
    &["MEMORY", "USAGE", "palier:probe:nothing"],
    &["FUNCTION", "STATS"],
    &["SLOWLOG", "LEN"],
    &["WATCH", "palier:probe:nothing"],
];

/// Connects, writes, reads, lets expire, and looks at what the plan relies on.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let address = match address(probe, around)? {
        Ok(address) => address,
        Err(unknown) => return Ok(unknown),
    };
    let deadline = around.deadline();
    let begin = around.clock.elapsed();
    let mut connection = Connection::open(&address, around.authorities(), &deadline)?;
    let connect = milliseconds(around.clock.elapsed().saturating_sub(begin));
    let facts = Facts::ask(&mut connection)?;
    write_read_expire(&mut connection, around, &address)?;
    let refused = refused(&mut connection, &address)?;
    judge(probe, &facts, &refused, &address).map(|seen| seen.figure("connect", connect, "ms"))
}

/// The address: in one variable, or its host and port in two.
pub(super) fn address(probe: &Probe, around: &Around) -> Result<Result<Address, Seen>, Fault> {
    if asked::text(probe, "host_variable").is_none() {
        let variable = asked::variable(probe, "REDIS_URL");
        let Some(url) = around.addresses.get(variable) else { return Ok(Err(asked::unset(variable))) };
        return Address::parse(url).map(Ok);
    }
    let password = asked::text(probe, "password_variable").and_then(|name| around.addresses.get(name)).cloned();
    let found = super::endpoint::endpoint(probe, around)?;
    Ok(found.map(|found| Address::of_host(&found.host, found.port, found.tls, password)))
}

/// What a server says of itself. `None` where it does not.
struct Facts {
    version: String,
    is_cluster: bool,
    is_replica: bool,
    used: Option<f64>,
    limit: Option<f64>,
    policy: Option<String>,
}

impl Facts {
    fn ask(connection: &mut Connection) -> Result<Self, Fault> {
        let info: BTreeMap<String, String> = connection.ask(&["INFO"])?.text().map_or_else(BTreeMap::new, |text| {
            let lines = text.lines().filter_map(|line| line.split_once(':'));
            lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
        });
        let policy = connection.ask(&["CONFIG", "GET", "maxmemory-policy"])?.texts().into_iter().nth(1);
        let number = |name: &str| info.get(name).and_then(|value| value.parse::<f64>().ok());
        let name = if info.contains_key("valkey_version") { "Valkey" } else { "Redis" };
        let version = info.get("valkey_version").or_else(|| info.get("redis_version"));
        Ok(Self {
            version: version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}")),
            is_cluster: info.get("cluster_enabled").is_some_and(|value| value == "1"),
            is_replica: info.get("role").is_some_and(|role| role == "slave"),
            used: number("used_memory"),
            limit: number("maxmemory").filter(|limit| *limit > 0.0),
            policy: policy.or_else(|| info.get("maxmemory_policy").cloned()),
        })
    }
}

/// One key of the probe's own is written with a short life, read, and removed.
fn write_read_expire(connection: &mut Connection, around: &Around, address: &Address) -> Result<(), Fault> {
    let lost = |what: &str| {
        Fault::new(Cause::UnexpectedAnswer, format!("{} {what}", address.shown()))
            .remedy("look whether it evicts keys at once, or whether several servers answer behind the address")
    };
    let key = written(connection, around, address)?;
    let read = connection.demand(&["GET", &key])?.text();
    let lives = connection.demand(&["TTL", &key])?.text().and_then(|text| text.parse::<i64>().ok());
    connection.demand(&["DEL", &key])?;
    if read.as_deref() != Some("palier") {
        return Err(lost("does not give back what was written"));
    }
    match lives {
        Some(seconds) if seconds >= 0 => Ok(()),
        _ => Err(lost("does not let keys expire")),
    }
}

/// Writes a key. In a cluster this server has some of the keys, and names another server for the others.
fn written(connection: &mut Connection, around: &Around, address: &Address) -> Result<String, Fault> {
    let stem = format!("palier:probe:{:x}", around.clock.now().as_nanosecond());
    let mut refusal = String::new();
    for number in 0..MOST_KEYS {
        let key = format!("{stem}:{number}");
        match connection.ask(&["SET", &key, "palier", "EX", KEY_SECONDS])? {
            Reply::Value(_) => return Ok(key),
            Reply::Refused(text) => refusal = text,
        }
        if !refusal.starts_with("MOVED") {
            break;
        }
    }
    Err(of_refusal(&refusal, &address.shown()))
}

/// Which commands are refused; a blocked or transaction state is left behind nowhere.
fn refused(connection: &mut Connection, address: &Address) -> Result<Vec<&'static str>, Fault> {
    let mut refused = Vec::new();
    for words in TRIED {
        if let Reply::Refused(text) = connection.ask(words)?
            && is_command_refused(&text)
        {
            refused.push(words.first().copied().unwrap_or_default());
        }
    }
    connection.ask(&["SELECT", &address.database.to_string()])?;
    Ok(refused)
}

fn judge(probe: &Probe, facts: &Facts, refused: &[&str], address: &Address) -> Result<Seen, Fault> {
    let at = address.shown();
    if facts.is_replica {
        return Err(Fault::new(Cause::ReadOnly, format!("{at} is a replica")).remedy("use the address of the primary"));
    }
    let needed: Vec<&str> = asked::texts(probe, "commands").into_iter().filter(|name| refused.contains(name)).collect();
    if !needed.is_empty() {
        return Err(Fault::new(Cause::NotPermitted, format!("{at} refuses {}", needed.join(", ")))
            .remedy("the application needs them: take another Redis, or a user that may use them"));
    }
    let (wanted, policy) = (asked::text(probe, "eviction"), facts.policy.as_deref());
    if let (Some(wanted), Some(policy)) = (wanted, policy)
        && wanted != policy
    {
        return Err(Fault::new(Cause::UnexpectedAnswer, format!("{at} evicts by `{policy}`, and not by `{wanted}`"))
            .remedy("set its maxmemory policy at the provider"));
    }
    let kind = if facts.is_cluster { "a cluster" } else { "no cluster" };
    let way = if address.tls { "over TLS" } else { "without TLS" };
    let mut note = format!(
        "{} at {at}/{}, {kind}, reached {way}; it writes, reads and lets expire",
        facts.version, address.database
    );
    note.push_str(&policy.map_or_else(String::new, |policy| format!("; evicts by `{policy}`")));
    if !refused.is_empty() {
        note.push_str(&format!("; refuses {}", refused.join(", ")));
    }
    let mut seen = match (wanted, policy) {
        (Some(wanted), None) => Seen::unknown(format!("{note}; whether it evicts by `{wanted}` cannot be seen")),
        _ => Seen::holds(note),
    };
    for (name, value) in [("memory", facts.used), ("memory limit", facts.limit)] {
        if let Some(value) = value {
            seen = seen.figure(name, value, "bytes");
        }
    }
    Ok(seen)
}
