//! HTTP, with a limit on everything: time, redirects, the length of headers and bodies.

mod site;

use std::io::Read;
use std::time::Duration;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Error, ResponseExt};

use super::{Cause, Deadline, Fault, Secret, tcp, tls, tls_fault};

pub use site::Site;

/// How much of a body is read.
const LONGEST_BODY: u64 = 256 * 1024;

/// How many redirects are followed.
const MOST_REDIRECTS: u32 = 5;

/// One request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The method; GET when empty.
    pub method: &'a str,
    /// The path, below the site's own.
    pub path: &'a str,
    /// The bearer token.
    pub token: Option<&'a Secret>,
    /// A body in JSON.
    pub json: Option<&'a str>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, or the beginning of a long one.
    pub body: String,
    /// Where redirects led, without the first address: scheme, host and path of each.
    pub redirects: Vec<String>,
}

impl Answer {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A client that keeps connections open between requests.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    site: Site,
}

impl Client {
    /// A client for a site. `authorities` (PEM) are trusted instead of the well-known ones.
    #[must_use]
    pub fn new(site: &Site, authorities: Option<&[u8]>) -> Self {
        let roots = match authorities {
            None => RootCerts::WebPki,
            Some(pem) => {
                let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(pem)
                    .filter_map(|item| match item {
                        Ok(PemItem::Certificate(certificate)) => Some(certificate),
                        _ => None,
                    })
                    .collect();
                RootCerts::new_with_certs(&certificates)
            }
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(MOST_REDIRECTS)
            .save_redirect_history(true)
            .proxy(None)
            .allow_non_standard_methods(true)
            .user_agent(concat!("palier/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Self { agent: config.new_agent(), site: site.clone() }
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// No whole answer comes within the deadline.
    pub fn send(&self, request: &Request<'_>, deadline: &Deadline) -> Result<Answer, Fault> {
        let method = if request.method.is_empty() { "GET" } else { request.method };
        let url = self.site.at(request.path);
        let mut builder = ureq::http::Request::builder().method(method).uri(url.as_str());
        if let Some(token) = request.token {
            builder = builder.header("authorization", format!("Bearer {}", token.expose()));
        }
        let bad =
            |_| Fault::new(Cause::BadAddress, "the address, the path or the token holds what no request may hold");
        // A method that usually comes with a body gets an empty one: its length is then told, and no chunks are sent.
        let empty = matches!(method, "POST" | "PUT" | "PATCH").then_some("");
        let result = match request.json.or(empty) {
            Some(json) => {
                let builder =
                    if json.is_empty() { builder } else { builder.header("content-type", "application/json") };
                self.run(builder.body(json.to_owned()).map_err(bad)?, deadline)
            }
            None => self.run(builder.body(()).map_err(bad)?, deadline),
        };
        let answer = match result {
            Ok(response) => self.read(response, deadline),
            Err(error) => Err(self.fault(&error, deadline, false)),
        };
        answer.map_err(|fault| self.other_way(fault, deadline))
    }

    fn run(
        &self,
        request: ureq::http::Request<impl ureq::AsSendBody>,
        deadline: &Deadline,
    ) -> Result<ureq::http::Response<ureq::Body>, Error> {
        let left = deadline.left().max(Duration::from_millis(1));
        // Connecting ends a little earlier than the rest, so that the two can be told apart.
        let connect = left.mul_f64(0.95);
        let timed = self.agent.configure_request(request).timeout_global(Some(left)).timeout_connect(Some(connect));
        self.agent.run(timed.build())
    }

    /// Looks whether a port that does not answer as HTTP does speaks TLS.
    fn other_way(&self, fault: Fault, deadline: &Deadline) -> Fault {
        let is_mute = matches!(fault.cause, Cause::Closed | Cause::Reset | Cause::UnexpectedAnswer);
        if self.site.tls || !is_mute || !tls::is_spoken(&self.site.host, self.site.port, deadline) {
            return fault;
        }
        let at = format!("{}:{}", self.site.host, self.site.port);
        Fault::new(Cause::TlsPort, format!("{at} speaks TLS, and the address says http://"))
            .remedy("write https:// in the address")
    }

    fn read(&self, mut response: ureq::http::Response<ureq::Body>, deadline: &Deadline) -> Result<Answer, Fault> {
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let history = response.get_redirect_history().unwrap_or_default();
        let redirects = history.iter().skip(1).map(|uri| {
            let host = uri.authority().map_or("", |authority| authority.host());
            format!("{}://{host}{}", uri.scheme_str().unwrap_or("http"), uri.path())
        });
        let redirects = redirects.collect();
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(LONGEST_BODY).read_to_end(&mut body);
        read.map_err(|error| {
            let wrapped = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            match wrapped {
                Some(inner) => self.fault(inner, deadline, true),
                None => self.fault_in_body(&error, deadline),
            }
        })?;
        Ok(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned(), redirects })
    }

    fn fault(&self, error: &Error, deadline: &Deadline, in_body: bool) -> Fault {
        let (host, port) = (self.site.host.as_str(), self.site.port);
        let at = format!("{host}:{port}");
        match error {
            Error::Timeout(_) if in_body => self.slow(deadline),
            Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => self.no_connection(deadline),
            Error::Timeout(_) => self.silent(deadline),
            Error::HostNotFound | Error::ConnectionFailed => self.no_connection(deadline),
            Error::Rustls(error) => tls_fault::of_tls(error, host, port),
            Error::Io(error) => match tls_fault::inside(error) {
                Some(tls) => tls_fault::of_tls(tls, host, port),
                None if in_body => self.fault_in_body(error, deadline),
                // The resolver's failures have no kind of their own.
                None => match tcp::of_io(error, host, port) {
                    fault if fault.cause == Cause::Other => self.no_connection(deadline),
                    fault => fault,
                },
            },
            Error::TooManyRedirects => {
                Fault::new(Cause::UnexpectedAnswer, format!("{at} redirects more than {MOST_REDIRECTS} times"))
                    .remedy("two rules (of the application and of a proxy) may send each to the other: look at both")
            }
            Error::Protocol(_) | Error::Http(_) => {
                Fault::new(Cause::UnexpectedAnswer, format!("{at} does not answer as HTTP does"))
                    .remedy("check the port of the address, and whether it wants https://")
            }
            other => {
                let text = Secret::new(self.site.url.as_str()).hide_in(&other.to_string());
                Fault::new(Cause::Other, format!("{at}: {text}")).remedy("check the address")
            }
        }
    }

    fn fault_in_body(&self, error: &std::io::Error, deadline: &Deadline) -> Fault {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => self.slow(deadline),
            // The answer had begun: the end is missing.
            ErrorKind::UnexpectedEof => tcp::of_io(&ErrorKind::ConnectionReset.into(), &self.site.host, self.site.port),
            _ => tcp::of_io(error, &self.site.host, self.site.port),
        }
    }

    /// A plain connection tells a wrong name from a closed port and from silence.
    fn no_connection(&self, deadline: &Deadline) -> Fault {
        let left = deadline.left().max(Duration::from_millis(200));
        match tcp::connect(&self.site.host, self.site.port, left) {
            // It was given the time before already.
            Err(fault) if fault.cause == Cause::TimedOut => {
                tcp::timed_out(&self.site.host, self.site.port, deadline.limit())
            }
            Err(fault) => fault,
            Ok(_) => self.silent(deadline),
        }
    }

    fn silent(&self, deadline: &Deadline) -> Fault {
        let seconds = deadline.limit().as_secs_f64();
        let at = format!("{}:{}", self.site.host, self.site.port);
        Fault::new(Cause::Silent, format!("{at} took the connection and said nothing for {seconds:.1} s"))
            .remedy("it is paused, overloaded, or all its workers are busy: look at its log, restart it")
    }

    fn slow(&self, deadline: &Deadline) -> Fault {
        let seconds = deadline.limit().as_secs_f64();
        let at = format!("{}:{}", self.site.host, self.site.port);
        Fault::new(Cause::Slow, format!("{at} began to answer and did not end within {seconds:.1} s"))
            .remedy("it is overloaded or far away: look at its load, or give it more `timeout` in [verify]")
    }
}
