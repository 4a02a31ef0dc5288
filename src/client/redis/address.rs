use crate::client::secret::percent_decoded;
use crate::client::{Cause, Fault, Secret};

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
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
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
        // Behind a `#` in the password the rest would be cut off, and a part of the password taken for the host.
        if parsed.fragment().is_some() {
            return Err(bad("the address of Redis holds a `#`, which a password writes as `%23`"));
        }
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
