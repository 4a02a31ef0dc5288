//! Where an address leads, whatever it is the address of.

use super::{Around, Seen, asked};
use crate::client::{Cause, Fault};
use crate::plan::Probe;

/// What speaks at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Http,
    Postgres,
    Redis,
    Other,
}

/// Host and port of an address.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) speaks: Speaks,
}

impl Endpoint {
    /// Host and port, which may be shown.
    pub(super) fn shown(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// The endpoint of a probe: its address is in `url_variable`, or its host and port in variables of their own.
pub(super) fn endpoint(probe: &Probe, around: &Around) -> Result<Result<Endpoint, Seen>, Fault> {
    if let Some(host_variable) = asked::text(probe, "host_variable") {
        let Some(host) = around.addresses.get(host_variable) else { return Ok(Err(asked::unset(host_variable))) };
        let port = asked::text(probe, "port_variable").and_then(|name| around.addresses.get(name));
        let port = port.map_or(Ok(6379), |port| port.expose().parse());
        let port = port.map_err(|_| Fault::new(Cause::BadAddress, "the port is no number"))?;
        let tls = asked::flag(probe, "tls");
        return Ok(Ok(Endpoint { host: host.expose().to_owned(), port, tls, speaks: Speaks::Redis }));
    }
    let variable = asked::variable(probe, "PALIER_WEB_URL");
    let Some(address) = around.addresses.get(variable) else { return Ok(Err(asked::unset(variable))) };
    parse(address.expose(), variable).map(Ok)
}

fn parse(address: &str, variable: &str) -> Result<Endpoint, Fault> {
    let bad = || {
        Fault::new(Cause::BadAddress, format!("what {variable} holds is no address"))
            .remedy("write SCHEME://USER:PASSWORD@HOST:PORT/NAME; special characters are percent-encoded")
    };
    let url = url::Url::parse(address).map_err(|_| bad())?;
    // Behind a `#` in the password the rest would be cut off, and a part of the password taken for the host.
    if url.fragment().is_some() {
        return Err(bad());
    }
    let scheme = url.scheme().split('+').next().unwrap_or_default().to_owned();
    let (usual, tls, speaks) = match scheme.as_str() {
        "http" => (Some(80), false, Speaks::Http),
        "https" => (Some(443), true, Speaks::Http),
        "postgres" | "postgresql" => (Some(5432), false, Speaks::Postgres),
        "redis" | "valkey" => (Some(6379), false, Speaks::Redis),
        "rediss" | "valkeys" => (Some(6379), true, Speaks::Redis),
        _ => (None, false, Speaks::Other),
    };
    let port = url.port().or(usual).ok_or_else(bad)?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(bad)?.to_owned();
    Ok(Endpoint { host, port, tls, speaks })
}
