use std::time::Duration;

use super::progress;
use super::site::POLL;
use super::stop::{Stop, passes, refused};
use super::worker::Worker;
use crate::apply::steps::Trouble;
use crate::client::postgres::{Connection, SqlError};

/// How often it is looked whether a statement has ended or somebody asks for an end.
const TICK: Duration = Duration::from_millis(100);
/// How long a cancelled statement has to end, before its session is ended, and then before it is given up.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// How often in a row a server process may look idle although its answer has not arrived.
const IDLE_LOOKS: u32 = 6;

/// Why a statement did not come to its end.
#[derive(Debug)]
pub(super) enum Broken {
    /// Postgres refused or ended it.
    Refused(SqlError),
    /// The connection is gone; the statement may go on.
    Lost(String),
    /// It was cancelled because its time was over.
    OverTime,
    /// It was cancelled because somebody asked for an end.
    Interrupted,
    /// Somebody asked for an end at once: nothing was waited for.
    Urgent,
}

/// What a statement is ended for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heed {
    /// The first request for an end.
    EveryInterrupt,
    /// Only an urgent one: it is the cleaning after the first.
    UrgentOnly,
}

impl Broken {
    /// As a stop, for a statement after which nothing has to be cleaned.
    pub(super) fn into_stop(self, what: &str) -> Stop {
        match self {
            Self::Refused(error) if passes(&error) => Stop::Passing(error.to_string()),
            Self::Refused(error) => Stop::Trouble(refused(&error)),
            Self::Lost(message) => Stop::Passing(message),
            Self::OverTime => Stop::Passing(format!("{what} did not end in time")),
            Self::Interrupted | Self::Urgent => Stop::Trouble(Trouble::Interrupted { clean: false }),
        }
    }
}

/// A statement that runs, seen from a second session.
struct Watch<'w> {
    worker: &'w Worker<'w>,
    second: Option<Connection>,
    idle_looks: u32,
    last_look: Duration,
}

impl Worker<'_> {
    /// Runs one statement on the worker's session and tells how far it is. It is cancelled, by a second session, when
    /// its time is over or somebody asks for an end.
    pub(super) fn statement(&mut self, sql: &str, what: &str, limit: Duration, heed: Heed) -> Result<(), Broken> {
        let clock = self.site.context.clock();
        let Some(connection) = self.connection.take() else {
            return Err(Broken::Lost("the connection was lost".to_owned()));
        };
        let begin = clock.elapsed();
        let running = connection.start(sql);
        let mut cancelled: Option<(Broken, Duration)> = None;
        let (connection, result) = {
            let mut watch = Watch { worker: self, second: None, idle_looks: 0, last_look: begin };
            loop {
                if let Some(ended) = running.wait(TICK) {
                    break ended;
                }
                let now = clock.elapsed();
                if self.site.context.interrupt.is_urgent() {
                    return Err(Broken::Urgent);
                }
                if watch.has_lost_it(what, now) {
                    return Err(Broken::Lost("the answer to the statement never arrived".to_owned()));
                }
                match &cancelled {
                    None => cancelled = watch.cancel_when_due(now, begin, limit, heed),
                    Some((_, since)) if now > *since + LAST_WORDS * 2 => {
                        return Err(Broken::Lost("the statement does not end although it was cancelled".to_owned()));
                    }
                    Some((_, since)) if now > *since + LAST_WORDS => watch.ask("pg_terminate_backend"),
                    Some(_) => {}
                }
            }
        };
        self.connection = connection.filter(|_| !result.as_ref().is_err_and(SqlError::is_lost));
        match (result, cancelled) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some((why, _))) => Err(why),
            (Err(error), None) if error.is_lost() => Err(Broken::Lost(error.message)),
            (Err(error), None) => Err(Broken::Refused(error)),
        }
    }
}

impl Watch<'_> {
    /// Tells how far it is; true when the server says that the statement has ended long ago: the connection was cut
    /// without a word, and its answer will never come.
    fn has_lost_it(&mut self, what: &str, now: Duration) -> bool {
        if now < self.last_look + POLL {
            return false;
        }
        self.last_look = now;
        let process = &self.worker.process;
        let Some(second) = open(self.worker, &mut self.second) else { return false };
        match progress::look(second, process) {
            Ok(Some(seen)) if seen.is_active => {
                self.idle_looks = 0;
                self.worker.site.context.progress.tell(&format!("{what}: {}", seen.phase), seen.share);
            }
            Ok(_) => self.idle_looks += 1,
            Err(_) => self.second = None,
        }
        self.idle_looks > IDLE_LOOKS
    }

    fn cancel_when_due(
        &mut self,
        now: Duration,
        begin: Duration,
        limit: Duration,
        heed: Heed,
    ) -> Option<(Broken, Duration)> {
        let is_asked = heed == Heed::EveryInterrupt && self.worker.site.context.interrupt.is_raised();
        let why = match (is_asked, now > begin + limit) {
            (true, _) => Broken::Interrupted,
            (false, true) => Broken::OverTime,
            (false, false) => return None,
        };
        self.worker.site.tell("cancelling");
        self.ask("pg_cancel_backend");
        Some((why, now))
    }

    fn ask(&mut self, function: &str) {
        let process = &self.worker.process;
        if let Some(second) = open(self.worker, &mut self.second)
            && second.run(&format!("SELECT {function}({process})")).is_err()
        {
            self.second = None;
        }
    }
}

/// The second session, opened when it is first needed: most statements end before.
fn open<'c>(worker: &Worker<'_>, second: &'c mut Option<Connection>) -> Option<&'c mut Connection> {
    if second.is_none() {
        *second = worker.site.open().ok();
    }
    second.as_mut()
}
