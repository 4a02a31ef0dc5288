use std::io::{Read, Write};

use redis::{Parser, Value, cmd};

use super::{Address, Reply, of_refusal};
use crate::client::tls::{self, Secured};
use crate::client::{Cause, Deadline, Fault, Secret, Stream};

/// The share of the time after which the other way (with TLS, without it) is tried.
const FIRST_WAY: f64 = 0.6;

#[derive(Debug)]
enum Link {
    Plain(Stream),
    Secure(Box<Secured>),
}

impl Link {
    fn stream(&mut self) -> &mut Stream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secure(secured) => &mut secured.sock,
        }
    }
}

/// Remembers why reading failed: the parser's own error does not say.
struct Recorded<'a> {
    link: &'a mut Link,
    error: Option<std::io::Error>,
}

impl Read for Recorded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let result = match &mut *self.link {
            Link::Plain(stream) => stream.read(buffer),
            Link::Secure(secured) => secured.read(buffer),
        };
        result.map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }
}

/// An open connection, on which the server has accepted the password.
pub struct Connection {
    link: Link,
    parser: Parser,
    address: Address,
}

impl Connection {
    /// Connects, and finds out why not: a port that speaks TLS where none is asked for, and the other way round, is
    /// told by trying the other way.
    ///
    /// # Errors
    /// It cannot be reached, or refuses.
    pub fn open(address: &Address, authorities: Option<&[u8]>, deadline: &Deadline) -> Result<Self, Fault> {
        let first = deadline.share(FIRST_WAY);
        let mut opened = Self::link(address, authorities, &first).and_then(|link| {
            let mut connection = Self { link, parser: Parser::new(), address: address.clone() };
            connection.greet().map(|()| connection)
        });
        match &mut opened {
            Ok(connection) => connection.link.stream().set_deadline(deadline),
            Err(fault) => return Err(other_way(fault.clone(), address, deadline)),
        }
        let mut connection = opened?;
        if address.database > 0 {
            connection.demand(&["SELECT", &address.database.to_string()])?;
        }
        Ok(connection)
    }

    fn link(address: &Address, authorities: Option<&[u8]>, deadline: &Deadline) -> Result<Link, Fault> {
        let (host, port) = (address.host.as_str(), address.port);
        if address.tls {
            return tls::connect(host, port, authorities, deadline)
                .result
                .map(|secured| Link::Secure(Box::new(secured)));
        }
        Stream::open(host, port, deadline).map(Link::Plain)
    }

    fn greet(&mut self) -> Result<(), Fault> {
        let address = self.address.clone();
        let password = address.password.as_ref().map(Secret::expose);
        match (address.user.as_deref(), password) {
            (Some(user), Some(password)) => match self.ask(&["AUTH", user, password])? {
                // Redis 5 and older know no users: everybody is the default one.
                Reply::Refused(text) if user == "default" && text.contains("wrong number of arguments") => {
                    self.demand(&["AUTH", password])?
                }
                Reply::Refused(text) => return Err(of_refusal(&text, &address.shown())),
                reply @ Reply::Value(_) => reply,
            },
            (None, Some(password)) => self.demand(&["AUTH", password])?,
            (_, None) => Reply::Refused(String::new()),
        };
        self.demand(&["PING"]).map(drop)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// The connection fails, or what comes back is no answer of Redis.
    pub fn ask(&mut self, words: &[&str]) -> Result<Reply, Fault> {
        let mut packed = cmd(words.first().unwrap_or(&"PING"));
        packed.arg(words.get(1..).unwrap_or_default());
        let bytes = packed.get_packed_command();
        self.link.stream().ask_anew();
        let sent = match &mut self.link {
            Link::Plain(stream) => stream.write_all(&bytes),
            Link::Secure(secured) => secured.write_all(&bytes).and_then(|()| secured.flush()),
        };
        sent.map_err(|error| self.link.stream().fault(&error))?;
        let mut recorded = Recorded { link: &mut self.link, error: None };
        let parsed = self.parser.parse_value(&mut recorded);
        let failed = recorded.error.take();
        match parsed {
            Ok(Value::ServerError(error)) => {
                let text =
                    error.details().map_or_else(|| error.code().to_owned(), |more| format!("{} {more}", error.code()));
                Ok(Reply::Refused(self.hidden(&text)))
            }
            Ok(value) => Ok(Reply::Value(value)),
            Err(error) => Err(match failed {
                Some(failed) => self.link.stream().fault(&failed),
                None if error.is_io_error() => self.link.stream().fault(&std::io::ErrorKind::UnexpectedEof.into()),
                None => Fault::new(
                    Cause::UnexpectedAnswer,
                    format!("{} does not answer as Redis does", self.address.shown()),
                )
                .remedy("check that host and port are those of the Redis"),
            }),
        }
    }

    /// The same, where a refusal is a failure.
    ///
    /// # Errors
    /// As [`ask`](Self::ask), and what the refusal means.
    pub fn demand(&mut self, words: &[&str]) -> Result<Reply, Fault> {
        match self.ask(words)? {
            Reply::Refused(text) => Err(of_refusal(&text, &self.address.shown())),
            reply => Ok(reply),
        }
    }

    /// A refusal may repeat its command's words.
    fn hidden(&self, text: &str) -> String {
        self.address.password.as_ref().map_or_else(|| text.to_owned(), |password| password.hide_in(text))
    }
}

/// Looks whether the failure comes from TLS on one side alone, or from a server that said why and hung up.
fn other_way(fault: Fault, address: &Address, deadline: &Deadline) -> Fault {
    let is_mute = matches!(
        fault.cause,
        Cause::Silent | Cause::Closed | Cause::Reset | Cause::UnexpectedAnswer | Cause::PlainPort | Cause::Tls
    );
    if !is_mute {
        return fault;
    }
    let at = address.shown();
    if address.tls {
        return match first_words(address, "PING\r\n", deadline) {
            Some(words) if words.starts_with(['+', '-']) => {
                Fault::new(Cause::PlainPort, format!("{at} is a Redis without TLS, and the address says rediss://"))
                    .remedy("write redis:// in the address, or use the port that speaks TLS")
            }
            _ => fault,
        };
    }
    if matches!(fault.cause, Cause::Closed | Cause::Reset)
        && let Some(refusal) = first_words(address, "", &deadline.share(0.3))
            .and_then(|words| words.strip_prefix('-').map(|refusal| refusal.trim_end().to_owned()))
    {
        return of_refusal(&refusal, &at);
    }
    if tls::is_spoken(&address.host, address.port, deadline) {
        return Fault::new(Cause::TlsPort, format!("{at} speaks TLS, and the address says redis://"))
            .remedy("write rediss:// in the address");
    }
    fault
}

/// What comes back over a plain connection: a server without a connection left says so and hangs up before it is asked.
fn first_words(address: &Address, words: &str, deadline: &Deadline) -> Option<String> {
    let mut stream = Stream::open(&address.host, address.port, deadline).ok()?;
    stream.write_all(words.as_bytes()).ok()?;
    let mut answer = [0; 256];
    let length = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Connection").field("at", &self.address.shown()).finish_non_exhaustive()
    }
}
