use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{Cause, Clock, Deadline, Fault, Secret};
use crate::diagnostic::mask;
use crate::policy::Policy;

/// What a probe finds around it: passed in, because the library reads no environment.
#[derive(Clone)]
pub struct Around {
    /// The project's root.
    pub root: PathBuf,
    /// The policy.
    pub policy: Policy,
    /// Addresses and tokens, by the name of the environment variable that holds them.
    pub addresses: BTreeMap<String, Secret>,
    /// The whole environment, for the project's own commands alone.
    pub environment: BTreeMap<String, String>,
    /// Certificates of authorities to trust instead of the well-known ones, in PEM (`SSL_CERT_FILE`).
    pub authorities: Option<Vec<u8>>,
    /// The commit that should be live, when it is known.
    pub commit: Option<String>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// How long one probe may take.
    pub limit: Duration,
}

impl Around {
    /// The address in a variable.
    ///
    /// # Errors
    /// The variable is not set.
    pub fn address(&self, variable: &str) -> Result<&Secret, Fault> {
        self.addresses.get(variable).ok_or_else(|| {
            Fault::new(Cause::BadAddress, format!("the variable {variable} is not set"))
                .remedy(format!("set {variable} in the environment, or give the file that holds it with --env-file"))
        })
    }
    /// The time that one probe has, from now on.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        Deadline::after(&self.clock, self.limit)
    }

    /// The authorities, for a wire.
    #[must_use]
    pub fn authorities(&self) -> Option<&[u8]> {
        self.authorities.as_deref()
    }

    /// A text from outside (a page, an output), shortened and without anything secret in it.
    #[must_use]
    pub fn hidden(&self, text: &str, longest: usize) -> String {
        let hidden = self.addresses.values().fold(text.to_owned(), |text, secret| secret.hide_in(&text));
        let one_line = mask(&hidden).split_whitespace().collect::<Vec<_>>().join(" ");
        match one_line.char_indices().nth(longest) {
            Some((end, _)) => format!("{}...", &one_line[..end]),
            None => one_line,
        }
    }
}
