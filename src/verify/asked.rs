//! What a probe is asked for, read from its `wants`.

use super::{Around, Seen};
use crate::client::Secret;
use crate::plan::Probe;

/// A text that the probe wants.
pub(super) fn text<'p>(probe: &'p Probe, name: &str) -> Option<&'p str> {
    probe.wants.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty())
}

/// A figure that the probe wants.
pub(super) fn figure(probe: &Probe, name: &str) -> Option<f64> {
    probe.wants.get(name).and_then(serde_json::Value::as_f64)
}

/// A whole number that the probe wants.
pub(super) fn number(probe: &Probe, name: &str) -> Option<u64> {
    probe.wants.get(name).and_then(serde_json::Value::as_u64)
}

/// Whether the probe says so.
pub(super) fn flag(probe: &Probe, name: &str) -> bool {
    probe.wants.get(name).and_then(serde_json::Value::as_bool).unwrap_or(false)
}

/// The texts of a list that the probe wants.
pub(super) fn texts<'p>(probe: &'p Probe, name: &str) -> Vec<&'p str> {
    let list = probe.wants.get(name).and_then(serde_json::Value::as_array);
    list.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}

/// The variable that holds the address: the one that the probe names, else the usual one.
pub(super) fn variable<'p>(probe: &'p Probe, usual: &'p str) -> &'p str {
    text(probe, "url_variable").unwrap_or(usual)
}

/// The address in a variable; where it is not set, nothing can be seen from here.
pub(super) fn address<'a>(around: &'a Around, variable: &str) -> Result<&'a Secret, Seen> {
    around.addresses.get(variable).ok_or_else(|| unset(variable))
}

/// The folder in which the project's own commands run: of a repository with several applications, the one's own.
pub(super) fn folder(probe: &Probe, around: &Around) -> std::path::PathBuf {
    text(probe, "folder").map_or_else(|| around.root.clone(), |folder| around.root.join(folder))
}

/// Nothing can be seen without an address.
pub(super) fn unset(variable: &str) -> Seen {
    Seen::unknown(format!(
        "the variable {variable} is not set: set it in the environment, or give the file that holds it with --env-file"
    ))
}

/// Milliseconds of a duration.
pub(super) fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// `1 worker`, `2 workers`.
pub(super) fn counted(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// An address's variable, or the outcome that nothing can be seen without it.
macro_rules! address_or_unknown {
    ($around:expr, $variable:expr) => {
        match $crate::verify::asked::address($around, $variable) {
            Ok(address) => address,
            Err(unknown) => return Ok(unknown),
        }
    };
}
pub(super) use address_or_unknown;
