//! What failures of TLS mean.

use rustls::{CertificateError, Error};

use super::{Cause, Fault};

/// What a failed TLS handshake means.
#[must_use]
pub fn of_tls(error: &Error, host: &str, port: u16) -> Fault {
    use CertificateError as Bad;
    let at = format!("{host}:{port}");
    match error {
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            Fault::new(Cause::CertificateExpired, format!("the certificate of {at} has expired"))
                .remedy("renew the certificate of the service")
        }
        Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            Fault::new(Cause::CertificateNotYetValid, format!("the certificate of {at} is not valid yet"))
                .remedy("check the clock of this machine and the certificate's first day")
        }
        Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            Fault::new(Cause::CertificateName, format!("the certificate of {at} is of another name than `{host}`"))
                .remedy("use the host name that the certificate is for")
        }
        Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => Fault::new(
            Cause::CertificateUntrusted,
            format!("nobody who is trusted here signed the certificate of {at}"),
        )
        .remedy("where the authority is your own, name its certificates in SSL_CERT_FILE"),
        // A certificate that is its own authority; the library has no name for it.
        Error::InvalidCertificate(Bad::Other(other)) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            Fault::new(Cause::CertificateUntrusted, format!("the certificate of {at} is signed by itself"))
                .remedy("let an authority sign one for the server, and name the authority's in SSL_CERT_FILE")
        }
        Error::InvalidMessage(_) => Fault::new(Cause::PlainPort, format!("{at} speaks without TLS"))
            .remedy("use the address without TLS, or the port that speaks it"),
        other => Fault::new(Cause::Tls, format!("TLS with {at} fails: {other}")),
    }
}

/// The TLS failure inside of a library's error, when there is one.
#[must_use]
pub fn inside<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Error> {
    let mut next = Some(error);
    while let Some(one) = next {
        if let Some(found) = one.downcast_ref::<Error>() {
            return Some(found);
        }
        // An `io::Error` hides what it wraps from `source` when it was made from another error.
        if let Some(wrapped) = one.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref)
            && let Some(found) = wrapped.downcast_ref::<Error>()
        {
            return Some(found);
        }
        next = one.source();
    }
    None
}
