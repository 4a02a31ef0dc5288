use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What a server's certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The names that it is for.
    pub names: Vec<String>,
    /// Who signed it.
    pub issuer: String,
    /// When it begins to be valid.
    pub begins: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// How many certificates the server sent.
    pub chain: usize,
    /// When it was looked at, by the machine's own clock.
    pub seen: Timestamp,
}

impl Certificate {
    /// Reads what a server sent; `None` when it cannot be read.
    pub(super) fn read(chain: &[CertificateDer<'static>], seen: Timestamp) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(chain.first()?.as_ref()).ok()?;
        let instant = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        Some(Self {
            names: names(&parsed),
            issuer: parsed.issuer().to_string(),
            begins: instant(parsed.validity().not_before.timestamp()),
            ends: instant(parsed.validity().not_after.timestamp()),
            chain: chain.len(),
            seen,
        })
    }

    /// How many days it is still valid; negative when it has expired.
    #[must_use]
    pub fn days_left(&self) -> f64 {
        self.ends.duration_since(self.seen).as_secs_f64() / 86_400.0
    }

    /// The day on which it ends.
    #[must_use]
    pub fn last_day(&self) -> String {
        day(self.ends)
    }

    /// The day on which it begins.
    #[must_use]
    pub fn first_day(&self) -> String {
        day(self.begins)
    }
}

fn day(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d").to_string()
}

/// The names for which it is valid; the subject's common name counts only where there are no others, as in old ones.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let names: Vec<String> = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect();
    if !names.is_empty() {
        return names;
    }
    certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok().map(str::to_owned)).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let four: Option<[u8; 4]> = bytes.try_into().ok();
    let sixteen: Option<[u8; 16]> = bytes.try_into().ok();
    four.map(|bytes| std::net::Ipv4Addr::from(bytes).to_string())
        .or_else(|| sixteen.map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()))
}
