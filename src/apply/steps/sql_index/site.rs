use std::time::Duration;

use super::stop::Stop;
use crate::apply::steps::{StepContext, Trouble};
use crate::client::postgres::{Address, Connection, is_transaction_pooled};
use crate::client::{Cause, Fault};
use crate::diagnostic::Diagnostic;
use crate::policy::Steps;

/// How often somebody else's work is looked at while it is waited for.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// The database that a step works on.
pub(super) struct Site<'a> {
    pub(super) context: &'a StepContext<'a>,
    pub(super) address: Address,
    /// The variable that holds the address.
    pub(super) variable: &'static str,
}

impl<'a> Site<'a> {
    /// The database at the direct address, else at the usual one.
    pub(super) fn of(context: &'a StepContext<'a>) -> Result<Self, Trouble> {
        let direct = context.around.addresses.contains_key("DIRECT_DATABASE_URL");
        let variable = if direct { "DIRECT_DATABASE_URL" } else { "DATABASE_URL" };
        let address = Address::parse(context.around.address(variable)?)
            .map_err(|fault| Fault { message: format!("{variable}: {}", fault.message), ..fault })?;
        Ok(Self { context, address, variable })
    }

    /// The same, refused when a pooler in transaction mode stands before it: settings, locks and the connection itself
    /// would be somebody else's from one statement to the next.
    pub(super) fn with_sessions(context: &'a StepContext<'a>) -> Result<Self, Trouble> {
        let site = Self::of(context)?;
        if is_transaction_pooled(&site.address, context.around.limit)? {
            return Err(Trouble::failed(pooled(&site.address)));
        }
        Ok(site)
    }

    /// What the policy says about steps.
    pub(super) fn policy(&self) -> &Steps {
        &self.context.around.policy.steps
    }

    /// How long others are waited for.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs_f64(self.policy().patience.as_seconds())
    }

    /// How long building one index may take.
    pub(super) fn time_limit(&self) -> Duration {
        Duration::from_secs_f64(self.policy().index_time_limit.as_seconds())
    }

    /// One connection, at once or not at all.
    pub(super) fn open(&self) -> Result<Connection, Fault> {
        Connection::open(&self.address, self.context.around.limit)
    }

    /// One connection; a server that is just not there, as during a restart, is waited for.
    pub(super) fn open_patiently(&self) -> Result<Connection, Stop> {
        let mut last = None;
        let opened = self.context.poll(self.patience(), POLL, || match self.open() {
            Ok(connection) => Ok(Some(connection)),
            Err(fault) if may_pass(fault.cause) => {
                self.tell(&format!("waiting for the database: {}", fault.message));
                last = Some(fault);
                Ok(None)
            }
            Err(fault) => Err(fault.into()),
        })?;
        let over = || last.unwrap_or_else(|| Fault::new(Cause::TimedOut, "the database does not come back"));
        opened.ok_or_else(|| Stop::Trouble(over().into()))
    }

    /// Says what goes on, where no share of it is known.
    pub(super) fn tell(&self, what: &str) {
        self.context.progress.tell(what, None);
    }
}

/// Whether a server that cannot be reached may be there again soon by itself.
const fn may_pass(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::Refused
            | Cause::TimedOut
            | Cause::Silent
            | Cause::Slow
            | Cause::Reset
            | Cause::Closed
            | Cause::Starting
            | Cause::TooManyConnections
    )
}

fn pooled(address: &Address) -> Diagnostic {
    Diagnostic::error("index-pooled", format!("{} is a PgBouncer in transaction mode", address.shown()))
        .why("an index is built on one session with its own timeouts and lock; behind it every statement may get another")
        .help("set DIRECT_DATABASE_URL to the direct address of the database (on Render the one without the pooler)")
}
