use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

use super::Address;
use crate::client::{Cause, Fault, tcp, tls_fault};

/// What Postgres said when it refused a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", if detail.is_empty() { String::new() } else { format!(" ({detail})") })]
pub struct SqlError {
    /// The SQLSTATE; empty when the connection broke.
    pub code: String,
    /// The message.
    pub message: String,
    /// More about it, such as the key that is there twice.
    pub detail: String,
    /// Postgres' own advice.
    pub hint: String,
}

impl SqlError {
    /// What a failed question says, with the secrets of the address hidden. sqlx's own text ends in a line number of
    /// Postgres' source, which would mislead: the parts are taken one by one.
    pub(super) fn of(error: &Error, address: &Address) -> Self {
        let hide = |text: &str| address.secret().hide_in(text);
        match error {
            Error::Database(database) => {
                let postgres = database.try_downcast_ref::<PgDatabaseError>();
                Self {
                    code: database.code().unwrap_or_default().into_owned(),
                    message: hide(database.message()),
                    detail: hide(postgres.and_then(PgDatabaseError::detail).unwrap_or_default()),
                    hint: hide(postgres.and_then(PgDatabaseError::hint).unwrap_or_default()),
                }
            }
            other => {
                let fault = of_sqlx(other, address);
                Self { code: String::new(), message: fault.message, detail: String::new(), hint: fault.remedy }
            }
        }
    }

    /// Whether the connection is gone, so that nothing is known of the statement.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        // 57P01-57P03: the server shuts down; 08xxx: the connection broke.
        self.code.is_empty() || self.code.starts_with("08") || self.code.starts_with("57P0")
    }
}

/// What a failure to connect, or of an open connection, means.
#[must_use]
pub fn of_sqlx(error: &Error, address: &Address) -> Fault {
    let (host, port) = (address.host.as_str(), address.port);
    match error {
        Error::Io(error) => match tls_fault::inside(error) {
            Some(tls) => tls_fault::of_tls(tls, host, port),
            None => tcp::of_io(error, host, port),
        },
        Error::Tls(error) => match tls_fault::inside(error.as_ref()) {
            Some(tls) => tls_fault::of_tls(tls, host, port),
            None if error.to_string().contains("does not support TLS") => {
                Fault::new(Cause::PlainPort, format!("{host}:{port} speaks without TLS"))
                    .remedy("leave `sslmode` out of the address, or use the external address, which speaks TLS")
            }
            None => Fault::new(Cause::Tls, format!("TLS with {host}:{port} fails: {error}")),
        },
        Error::Database(database) => {
            of_code(&database.code().unwrap_or_default(), &address.secret().hide_in(database.message()), address)
        }
        // sqlx takes the end of the connection for an answer of one zero byte.
        Error::Protocol(text) if text.contains("SSLRequest: 0x00") => {
            tcp::of_io(&std::io::ErrorKind::UnexpectedEof.into(), host, port)
        }
        other => Fault::new(
            Cause::UnexpectedAnswer,
            format!("{host}:{port} does not answer as Postgres does: {}", address.secret().hide_in(&other.to_string())),
        )
        .remedy("check that the address is the database's"),
    }
}

fn is_without_tls(address: &Address) -> bool {
    let url = address.secret().expose();
    ["sslmode=disable", "sslmode=allow", "ssl-mode=disable"].iter().any(|setting| url.contains(setting))
}

/// Codes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_code(code: &str, message: &str, address: &Address) -> Fault {
    let shown = address.shown();
    let user = &address.user;
    match code {
        "28P01" => Fault::new(Cause::WrongPassword, format!("the password of `{user}` at {shown} is wrong"))
            .remedy("copy the address anew from the provider; special characters in it are percent-encoded"),
        // TLS is spoken wherever both sides can, unless the address forbids it: else the rules mean the machine.
        "28000" if is_without_tls(address) && (message.contains("no encryption") || message.contains("SSL off")) => {
            Fault::new(Cause::TlsPort, format!("{shown} takes no connection without TLS"))
                .remedy("add `?sslmode=require` to the address")
        }
        "28000" if message.contains("pg_hba.conf") => {
            Fault::new(Cause::AddressNotAllowed, format!("{shown} does not let this machine's address in"))
                .remedy("add the address to the database's list of allowed ones, or use its internal address")
        }
        "28000" => Fault::new(Cause::WrongPassword, format!("{shown} does not know `{user}`: {message}"))
            .remedy("copy the address anew from the provider"),
        "3D000" => Fault::new(Cause::Missing, format!("there is no database `{}` at {shown}", address.database))
            .remedy("check the end of the address, or create the database"),
        "53300" => Fault::new(Cause::TooManyConnections, format!("no connection of {shown} is left"))
            .remedy("close idle connections, lower workers or pool sizes, or use the pooled address"),
        "57P03" => Fault::new(Cause::Starting, format!("{shown} is starting or recovering")).remedy("try again soon"),
        "53100" => Fault::new(Cause::Full, format!("the storage of {shown} is full"))
            .remedy("delete data or raise the storage; Render stops accepting writes at the limit"),
        "53200" => Fault::new(Cause::Full, format!("the memory of {shown} is full"))
            .remedy("lower connections or `work_mem`, or take a larger plan"),
        "25006" => Fault::new(Cause::ReadOnly, format!("{shown} accepts no writes"))
            .remedy("use the address of the primary; a database at its storage limit becomes read-only too"),
        "42501" => Fault::new(Cause::NotPermitted, format!("`{user}` may not do that at {shown}: {message}"))
            .remedy("use the role that owns the tables"),
        // PgBouncer's own words for what it does not pass on; Postgres itself knows these parameters.
        "08P01" if message.contains("unsupported startup parameter") => {
            Fault::new(Cause::Pooled, format!("{shown} is a PgBouncer that refuses sessions with settings"))
                .remedy("give the direct address in DIRECT_DATABASE_URL")
        }
        _ => Fault::new(Cause::Other, format!("{shown} refuses: {message}")),
    }
}
