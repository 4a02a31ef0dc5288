use super::asked::{self, address_or_unknown, counted};
use super::{Around, Seen};
use crate::client::http::{Answer, Client, Request, Site};
use crate::client::{Cause, Fault};
use crate::plan::Probe;
use crate::policy::RateLimit;

/// Limits above this are not tried: so many requests are a load of their own.
const MOST_REQUESTS: u64 = 500;

/// Sends one request more than a rate limit allows: the last one must be refused, and say for how long.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let Some(limit) = around.policy.rate_limit.iter().find(|limit| limit.name == probe.of) else {
        return Ok(Seen::unknown(format!("the policy has no [[rate_limit]] named `{}`", probe.of)));
    };
    let Some(endpoint) = &limit.endpoint else {
        return Ok(Seen::unknown(format!("the rate limit `{}` names no `endpoint` to try", limit.name)));
    };
    if limit.limit > MOST_REQUESTS {
        return Ok(Seen::unknown(format!("{} requests are more than a probe sends", limit.limit)));
    }
    let site = Site::parse(address_or_unknown!(around, asked::variable(probe, "PALIER_WEB_URL")))?;
    let client = Client::new(&site, around.authorities());
    let request = Request { path: endpoint, method: limit.method.as_deref().unwrap_or("GET"), ..Request::default() };
    super::http::wake_first(probe, around, &site, &client)?;
    let (begin, deadline) = (around.clock.elapsed(), around.deadline());
    for sent in 1..=limit.limit + 1 {
        let answer = client.send(&request, &deadline)?;
        if answer.status == 429 {
            return refused(limit, sent, &answer, &site.shown(endpoint));
        }
        if matches!(answer.status, 404 | 405 | 500..=599) {
            let message = format!("{} answers {}", site.shown(endpoint), answer.status);
            return Err(Fault::new(Cause::UnexpectedStatus, message)
                .remedy(format!("correct `endpoint` and `method` of the rate limit `{}`", limit.name)));
        }
    }
    let took = around.clock.elapsed().saturating_sub(begin).as_secs_f64();
    if took > limit.window.as_seconds() {
        return Ok(Seen::unknown(format!("the requests took {took:.1} s, longer than the window of {}", limit.window)));
    }
    Err(Fault::new(
        Cause::OutOfLimit,
        format!("{} accepted {} within {}", site.shown(endpoint), counted(limit.limit + 1, "request"), limit.window),
    )
    .remedy("look whether the limit counts in Redis and not in each worker, and by which address of the client"))
}

/// A refusal: after exactly as many requests as allowed, and with the time to wait.
fn refused(limit: &RateLimit, sent: u64, answer: &Answer, shown: &str) -> Result<Seen, Fault> {
    let wait = answer.header("retry-after");
    if sent == 1 {
        let wait = wait.map_or_else(String::new, |wait| format!("; it asks to wait {wait} s"));
        return Ok(Seen::unknown(format!("{shown} refuses at once: the window is still used up from before{wait}")));
    }
    if sent <= limit.limit {
        return Err(Fault::new(
            Cause::OutOfLimit,
            format!("{shown} refuses request {sent} already; {} are allowed in {}", limit.limit, limit.window),
        )
        .remedy("another limit is lower, or requests of others count together with these: look by what it counts"));
    }
    let Some(wait) = wait else {
        return Err(Fault::new(Cause::UnexpectedAnswer, format!("{shown} refuses without the header Retry-After"))
            .remedy("let the answer say how long to wait, so that clients do not try again at once"));
    };
    Ok(Seen::holds(format!("{shown} answers 429 to request {sent}, with Retry-After: {wait}")))
}
