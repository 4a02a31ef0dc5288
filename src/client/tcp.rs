//! Plain connections, and what their failures mean.

use std::io::{Error, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{Cause, Fault};

/// Endings of names that are known inside of a provider's private network alone: Render's internal hosts
/// (`red-...`, `dpg-...-a` without a domain have none at all), and AWS' names of ElastiCache nodes, which resolve
/// outside of the VPC too, to addresses that nobody there can reach.
const PRIVATE_ENDINGS: &[&str] = &[".internal", ".local", ".cache.amazonaws.com", ".onrender.internal"];

/// Connects to a host, trying each of its addresses within the time given.
///
/// # Errors
/// The name does not resolve, nothing listens, no way leads there, nobody answers.
pub fn connect(host: &str, port: u16, limit: Duration) -> Result<TcpStream, Fault> {
    let mut last = None;
    let addresses = resolve_within(host, port, limit)?;
    // All of them together may take as long as one may.
    let count = u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let each = (limit / count).max(Duration::from_millis(1));
    for address in addresses {
        match TcpStream::connect_timeout(&address, each) {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = Some((error, address)),
        }
    }
    Err(match last {
        Some((error, address)) => connect_fault(&error, host, port, &address, limit),
        None => not_resolved(host),
    })
}

/// A port of the loopback address that nobody uses now. Another program may take it a moment later: whoever starts a
/// server on it looks whether it is his own that answers.
///
/// # Errors
/// No port is free.
pub fn free_port() -> Result<u16, Fault> {
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let problem = |error| Fault::new(Cause::Other, format!("no port of this machine is free: {error}"));
    listening.map(|address| address.port()).map_err(problem)
}

/// The addresses of a host; the system's resolver has time limits of its own, which may be longer than ours.
fn resolve_within(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, Fault> {
    let (sender, answer) = channel();
    let name = host.to_owned();
    std::thread::spawn(move || {
        let _ = sender.send(resolve(&name, port));
    });
    answer.recv_timeout(limit).unwrap_or_else(|_| {
        let message = format!("nobody said within {} s which address `{host}` has", limit.as_secs_f64());
        Err(Fault::new(Cause::NotResolved, message).remedy("check this machine's name servers and network"))
    })
}

/// The addresses of a host.
///
/// # Errors
/// The name has none.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Fault> {
    // An address of IPv6 stands in brackets in a URL.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match (bare, port).to_socket_addrs() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(_) => Err(not_resolved(host)),
    }
}

fn not_resolved(host: &str) -> Fault {
    if is_private_name(host) {
        return Fault::new(Cause::PrivateOnly, format!("`{host}` is a name of a private network and not known here"))
            .remedy("run this inside of that network, or use the external address of the service");
    }
    Fault::new(Cause::NotResolved, format!("the name `{host}` has no address"))
        .remedy("check the spelling of the host, and that the service still exists")
}

/// Whether a name or an address is of use inside of a private network alone.
pub(super) fn is_private_name(host: &str) -> bool {
    let internal = !host.contains('.') && (host.starts_with("red-") || host.starts_with("dpg-"));
    internal || PRIVATE_ENDINGS.iter().any(|ending| host.ends_with(ending))
}

fn is_private_address(address: &SocketAddr) -> bool {
    matches!(address.ip(), std::net::IpAddr::V4(ip) if ip.is_private())
}

fn connect_fault(error: &Error, host: &str, port: u16, address: &SocketAddr, limit: Duration) -> Fault {
    match error.kind() {
        ErrorKind::ConnectionRefused => Fault::new(Cause::Refused, format!("nothing listens on {host}:{port}"))
            .remedy("start it, or check the port of the address"),
        ErrorKind::TimedOut | ErrorKind::WouldBlock if is_private_name(host) || is_private_address(address) => {
            Fault::new(
                Cause::PrivateOnly,
                format!("{host}:{port} is reachable inside of its private network (VPC) alone, and this is outside"),
            )
            .remedy("run palier inside of that network, or use a service with a public address")
        }
        ErrorKind::TimedOut | ErrorKind::WouldBlock => timed_out(host, port, limit),
        _ => of_io(error, host, port),
    }
}

/// Nobody has answered the attempt to connect.
#[must_use]
pub fn timed_out(host: &str, port: u16, limit: Duration) -> Fault {
    let seconds = limit.as_secs_f64();
    Fault::new(Cause::TimedOut, format!("{host}:{port} did not answer within {seconds:.1} s")).remedy(
        "check that it runs, and that a firewall or the service's list of allowed addresses lets this machine in",
    )
}

/// A failure of an open connection.
#[must_use]
pub fn of_io(error: &Error, host: &str, port: u16) -> Fault {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Fault::new(Cause::Reset, format!("{host}:{port} cut the connection in the middle"))
                .remedy("look into its log: it was restarted, ran out of memory, or something between cuts connections")
        }
        ErrorKind::UnexpectedEof => {
            Fault::new(Cause::Closed, format!("{host}:{port} closed the connection without an answer"))
                .remedy("check that the address is of this kind of service, and its list of allowed addresses")
        }
        ErrorKind::ConnectionRefused => Fault::new(Cause::Refused, format!("nothing listens on {host}:{port}"))
            .remedy("start it, or check the port of the address"),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => {
            Fault::new(Cause::Silent, format!("{host}:{port} took the connection and then said nothing"))
                .remedy("it is paused, overloaded, or another kind of service: look at its log, restart it")
        }
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
            Fault::new(Cause::Unreachable, format!("no way leads to {host}:{port}"))
                .remedy("check this machine's network")
        }
        _ => Fault::new(Cause::Other, format!("{host}:{port}: {error}"))
            .remedy("look at this machine's network, and at the log of the other side"),
    }
}
