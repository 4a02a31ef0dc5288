use super::{Around, Seen};
use crate::client::Fault;
use crate::plan::Probe;

/// Whether a deploy is live is known to its provider alone.
pub(super) fn look(_: &Probe, _: &Around) -> Result<Seen, Fault> {
    Ok(Seen::unknown(
        "the provider is not asked about deploys: name a page that tells the version in [verify.release], \
         which the probe `release` looks at",
    ))
}
