use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, Row};
use tokio::runtime::{Builder, Runtime};

use super::{Address, Running, SqlError, of_sqlx};
use crate::client::{Cause, Fault, tcp};

/// What a question is answered with: rows of columns as text, `None` for null.
pub type Rows = Vec<Vec<Option<String>>>;

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    runtime: Runtime,
    inner: PgConnection,
    address: Address,
    limit: Duration,
}

impl Connection {
    /// Connects. `limit` holds for the connection and then for each question.
    ///
    /// # Errors
    /// The host cannot be reached, is no Postgres, or refuses: see [`Fault`].
    pub fn open(address: &Address, limit: Duration) -> Result<Self, Fault> {
        // A plain connection first: it tells a wrong name from a closed port and from silence.
        drop(tcp::connect(&address.host, address.port, limit)?);
        let options: PgConnectOptions = address.secret().expose().parse().map_err(|error: sqlx::Error| {
            let text = address.secret().hide_in(&error.to_string());
            Fault::new(Cause::BadAddress, format!("the database's address cannot be used: {text}"))
                .remedy("write postgresql://USER:PASSWORD@HOST:5432/DATABASE")
        })?;
        // PgBouncer refuses that parameter unless it is told to ignore it.
        let options = options.application_name("palier").extra_float_digits(None).disable_statement_logging();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Fault::new(Cause::Other, format!("no connection can be made here: {error}")))?;
        let opened = runtime.block_on(async { tokio::time::timeout(limit, options.connect()).await });
        match opened {
            Ok(Ok(inner)) => Ok(Self { runtime, inner, address: address.clone(), limit }),
            Ok(Err(error)) => Err(of_sqlx(&error, address)),
            Err(_) => Err(silent(address, limit)),
        }
    }

    /// Where it leads.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Asks one question, within the connection's time limit.
    ///
    /// # Errors
    /// Postgres refuses it, or does not answer in time; then the connection is of no use any more.
    pub fn rows(&mut self, sql: &str) -> Result<Rows, SqlError> {
        let limit = self.limit;
        let answer = self.runtime.block_on(async { tokio::time::timeout(limit, ask(&mut self.inner, sql)).await });
        match answer {
            Ok(answer) => answer.map_err(|error| SqlError::of(&error, &self.address)),
            Err(_) => {
                let fault = silent(&self.address, limit);
                Err(SqlError { code: String::new(), message: fault.message, detail: String::new(), hint: fault.remedy })
            }
        }
    }

    /// Runs one statement, within the connection's time limit.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn run(&mut self, sql: &str) -> Result<(), SqlError> {
        self.rows(sql).map(drop)
    }

    /// The first column of the first row.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn value(&mut self, sql: &str) -> Result<Option<String>, SqlError> {
        Ok(self.rows(sql)?.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Runs one statement without a time limit, on a thread of its own, so that others can be asked meanwhile how it
    /// goes on.
    #[must_use]
    pub fn start(self, sql: &str) -> Running {
        Running::new(self, sql.to_owned())
    }

    pub(super) fn run_unlimited(&mut self, sql: &str) -> Result<(), SqlError> {
        let answer = self.runtime.block_on(ask(&mut self.inner, sql));
        answer.map(drop).map_err(|error| SqlError::of(&error, &self.address))
    }

    /// Says goodbye; a connection that is only dropped is cut.
    pub fn close(self) {
        let Self { runtime, inner, .. } = self;
        let _ = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(1), inner.close()).await });
    }
}

async fn ask(connection: &mut PgConnection, sql: &str) -> Result<Rows, sqlx::Error> {
    // Statements are built from names that were quoted and from figures: see the callers.
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await?;
    rows.iter().map(columns).collect()
}

/// The simple protocol answers in text, whatever the type.
fn columns(row: &PgRow) -> Result<Vec<Option<String>>, sqlx::Error> {
    use sqlx::ValueRef;
    (0..row.len())
        .map(|index| {
            let value = row.try_get_raw(index)?;
            if value.is_null() {
                return Ok(None);
            }
            value.as_str().map(|text| Some(text.to_owned())).map_err(sqlx::Error::Decode)
        })
        .collect()
}

fn silent(address: &Address, limit: Duration) -> Fault {
    let seconds = limit.as_secs_f64();
    Fault::new(Cause::Silent, format!("{} took the connection and said nothing for {seconds} s", address.shown()))
        .remedy("it is paused, overloaded or no Postgres: look at its log, restart it")
}
