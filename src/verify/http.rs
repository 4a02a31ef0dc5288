use std::time::Duration;

use super::asked::{self, address_or_unknown, milliseconds};
use super::{Around, Seen};
use crate::client::http::{Answer, Client, Request, Site};
use crate::client::{Cause, Deadline, Fault};
use crate::plan::Probe;

/// How long a free service of Render may take to wake: about a minute, as Render says ("Deploy for free").
const WAKE_SECONDS: f64 = 90.0;

/// The pause between two looks at a service that wakes.
const PAUSE: Duration = Duration::from_secs(2);

/// The header in which Render's own proxy says why it answers in the place of a service: `hibernate...` while it
/// sleeps, `suspend...` when it was switched off, `no-server` when none is there.
const ROUTING: &str = "x-render-routing";

/// How long it may take: that a service sleeps shows in its first answer.
pub(super) fn longest(probe: &Probe, around: &Around) -> Duration {
    // The first answer, the waking, and what is asked then.
    around.limit * 2 + wake_limit(probe)
}

/// Asks a page, wakes the service where it sleeps, and judges the answer.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let site = Site::parse(address_or_unknown!(around, asked::variable(probe, "PALIER_WEB_URL")))?;
    let path = path(probe, around);
    let client = Client::new(&site, around.authorities());
    let begin = around.clock.elapsed();
    let (answer, slept) = ask(probe, around, &site, &client)?;
    let took = around.clock.elapsed().saturating_sub(begin);
    let mut seen = judge(probe, &site, path, &answer)?;
    if !slept {
        return Ok(seen.figure("answer", milliseconds(took), "ms"));
    }
    let seconds = took.as_secs_f64();
    seen.note = format!("it slept and was awake after {seconds:.0} s; {}", seen.note);
    Ok(seen.figure("waking", seconds, "s"))
}

/// Wakes a service that may sleep, before it is asked something else.
pub(super) fn wake_first(probe: &Probe, around: &Around, site: &Site, client: &Client) -> Result<(), Fault> {
    if may_sleep(probe, site) { ask(probe, around, site, client).map(drop) } else { Ok(()) }
}

/// The answer of the health check, and whether the service slept before.
fn ask(probe: &Probe, around: &Around, site: &Site, client: &Client) -> Result<(Answer, bool), Fault> {
    let request = Request { path: path(probe, around), ..Request::default() };
    let first = client.send(&request, &around.deadline());
    let sleeps = match &first {
        Ok(answer) => routing(answer).contains("hibernate") || (may_sleep(probe, site) && is_gateway(answer)),
        Err(fault) => may_sleep(probe, site) && matches!(fault.cause, Cause::Silent | Cause::Slow),
    };
    if sleeps { Ok((wake(client, &request, probe, around, first)?, true)) } else { Ok((first?, false)) }
}

/// The path that says that the application is well.
pub(super) fn path<'p>(probe: &'p Probe, around: &'p Around) -> &'p str {
    let path = asked::text(probe, "path").or(around.policy.verify.health_path.as_deref());
    path.unwrap_or("/")
}

fn may_sleep(probe: &Probe, site: &Site) -> bool {
    site.is_on_render() || asked::flag(probe, "may_sleep")
}

fn wake_limit(probe: &Probe) -> Duration {
    let seconds = asked::figure(probe, "wake_seconds").unwrap_or(WAKE_SECONDS);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(90))
}

fn routing(answer: &Answer) -> &str {
    answer.header(ROUTING).unwrap_or_default()
}

/// A proxy answers in the place of the service.
const fn is_gateway(answer: &Answer) -> bool {
    matches!(answer.status, 502..=504)
}

/// Asks until the service answers by itself.
fn wake(
    client: &Client,
    request: &Request<'_>,
    probe: &Probe,
    around: &Around,
    first: Result<Answer, Fault>,
) -> Result<Answer, Fault> {
    let limit = wake_limit(probe);
    let deadline = Deadline::after(&around.clock, limit);
    let mut hibernates = first.as_ref().is_ok_and(|answer| routing(answer).contains("hibernate"));
    let mut last = first;
    while !deadline.is_over() {
        around.clock.sleep(PAUSE.min(deadline.left() / 4));
        let next = client.send(request, &deadline);
        if next.is_err() && last.is_ok() && deadline.is_over() {
            break;
        }
        last = next;
        match &last {
            Ok(answer) if routing(answer).contains("hibernate") => hibernates = true,
            Ok(answer) if !is_gateway(answer) => return last,
            Ok(_) => {}
            Err(fault) if matches!(fault.cause, Cause::Silent | Cause::Slow | Cause::Reset | Cause::Closed) => {}
            Err(_) => return last,
        }
    }
    if hibernates {
        let message = format!("it sleeps, and did not wake within {:.0} s", limit.as_secs_f64());
        return Err(Fault::new(Cause::Sleeping, message)
            .remedy("look into its log: it does not start any more; a paid plan does not sleep"));
    }
    last
}

fn judge(probe: &Probe, site: &Site, path: &str, answer: &Answer) -> Result<Seen, Fault> {
    let shown = site.shown(path);
    let status = answer.status;
    match routing(answer) {
        routing if routing.starts_with("suspend") => {
            return Err(Fault::new(Cause::Suspended, format!("{shown} is suspended at Render"))
                .remedy("resume it in Render's dashboard; free hours or the bill may be the reason"));
        }
        "no-server" => {
            return Err(Fault::new(Cause::Missing, format!("Render knows no running service for {shown}"))
                .remedy("check the address, and in the dashboard whether the last deploy failed"));
        }
        _ => {}
    }
    let wanted = asked::number(probe, "status");
    let is_expected = wanted.map_or((200..400).contains(&status), |wanted| u64::from(status) == wanted);
    if !is_expected {
        let instead = wanted.map_or_else(String::new, |wanted| format!(" instead of {wanted}"));
        return Err(
            Fault::new(Cause::UnexpectedStatus, format!("{shown} answers {status}{instead}")).remedy(remedy(status))
        );
    }
    if let Some(text) = asked::text(probe, "contains").filter(|text| !answer.body.contains(*text)) {
        return Err(Fault::new(Cause::UnexpectedAnswer, format!("{shown} answers without `{text}` in it"))
            .remedy("look at the page: another application, or an error page, may answer there"));
    }
    let after = answer.redirects.last().map_or_else(String::new, |last| format!(" after a redirect to {last}"));
    Ok(Seen::holds(format!("{shown} answers {status}{after}")))
}

const fn remedy(status: u16) -> &'static str {
    match status {
        400 => "the application refuses the host name: Django's ALLOWED_HOSTS must hold it",
        401 | 403 => "name a path that needs no login as `health_path` in [verify]",
        404 => "name the path that answers health checks as `health_path` in [verify]",
        502..=504 => "the application does not answer its proxy: look into its log, and whether it listens on $PORT",
        500..=599 => "the application fails: look into its log",
        _ => "look at the page, and into the log of the application",
    }
}
