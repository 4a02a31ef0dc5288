use super::endpoint::endpoint;
use super::{Around, Seen, asked};
use crate::client::{Fault, tcp};
use crate::plan::Probe;

/// Connects, and says nothing.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let endpoint = match endpoint(probe, around)? {
        Ok(endpoint) => endpoint,
        Err(unknown) => return Ok(unknown),
    };
    let begin = around.clock.elapsed();
    drop(tcp::connect(&endpoint.host, endpoint.port, around.limit)?);
    let took = asked::milliseconds(around.clock.elapsed().saturating_sub(begin));
    Ok(Seen::holds(format!("{} takes connections", endpoint.shown())).figure("connect", took, "ms"))
}
