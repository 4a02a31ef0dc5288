use std::io::{Read, Write};

use super::endpoint::{Endpoint, Speaks, endpoint};
use super::{Around, Seen, asked};
use crate::client::tls::{self, Handshake};
use crate::client::{Cause, Certificate, Fault, Stream};
use crate::plan::Probe;

/// What Postgres is sent to ask for TLS on its usual port (its documentation, "SSL Session Encryption").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Shakes hands, and looks at the certificate.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let endpoint = match endpoint(probe, around)? {
        Ok(endpoint) => endpoint,
        Err(unknown) => return Ok(unknown),
    };
    if !endpoint.tls && endpoint.speaks != Speaks::Postgres {
        return Ok(Seen::unknown(format!("the address of {} asks for no TLS", endpoint.shown())));
    }
    let begin = around.clock.elapsed();
    let Handshake { result, certificate } = shake(&endpoint, around)?;
    drop(result?);
    let took = asked::milliseconds(around.clock.elapsed().saturating_sub(begin));
    let Some(certificate) = certificate else {
        return Err(Fault::new(Cause::Tls, format!("the certificate of {} cannot be read", endpoint.shown())));
    };
    let wanted = asked::figure(probe, "certificate_days");
    judge(&certificate, &endpoint, wanted.unwrap_or_else(|| f64::from(around.policy.verify.certificate_days)))
        .map(|seen| seen.figure("handshake", took, "ms"))
}

fn shake(endpoint: &Endpoint, around: &Around) -> Result<Handshake, Fault> {
    let (host, port, deadline) = (endpoint.host.as_str(), endpoint.port, around.deadline());
    if endpoint.speaks != Speaks::Postgres {
        return Ok(tls::connect(host, port, around.authorities(), &deadline));
    }
    let mut stream = Stream::open(host, port, &deadline)?;
    let mut answer = [0];
    let asked = stream.write_all(&SSL_REQUEST).and_then(|()| stream.read_exact(&mut answer));
    asked.map_err(|error| stream.fault(&error))?;
    if answer == *b"S" {
        return Ok(tls::secure(stream, host, port, around.authorities()));
    }
    Err(Fault::new(Cause::PlainPort, format!("{} is a Postgres without TLS", endpoint.shown()))
        .remedy("use the external address, which speaks TLS, or leave `sslmode` out inside of a private network"))
}

fn judge(certificate: &Certificate, endpoint: &Endpoint, wanted: f64) -> Result<Seen, Fault> {
    let (days, at) = (certificate.days_left(), endpoint.shown());
    let until = certificate.last_day();
    if days < wanted {
        return Err(Fault::new(
            Cause::OutOfLimit,
            format!("the certificate of {at} ends on {until}, in {days:.0} days; {wanted:.0} should be left"),
        )
        .remedy("renew it, or look why its automatic renewal does not run"));
    }
    let names = certificate.names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let note = format!("the certificate of {at} is for {names}, signed by `{}`, until {until}", certificate.issuer);
    #[allow(clippy::cast_precision_loss, reason = "a handful of certificates")]
    let chain = certificate.chain as f64;
    Ok(Seen::holds(note).figure("days left", days.floor(), "days").figure("chain", chain, "certificates"))
}
