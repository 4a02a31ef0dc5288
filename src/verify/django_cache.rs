use super::{Around, Seen, asked};
use crate::client::process::{Finished, Program};
use crate::client::{Cause, Fault};
use crate::plan::Probe;

/// Writes, reads and removes one key in every cache that the settings name, and says how each fared.
const CODE: &str = "
import json, time
from django.conf import settings
from django.core.cache import caches
found = {}
for alias in settings.CACHES:
    try:
        key = 'palier-probe-%d' % time.time_ns()
        begin = time.perf_counter()
        caches[alias].set(key, 'palier', 10)
        value = caches[alias].get(key)
        caches[alias].delete(key)
        took = round((time.perf_counter() - begin) * 1000, 1)
        backend = settings.CACHES[alias].get('BACKEND', '')
        found[alias] = {'holds': value == 'palier', 'ms': took, 'backend': backend}
    except Exception as error:
        found[alias] = {'error': '%s: %s' % (type(error).__name__, error)}
print('palier-probe ' + json.dumps(found))
";

/// What the line with the result begins with: a project may print lines of its own when it starts.
const MARK: &str = "palier-probe ";

/// Uses Django's caches as the project's own settings have them.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    if !around.policy.verify.django_cache {
        return Ok(Seen::unknown("it runs code of the project: allow it with `django_cache = true` in [verify]"));
    }
    let folder = asked::folder(probe, around);
    let program = Program {
        name: &around.policy.verify.python,
        arguments: &["manage.py", "shell", "-c", CODE],
        folder: &folder,
        environment: &around.environment,
        secrets: &around.addresses,
    };
    let finished = program.run(around.clock.as_ref(), &around.deadline())?;
    let result = finished.stdout.lines().find_map(|line| line.strip_prefix(MARK));
    let parsed = result.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let caches = parsed.as_ref().and_then(serde_json::Value::as_object).ok_or_else(|| broken(&finished, around))?;
    if caches.is_empty() {
        return Err(Fault::new(Cause::Missing, "the settings name no cache").remedy("add CACHES to Django's settings"));
    }
    let mut seen = Seen::holds(String::new());
    let mut notes = Vec::new();
    for (alias, result) in caches {
        if let Some(error) = result.get("error").and_then(serde_json::Value::as_str) {
            return Err(failed(alias, &around.hidden(error, 200)));
        }
        let backend = result.get("backend").and_then(serde_json::Value::as_str).unwrap_or_default();
        if result.get("holds").and_then(serde_json::Value::as_bool) != Some(true) {
            let message = format!("the cache `{alias}` ({backend}) does not give back what was written");
            return Err(Fault::new(Cause::UnexpectedAnswer, message)
                .remedy("a dummy backend keeps nothing; one that ignores exceptions hides that Redis is away"));
        }
        notes.push(format!("`{alias}` ({backend})"));
        let took = result.get("ms").and_then(serde_json::Value::as_f64).unwrap_or_default();
        seen = seen.figure(alias, took, "ms");
    }
    seen.note = format!("Django writes and reads through its own settings: {}", notes.join(", "));
    Ok(seen)
}

/// The names of exceptions of redis-py and of Python, with their causes.
fn failed(alias: &str, error: &str) -> Fault {
    let lower = error.to_lowercase();
    let cause = match () {
        () if lower.contains("invalid username-password") || lower.contains("invalid password") => Cause::WrongPassword,
        () if lower.contains("noauth") || lower.contains("authentication required") => Cause::PasswordMissing,
        () if lower.contains("refused") => Cause::Refused,
        () if lower.contains("timeout") || lower.contains("timed out") => Cause::TimedOut,
        () if lower.contains("certificate_verify_failed") => Cause::CertificateUntrusted,
        () if lower.contains("name or service not known") || lower.contains("getaddrinfo") => Cause::NotResolved,
        () if lower.contains("oom command") => Cause::Full,
        () if lower.contains("readonly") => Cause::ReadOnly,
        () if lower.contains("modulenotfound") || lower.contains("importerror") => Cause::ToolMissing,
        () => Cause::Other,
    };
    Fault::new(cause, format!("the cache `{alias}` fails: {error}"))
        .remedy("compare CACHES in Django's settings with the address that the probe `redis` looks at")
}

fn broken(finished: &Finished, around: &Around) -> Fault {
    let last = around.hidden(finished.last_line(), 200);
    let cause = if last.contains("ModuleNotFoundError") { Cause::ToolMissing } else { Cause::Other };
    Fault::new(cause, format!("`manage.py shell` does not come to its end: {last}"))
        .remedy("run it by hand with the same environment; `python` in [verify] names the project's own Python")
}
