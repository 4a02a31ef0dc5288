//! What the refusals of Redis and of its relatives mean.

use crate::client::{Cause, Fault};

/// Beginnings of refusals, or words in them, with the cause, what it means and what to do. The first that fits counts.
/// The words are those of redis-server and Valkey; those with "limit exceeded" and "quota" are Upstash's
/// (its documentation, "Troubleshooting").
const REFUSALS: &[(&str, Cause, &str, &str)] = &[
    (
        "NOAUTH",
        Cause::PasswordMissing,
        "asks for a password and the address has none",
        "put the password into the address: redis://default:PASSWORD@HOST:PORT",
    ),
    (
        "WRONGPASS",
        Cause::WrongPassword,
        "does not accept the password",
        "copy the address anew from the provider; special characters in it are percent-encoded",
    ),
    (
        "ERR invalid password",
        Cause::WrongPassword,
        "does not accept the password",
        "copy the address anew from the provider; special characters in it are percent-encoded",
    ),
    (
        "without any password configured",
        Cause::WrongPassword,
        "has no password and the address gives one",
        "check that it is the right server, or leave the password out of the address",
    ),
    (
        "Unauthorized",
        Cause::WrongPassword,
        "does not accept the token",
        "copy address and token anew from the provider: the token is not the password",
    ),
    (
        "max number of clients",
        Cause::TooManyConnections,
        "has no connection left",
        "close idle clients, lower pools and workers, or raise `maxclients`",
    ),
    (
        "max concurrent connections",
        Cause::TooManyConnections,
        "has no connection left",
        "close idle clients, lower pools and workers, or take a larger plan",
    ),
    (
        "OOM",
        Cause::Full,
        "is full and takes no more writes",
        "give keys a time to live, choose an eviction policy, or take a larger plan",
    ),
    (
        "DB capacity quota exceeded",
        Cause::Full,
        "is full and takes no more writes",
        "give keys a time to live, switch eviction on, or take a larger plan",
    ),
    (
        "MISCONF",
        Cause::Full,
        "takes no writes because it cannot save its data",
        "look at its disk: it is full or not writable",
    ),
    (
        "requests limit exceeded",
        Cause::OutOfLimit,
        "has used up the requests of its plan",
        "wait for the next period, or take a larger plan",
    ),
    (
        "daily request limit",
        Cause::OutOfLimit,
        "has used up the requests of its plan",
        "wait for the next period, or take a larger plan",
    ),
    ("READONLY", Cause::ReadOnly, "is a replica and takes no writes", "use the address of the primary"),
    ("NOPERM", Cause::NotPermitted, "does not let this user do that", "use a user or a token that may read and write"),
    ("LOADING", Cause::Starting, "is still loading its data", "try again soon"),
    (
        "CLUSTERDOWN",
        Cause::Starting,
        "is a cluster in which not every slot is served",
        "wait until every shard is there",
    ),
    (
        "MASTERDOWN",
        Cause::Starting,
        "is a replica that has lost its primary",
        "use the address of the primary, or wait",
    ),
    (
        "MOVED",
        Cause::ReadOnly,
        "is a server of a cluster that holds none of the data",
        "use the configuration endpoint of the cluster",
    ),
    (
        "DENIED",
        Cause::AddressNotAllowed,
        "takes connections from its own machine alone (protected mode)",
        "set a password, or bind it to the private network",
    ),
    (
        "allowlist",
        Cause::AddressNotAllowed,
        "does not let this machine's address in",
        "add the address to its list of allowed ones",
    ),
    (
        "DB index is out of range",
        Cause::Missing,
        "has no database of that number",
        "end the address with /0, or with no number at all",
    ),
    (
        "SELECT is not allowed",
        Cause::Missing,
        "has no database of that number",
        "a cluster has database 0 alone: end the address with /0",
    ),
];

/// What a refusal means; `at` is host and port.
#[must_use]
pub fn of_refusal(text: &str, at: &str) -> Fault {
    let found = REFUSALS.iter().find(|(words, ..)| is_said(text, words));
    match found {
        Some((_, cause, what, remedy)) => Fault::new(*cause, format!("{at} {what}")).remedy(*remedy),
        None => Fault::new(Cause::Other, format!("{at} refuses: {text}")),
    }
}

/// Whether a refusal says that the command itself is not to be had there.
#[must_use]
pub fn is_command_refused(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words =
        ["noperm", "unknown command", "not allowed", "not supported", "unsupported", "out of range", "disabled"];
    words.iter().any(|word| lower.contains(word))
}

fn is_said(text: &str, words: &str) -> bool {
    let is_code = words.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { text.starts_with(words) } else { text.to_lowercase().contains(&words.to_lowercase()) }
}

#[cfg(test)]
mod tests {
    use super::{is_command_refused, of_refusal};
    use crate::client::Cause;

    #[test]
    fn refusals_of_redis_and_of_upstash_have_names() {
        for (text, cause) in [
            ("WRONGPASS invalid username-password pair or user is disabled.", Cause::WrongPassword),
            ("OOM command not allowed when used memory > 'maxmemory'.", Cause::Full),
            ("ERR DB capacity quota exceeded", Cause::Full),
            ("ERR max requests limit exceeded. Limit: 500000, Usage: 500000", Cause::OutOfLimit),
            ("ERR max number of clients reached", Cause::TooManyConnections),
            ("READONLY You can't write against a read only replica.", Cause::ReadOnly),
            ("ERR something new", Cause::Other),
        ] {
            assert_eq!(of_refusal(text, "host:1").cause, cause, "{text}");
        }
        assert!(is_command_refused("ERR unknown command 'WAIT'") && !is_command_refused("ERR syntax error"));
    }
}
