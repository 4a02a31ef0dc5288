use url::Url;

use crate::client::{Cause, Fault, Secret};

/// The address of a web application, checked.
#[derive(Debug, Clone)]
pub struct Site {
    pub(super) url: Url,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
}

impl Site {
    /// Reads an address.
    ///
    /// # Errors
    /// It is none of the web.
    pub fn parse(url: &Secret) -> Result<Self, Fault> {
        let bad = |what: &str| Fault::new(Cause::BadAddress, what).remedy("write https://HOST, as a browser shows it");
        let text = url.expose().trim();
        let url = Url::parse(text).map_err(|_| bad("the web address cannot be read"))?;
        // Behind a `#` in the password the rest would be cut off, and a part of the password taken for the host.
        if url.fragment().is_some() {
            return Err(bad("the web address holds a `#`, which a password writes as `%23`"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("the web address begins with neither http:// nor https://"));
        }
        let host =
            url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("the web address names no host"))?;
        let (host, tls) = (host.to_owned(), url.scheme() == "https");
        let port = url.port_or_known_default().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { url, host, port, tls })
    }

    /// Host, port and path: what may be shown.
    #[must_use]
    pub fn shown(&self, path: &str) -> String {
        let port = self.url.port().map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{}{port}{}", self.url.scheme(), self.host, self.at(path).path())
    }

    /// Whether Render runs it: then it may be asleep.
    #[must_use]
    pub fn is_on_render(&self) -> bool {
        self.host.ends_with(".onrender.com")
    }

    pub(super) fn at(&self, path: &str) -> Url {
        if path.is_empty() {
            return self.url.clone();
        }
        let mut url = self.url.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        url.set_query(query);
        url
    }
}
