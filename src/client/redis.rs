//! Redis over TCP and TLS: one connection, each question with a deadline. The `redis` package writes and reads the
//! protocol; the connection is ours, so that each failure keeps its cause.

use std::io::{Read, Write};

use redis::{Parser, Value, cmd};

use super::secret::percent_decoded;
use super::tls::{self, Secured};
use super::{Cause, Deadline, Fault, Secret, Stream};

pub use super::redis_fault::{is_command_refused, of_refusal};

/// The share of the time after which the other way (with TLS, without it) is tried.
const FIRST_WAY: f64 = 0.6;

/// Where a Redis is, as a `REDIS_URL` says it, checked.
#[derive(Debug, Clone)]
pub struct Address {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// The number of the database.
    pub database: u32,
    user: Option<String>,
    password: Option<Secret>,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// It is no address of a Redis.
    pub fn parse(url: &Secret) -> Result<Self, Fault> {
        let bad = |what: &str| {
            Fault::new(Cause::BadAddress, what)
                .remedy("write redis://default:PASSWORD@HOST:6379, or rediss:// with TLS")
        };
        let text = url.expose().trim();
        let (scheme, _) = text.split_once("://").ok_or_else(|| bad("the address of Redis has no scheme"))?;
        let tls = match scheme {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            "http" | "https" => {
                return Err(bad("the address is of a Redis over HTTP")
                    .remedy("an https:// address of Upstash needs its token beside it (UPSTASH_REDIS_REST_TOKEN)"));
            }
            _ => return Err(bad(&format!("the address of Redis begins with `{scheme}://`"))),
        };
        let parsed = url::Url::parse(text).map_err(|_| bad("the address of Redis cannot be read"))?;
        let host = parsed.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| bad("the address of Redis names no host"))?.to_owned();
        let number = parsed.path().trim_matches('/');
        let database = if number.is_empty() { Ok(0) } else { number.parse() };
        let database = database.map_err(|_| bad("the end of the address of Redis is no number of a database"))?;
        let part = |text: &str| Some(percent_decoded(text)).filter(|text| !text.is_empty());
        let user = part(parsed.username());
        let password = parsed.password().and_then(part).map(Secret::new);
        Ok(Self { host, port: parsed.port().unwrap_or(6379), tls, database, user, password })
    }

    /// An address of a host and a port alone.
    #[must_use]
    pub fn of_host(host: &str, port: u16, tls: bool, password: Option<Secret>) -> Self {
        Self { host: host.to_owned(), port, tls, database: 0, user: None, password }
    }

    /// Host and port: what may be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// What a command is answered with.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A value.
    Value(Value),
    /// A refusal, in the server's words.
    Refused(String),
}

impl Reply {
    /// As text, when it is one.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Value(value) => text_of(value),
            Self::Refused(_) => None,
        }
    }

    /// As texts, when it is a list (or a map, whose keys and values follow each other).
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Value(Value::Array(values) | Value::Set(values)) => values.iter().filter_map(text_of).collect(),
            Self::Value(Value::Map(pairs)) => {
                pairs.iter().flat_map(|(key, value)| [text_of(key), text_of(value)]).flatten().collect()
            }
            _ => Vec::new(),
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".to_owned()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

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
