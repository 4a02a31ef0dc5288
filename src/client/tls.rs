//! TLS: a connection whose certificate is checked, and what the certificate says even when it is refused.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};

use super::{Cause, Certificate, Deadline, Fault, Stream, tls_fault};

/// An open connection.
pub type Secured = StreamOwned<ClientConnection, Stream>;

/// What came of an attempt.
#[derive(Debug)]
pub struct Handshake {
    /// The connection, or why there is none.
    pub result: Result<Secured, Fault>,
    /// The certificate that the server showed, accepted or not.
    pub certificate: Option<Certificate>,
}

/// Connects and shakes hands. `authorities` (PEM) are trusted instead of the well-known ones.
#[must_use]
pub fn connect(host: &str, port: u16, authorities: Option<&[u8]>, deadline: &Deadline) -> Handshake {
    match Stream::open(host, port, deadline) {
        Ok(stream) => secure(stream, host, port, authorities),
        Err(fault) => Handshake { result: Err(fault), certificate: None },
    }
}

/// Shakes hands on an open connection.
#[must_use]
pub fn secure(stream: Stream, host: &str, port: u16, authorities: Option<&[u8]>) -> Handshake {
    let keeper = match verifier(authorities) {
        Ok(inner) => Arc::new(Keeper { inner: Some(inner), seen: Mutex::new(None) }),
        Err(fault) => return Handshake { result: Err(fault), certificate: None },
    };
    let result = shake(stream, host, port, Arc::clone(&keeper) as Arc<dyn ServerCertVerifier>);
    let certificate = keeper.certificate();
    let result = result.map_err(|fault| explain(fault, certificate.as_ref()));
    Handshake { result, certificate }
}

/// Whether a port speaks TLS at all, whatever its certificate.
#[must_use]
pub fn is_spoken(host: &str, port: u16, deadline: &Deadline) -> bool {
    let Ok(stream) = Stream::open(host, port, deadline) else { return false };
    shake(stream, host, port, Arc::new(Keeper { inner: None, seen: Mutex::new(None) })).is_ok()
}

fn shake(mut stream: Stream, host: &str, port: u16, verifier: Arc<dyn ServerCertVerifier>) -> Result<Secured, Fault> {
    let tls = |error: &rustls::Error| tls_fault::of_tls(error, host, port);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| tls(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare)
        .map_err(|_| Fault::new(Cause::BadAddress, format!("`{host}` is no name that a certificate could be for")))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| tls(&error))?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            return Err(tls_fault::inside(&error).map_or_else(|| stream.fault(&error), tls));
        }
    }
    stream.ask_anew();
    Ok(StreamOwned::new(connection, stream))
}

/// Says what the certificate says, where the failure is about it.
fn explain(mut fault: Fault, certificate: Option<&Certificate>) -> Fault {
    let Some(certificate) = certificate else { return fault };
    let more = match fault.cause {
        Cause::CertificateExpired => format!(" on {}", certificate.last_day()),
        Cause::CertificateNotYetValid => format!(", it begins on {}", certificate.first_day()),
        Cause::CertificateName => format!(": it is for {}", certificate.names.join(", ")),
        Cause::CertificateUntrusted => format!(": it is signed by `{}`", certificate.issuer),
        _ => return fault,
    };
    fault.message.push_str(&more);
    fault
}

fn verifier(authorities: Option<&[u8]>) -> Result<Arc<WebPkiServerVerifier>, Fault> {
    let bad = |what: String| Fault::new(Cause::Tls, what).remedy("correct or unset SSL_CERT_FILE");
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let read =
                    certificate.map_err(|error| bad(format!("the trusted certificates cannot be read: {error}")));
                // One that is too old for the library is no reason to refuse the others.
                let _ = roots.add(read?);
            }
        }
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(rustls::crypto::ring::default_provider()))
        .build()
        .map_err(|error| bad(format!("the trusted certificates are of no use: {error}")))
}

/// Keeps what the server showed, and leaves the judgement to the usual verifier; without one it accepts everything, for
/// the question alone whether TLS is spoken: nothing is ever sent on such a connection.
#[derive(Debug)]
struct Keeper {
    inner: Option<Arc<WebPkiServerVerifier>>,
    seen: Mutex<Option<(Vec<CertificateDer<'static>>, UnixTime)>>,
}

impl Keeper {
    fn certificate(&self) -> Option<Certificate> {
        let seen = self.seen.lock().ok()?;
        let (chain, now) = seen.as_ref()?;
        let seen = Timestamp::from_second(i64::try_from(now.as_secs()).ok()?).ok()?;
        Certificate::read(chain, seen)
    }
}

impl ServerCertVerifier for Keeper {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Ok(mut seen) = self.seen.lock() {
            let chain = std::iter::once(end_entity).chain(intermediates);
            *seen = Some((chain.map(|one| one.clone().into_owned()).collect(), now));
        }
        match &self.inner {
            Some(inner) => inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match &self.inner {
            Some(inner) => inner.verify_tls12_signature(message, certificate, signature),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match &self.inner {
            Some(inner) => inner.verify_tls13_signature(message, certificate, signature),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
