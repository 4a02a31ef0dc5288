use super::{Candidate, Context, Verdict, assumed, measured};

/// CPU of the web service at the peak, against the offer's cores less headroom. The offer's share counts, never the
/// cores of the host that it runs on.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let web = candidate.web?;
    // One Python process keeps one core busy at most: the interpreter's lock lets one thread run.
    let usable = web.offer.cpu?.min(f64::from(web.choice.workers));
    let cores = usable * f64::from(web.instances);
    let limit = cores * context.inputs.policy.headroom.cpu.value();
    if let Some(peak) = &context.usage.cpu_peak {
        return Some(measured("cpu", "web", (peak.value, limit), "cores", vec![peak.evidence.clone()]));
    }
    let today =
        context.measured_web_offer.and_then(|offer| offer.cpu).map(|cpu| cpu * f64::from(context.instances_today()));
    let fits = today.is_none_or(|today| cores + 1e-9 >= today);
    let today =
        today.map_or_else(|| "nothing runs today".to_owned(), |today| format!("today's {today} cores carry it"));
    Some(assumed("cpu", "web", fits, format!("web.cpu is unknown; {today}")))
}
