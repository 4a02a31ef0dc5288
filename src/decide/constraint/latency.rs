use super::{Candidate, Context, Verdict, assumed, measured};
use crate::capacity::{LARGEST_UTILISATION, Latency, Load, predict};
use crate::decide::candidate::WebCandidate;

/// The p95 that a queueing model expects, calibrated on the measured one, against the policy's.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let web = candidate.web?;
    let target = context.inputs.policy.service_level.p95?;
    let limit = target.as_seconds() * 1e3;
    let Some(p95) = &context.measured.p95 else {
        return Some(assumed("latency", "web", true, "requests.latency.p95 is unknown, so nothing can be said of it"));
    };
    let evidence = |sentence: &str| vec![sentence.to_owned(), p95.evidence.clone()];
    match estimate(web, context) {
        Estimate::Seconds(seconds) => {
            let sentence = "estimated by a queueing model, calibrated on the measured p95";
            Some(measured("latency", "web", (seconds * 1e3, limit), "ms", evidence(sentence)))
        }
        Estimate::Busy { utilisation, station } => {
            let sentence = format!("{station} busy to {:.0} %: above 85 % no estimate is honest", utilisation * 100.0);
            let mut evidence = evidence(&sentence);
            evidence.extend(context.usage.cpu_peak.as_ref().map(|cpu| cpu.evidence.clone()));
            Some(measured("latency", "web", (utilisation, LARGEST_UTILISATION), "utilisation", evidence))
        }
        Estimate::Saturated => {
            let sentence = "it was measured near saturation, where no model can be calibrated";
            let same = if is_more_than_measured(web, context) {
                "more CPU will shorten it, by how much is unknown"
            } else {
                "it needs more CPU"
            };
            let fits =
                is_more_than_measured(web, context) || is_at_least_measured(web, context) && p95.value * 1e3 <= limit;
            Some(assumed("latency", "web", fits, format!("{sentence}; {same}; {}", p95.evidence)))
        }
        Estimate::Unknown(why) => {
            let fits = is_at_least_measured(web, context);
            Some(assumed("latency", "web", fits, format!("{why}; {}", p95.evidence)))
        }
    }
}

enum Estimate {
    Seconds(f64),
    Busy { utilisation: f64, station: &'static str },
    Saturated,
    Unknown(&'static str),
}

fn estimate(web: &WebCandidate<'_>, context: &Context<'_>) -> Estimate {
    let (Some(mean), Some(peak)) = (&context.measured.arrivals_mean, &context.usage.arrivals_peak) else {
        return Estimate::Unknown("web.cpu.mean and requests.per_second.mean are needed for an estimate");
    };
    let (Some(offer), Some(p95), Some(response)) =
        (context.measured_web_offer, &context.measured.p95, context.mean_response)
    else {
        return Estimate::Unknown("what runs today is unknown, so the model cannot be calibrated");
    };
    let (Some(cores_today), Some(cores)) = (offer.cpu, web.offer.cpu) else {
        return Estimate::Unknown("the offer's CPU is unknown");
    };
    let Some(today) = context.load_today(cores_today, response) else {
        return Estimate::Unknown("web.cpu.mean and requests.per_second.mean are needed for an estimate");
    };
    let today = Load { arrivals: mean.value, ..today };
    let then = context.load_on(today, cores, web.instances, web.choice.workers, web.choice.threads, peak.value);
    match (predict(today), predict(then)) {
        (_, Latency::Refused { utilisation, station }) => Estimate::Busy { utilisation, station },
        (Latency::Refused { .. }, _) => Estimate::Saturated,
        (Latency::Mean(now), Latency::Mean(then)) => {
            Estimate::Seconds(p95.value * then.as_seconds() / now.as_seconds().max(1e-6))
        }
    }
}

/// CPU of a candidate against the CPU that it was measured on; `None` when that is unknown.
fn cpu_against_measured(web: &WebCandidate<'_>, context: &Context<'_>) -> Option<f64> {
    let cores = web.offer.cpu.unwrap_or(0.0) * f64::from(web.instances);
    let measured = context.measured_web_offer?.cpu? * f64::from(context.instances_today());
    Some(cores / measured)
}

fn is_at_least_measured(web: &WebCandidate<'_>, context: &Context<'_>) -> bool {
    cpu_against_measured(web, context).is_none_or(|share| share > 1.0 - 1e-9)
}

fn is_more_than_measured(web: &WebCandidate<'_>, context: &Context<'_>) -> bool {
    cpu_against_measured(web, context).is_none_or(|share| share > 1.0 + 1e-9)
}
