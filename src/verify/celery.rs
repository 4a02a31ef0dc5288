use super::{Around, Seen, asked};
use crate::client::process::Program;
use crate::client::{Cause, Fault};
use crate::plan::Probe;

/// The share of the time in which workers may answer; Python starts in the rest.
const SHARE: f64 = 0.5;

/// Lets Celery ask its workers.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let Some(app) = &around.policy.verify.celery_app else {
        return Ok(Seen::unknown("which Celery application is meant is not known: name `celery_app` in [verify]"));
    };
    let patience = format!("{:.1}", around.limit.as_secs_f64() * SHARE);
    let arguments = ["-m", "celery", "-A", app.as_str(), "inspect", "ping", "--timeout", &patience, "--json"];
    let folder = asked::folder(probe, around);
    let program = Program {
        name: &around.policy.verify.python,
        arguments: &arguments,
        folder: &folder,
        environment: &around.environment,
        secrets: &around.addresses,
    };
    let finished = program.run(around.clock.as_ref(), &around.deadline())?;
    let answers = finished
        .stdout
        .lines()
        .find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?.as_object().cloned());
    if let Some(workers) = answers.filter(|workers| !workers.is_empty()) {
        let names: Vec<&str> = workers.keys().map(String::as_str).collect();
        let count = asked::counted(names.len() as u64, "worker");
        let verb = if names.len() == 1 { "answers" } else { "answer" };
        #[allow(clippy::cast_precision_loss, reason = "a few workers")]
        return Ok(Seen::holds(format!("{count} {verb}: {}", names.join(", "))).figure(
            "workers",
            names.len() as f64,
            "workers",
        ));
    }
    let said = format!("{}\n{}", finished.stdout, finished.stderr);
    if said.contains("No nodes replied") {
        return Err(Fault::new(Cause::Silent, format!("no worker of `{app}` answered a ping within {patience} s"))
            .remedy(
                "start a worker on the same broker and look into its log; one that is busy with `--pool solo` does \
                     not answer",
            ));
    }
    let last = around.hidden(finished.last_line(), 200);
    let cause = match () {
        () if last.contains("No module named celery") => Cause::ToolMissing,
        () if said.contains("Unable to load celery application") => Cause::Missing,
        () if said.contains("refused") => Cause::Refused,
        () if said.contains("WRONGPASS") || said.contains("invalid username-password") => Cause::WrongPassword,
        () => Cause::Other,
    };
    Err(Fault::new(cause, format!("Celery cannot ask its workers: {last}")).remedy(
        "run `celery -A APP inspect ping` by hand with the same environment; `python` in [verify] names the \
                 project's own Python",
    ))
}
