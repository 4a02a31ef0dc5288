use super::InstanceMemory;
use crate::units::Bytes;

/// The most threads that palier gives one worker: beyond it the interpreter's lock, not the thread count, is the limit.
pub const MOST_THREADS: u32 = 8;

/// The most worker processes of one instance; gunicorn's documentation calls 4-12 typical.
const MOST_WORKERS: u32 = 64;

/// The share of time in which workers may be busy at the peak.
const BUSY_SHARE: f64 = 0.70;

/// What workers are chosen from. `None` is unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needs {
    /// Whether the application is asynchronous, so that one process serves many requests at once.
    pub asgi: bool,
    /// CPU of one instance, in cores: the offer's share, never the host's.
    pub cores: Option<f64>,
    /// Memory that the workers of one instance may use, headroom taken off.
    pub memory_limit: Option<Bytes>,
    /// Memory by worker.
    pub memory: Option<InstanceMemory>,
    /// Requests at the same time in one instance at the peak (Little's law: rate x time).
    pub concurrent: Option<f64>,
    /// The number that the policy sets.
    pub fixed: Option<u32>,
    /// The number that runs today.
    pub today: Option<u32>,
    /// Threads that a worker has today.
    pub threads_today: Option<u32>,
    /// Threads that must not change.
    pub fixed_threads: Option<u32>,
}

/// How many workers and threads, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Worker processes.
    pub workers: u32,
    /// Threads in each.
    pub threads: u32,
    /// One sentence for a person.
    pub reason: String,
}

/// Chooses workers and threads. At least one worker, even where memory does not allow it: the memory constraint then
/// rejects the offer and says so.
#[must_use]
pub fn choose(needs: Needs) -> Choice {
    if let (Some(workers), Some(threads)) = (needs.fixed, needs.fixed_threads) {
        let reason = format!("{workers} as today: the start command is not palier's to change");
        return Choice { workers, threads, reason };
    }
    if let Some(workers) = needs.fixed {
        return with_threads(needs, workers, format!("{workers} as the policy sets it"));
    }
    let Some(cores) = needs.cores else {
        let workers = needs.today.unwrap_or(1);
        return with_threads(needs, workers, format!("{workers} as today: the offer's CPU is unknown"));
    };
    let by_cpu = by_cpu(needs.asgi, cores);
    let rule = if needs.asgi { "an event loop for each core" } else { "2 x cores + 1" };
    let least = u32::from(cores >= 0.5) + 1;
    let wanted = by_cpu.max(least).min(MOST_WORKERS);
    let memory_room = needs.memory.zip(needs.memory_limit).map(|(memory, limit)| memory.most_workers(limit));
    match memory_room {
        Some(room) if room < wanted => {
            let workers = room.max(1);
            with_threads(
                needs,
                workers,
                format!("{workers}, as many as memory holds; {cores} cores would carry {wanted} ({rule})"),
            )
        }
        Some(_) => {
            let why = if wanted > by_cpu {
                "two, so that one can be replaced while the other answers".to_owned()
            } else {
                format!("{rule}, {cores} cores")
            };
            with_threads(needs, wanted, format!("{wanted}: {why}"))
        }
        None => {
            // Memory per worker is unknown: more workers than today would be a guess.
            let workers = needs.today.map_or(1, |today| today.min(wanted)).max(1);
            with_threads(needs, workers, format!("{workers}: memory per worker is unknown, so no more than today"))
        }
    }
}

/// What the CPU alone would carry. gunicorn's documentation starts synchronous workers at 2 x cores + 1; an
/// asynchronous worker is one event loop, which keeps one core busy.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn by_cpu(asgi: bool, cores: f64) -> u32 {
    if asgi {
        cores.ceil().max(1.0) as u32
    } else if cores < 0.5 {
        1
    } else {
        (2.0 * cores + 1.0).floor() as u32
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn with_threads(needs: Needs, workers: u32, reason: String) -> Choice {
    if needs.asgi {
        return Choice { workers, threads: 1, reason };
    }
    let today = needs.threads_today.unwrap_or(1);
    let wanted = needs.concurrent.map_or(today, |concurrent| {
        let slots = concurrent / BUSY_SHARE;
        (slots / f64::from(workers.max(1))).ceil().clamp(1.0, f64::from(MOST_THREADS)) as u32
    });
    let threads = wanted.max(today);
    let reason = if threads > today {
        format!(
            "{reason}; {threads} threads each, for {:.1} requests at the same time at the peak",
            needs.concurrent.unwrap_or_default()
        )
    } else {
        reason
    };
    Choice { workers, threads, reason }
}

#[cfg(test)]
mod tests {
    use super::{Needs, choose};
    use crate::capacity::InstanceMemory;
    use crate::units::Bytes;

    const NEEDS: Needs = Needs {
        asgi: true,
        cores: Some(0.5),
        memory_limit: Some(Bytes::mebibytes(409)),
        memory: Some(InstanceMemory { per_worker: Bytes::mebibytes(171), base: Bytes::mebibytes(30) }),
        concurrent: Some(1.0),
        fixed: None,
        today: Some(1),
        threads_today: None,
        fixed_threads: None,
    };

    #[test]
    fn half_a_core_runs_two_workers_where_memory_allows() {
        assert_eq!(choose(NEEDS).workers, 2);
        let tight = Needs { memory_limit: Some(Bytes::mebibytes(300)), ..NEEDS };
        assert_eq!(choose(tight).workers, 1);
    }

    #[test]
    fn workers_follow_the_plan_s_share_not_a_host() {
        let sync = Needs { asgi: false, cores: Some(4.0), memory_limit: Some(Bytes::gibibytes(6)), ..NEEDS };
        assert_eq!(choose(sync).workers, 9);
        assert_eq!(choose(Needs { cores: Some(0.1), ..NEEDS }).workers, 1);
    }

    #[test]
    fn without_a_memory_figure_the_number_does_not_rise() {
        assert_eq!(choose(Needs { memory: None, cores: Some(8.0), today: Some(2), ..NEEDS }).workers, 2);
    }

    #[test]
    fn threads_cover_the_requests_that_wait_at_the_same_time() {
        let busy = Needs { asgi: false, concurrent: Some(7.0), ..NEEDS };
        let choice = choose(busy);
        assert_eq!((choice.workers, choice.threads), (2, 5));
    }
}
