use super::{Candidate, Context, Verdict, assumed, measured};
use crate::units::Bytes;

/// Memory of the web service: workers x the peak of one + what runs besides, against the offer's memory less headroom.
///
/// Being killed for want of memory is stronger evidence than any average: what was killed needs more than it had.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let web = candidate.web?;
    let have = web.offer.memory?;
    let had = context.measured_web_offer.and_then(|offer| offer.memory);
    let limit = have.scaled(context.inputs.policy.headroom.memory.value()).as_f64();
    let kills = context.usage.out_of_memory_kills.as_ref().filter(|kills| kills.value > 0);
    let killed =
        |had: Bytes| kills.map(|kills| format!("killed {} times with {had} ({})", kills.value, kills.evidence));
    match context.memory {
        Some(memory) => {
            let source = context.usage.memory_per_worker.as_ref().map(|found| found.evidence.clone());
            let plural = if web.choice.workers == 1 { "" } else { "s" };
            let (per_worker, base) = (memory.per_worker, memory.base);
            let sum = format!("{} worker{plural} x {per_worker} + {base} besides", web.choice.workers);
            let evidence = std::iter::once(sum).chain(source).chain(had.and_then(killed)).collect();
            Some(measured("memory", "web", (memory.of(web.choice.workers).as_f64(), limit), "bytes", evidence))
        }
        None => match had.and_then(|had| Some((had, killed(had)?))) {
            Some((had, killed)) if have <= had => {
                Some(measured("memory", "web", (had.as_f64(), limit), "bytes", vec![killed]))
            }
            Some((_, killed)) => {
                Some(assumed("memory", "web", true, format!("{killed}; how much it needs is unknown")))
            }
            None => Some(without_figures(have, had)),
        },
    }
}

/// Memory is unknown: what runs today is the only evidence, so no offer below it is taken.
fn without_figures(have: Bytes, had: Option<Bytes>) -> Verdict {
    let fits = had.is_none_or(|had| have >= had);
    let today = had.map_or_else(|| "nothing runs today".to_owned(), |had| format!("today's {had} carries it"));
    assumed("memory", "web", fits, format!("web.memory_per_worker is unknown; {today}"))
}
