use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::{Connection, SqlError};

/// A statement that runs on a thread of its own.
#[derive(Debug)]
pub struct Running {
    ended: Receiver<(Connection, Result<(), SqlError>)>,
}

impl Running {
    pub(super) fn new(mut connection: Connection, sql: String) -> Self {
        let (sender, ended) = channel();
        std::thread::spawn(move || {
            let result = connection.run_unlimited(&sql);
            let _ = sender.send((connection, result));
        });
        Self { ended }
    }

    /// Waits for its end, at most so long; `None` while it still runs.
    ///
    /// The connection comes back with what Postgres said.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> Option<(Option<Connection>, Result<(), SqlError>)> {
        match self.ended.recv_timeout(at_most) {
            Ok((connection, result)) => Some((Some(connection), result)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                let message = "the connection was lost while the statement ran".to_owned();
                Some((None, Err(SqlError { code: String::new(), message, detail: String::new(), hint: String::new() })))
            }
        }
    }
}
