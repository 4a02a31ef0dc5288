use crate::units::Duration;

/// Above this utilisation a queueing estimate is refused: near saturation the answer grows without bound, and real
/// systems do not follow it (an M/M/1 at 0.9999 predicts 22 hours for a real 7 seconds).
pub const LARGEST_UTILISATION: f64 = 0.85;

/// Where requests wait: so many identical servers behind one queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Station {
    /// Servers; a fraction is a slower server (see [`Load`]).
    pub servers: f64,
    /// Time that one request keeps one server busy, in seconds.
    pub service: f64,
}

impl Station {
    /// The share of time in which the servers are busy at an arrival rate.
    #[must_use]
    pub fn utilisation(self, arrivals: f64) -> f64 {
        if self.servers <= 0.0 { f64::INFINITY } else { arrivals * self.service / self.servers }
    }

    /// The mean time in the queue, in seconds: Erlang C over the free capacity (Kleinrock, Queueing Systems I, 3.5).
    fn waiting(self, arrivals: f64) -> f64 {
        let offered = arrivals * self.service;
        let whole = self.servers.floor().max(1.0);
        let busy = erlang_c(whole, offered.min(whole * 0.999_9));
        busy * self.service / (self.servers - offered).max(f64::EPSILON)
    }
}

/// The probability that an arriving request must wait, for `servers` servers and an offered load in erlangs
/// (Erlang's C formula, computed by the recursion of the B formula, which does not overflow).
#[must_use]
pub fn erlang_c(servers: f64, offered: f64) -> f64 {
    if offered <= 0.0 {
        return 0.0;
    }
    if offered >= servers {
        return 1.0;
    }
    let mut blocking = 1.0;
    let mut count = 1.0;
    while count <= servers {
        blocking = offered * blocking / (count + offered * blocking);
        count += 1.0;
    }
    let utilisation = offered / servers;
    blocking / (1.0 - utilisation * (1.0 - blocking))
}

/// What runs and what it must carry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Requests a second, over all instances.
    pub arrivals: f64,
    /// CPU time of one request on one whole core, in seconds.
    pub demand: f64,
    /// Time of one request in which it uses no CPU here (the database, other services), in seconds.
    pub elsewhere: f64,
    /// Instances.
    pub instances: u32,
    /// CPU of one instance, in cores: the share that it gets over time.
    pub cores: f64,
    /// How fast one request runs, as a share of one core. At least the share below one core; more where the quota
    /// allows bursts.
    pub speed: f64,
    /// Requests that one instance works on at the same time: workers x threads, or much more for async workers.
    pub concurrency: u32,
}

/// An estimate of how long requests take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// The mean response time.
    Mean(Duration),
    /// A station is busier than [`LARGEST_UTILISATION`]: no figure would be honest.
    Refused {
        /// The utilisation.
        utilisation: f64,
        /// `CPU` or `workers`.
        station: &'static str,
    },
}

/// How busy the CPU of one instance is, and how long one request keeps it, waiting included, in seconds; the time is
/// `None` above [`LARGEST_UTILISATION`].
#[must_use]
pub fn processing(load: Load) -> (f64, Option<f64>) {
    let arrivals = load.arrivals / f64::from(load.instances.max(1));
    let busy = if load.cores > 0.0 { arrivals * load.demand / load.cores } else { f64::INFINITY };
    if busy > LARGEST_UTILISATION {
        return (busy, None);
    }
    let service = load.demand / load.speed.clamp(f64::EPSILON, 1.0);
    // As many servers of this speed as the share has in it, one at least, kept as busy as the share is.
    let servers = (load.cores / load.speed.max(f64::EPSILON)).max(1.0);
    let waiting = if service > 0.0 {
        Station { servers, service }.waiting((busy * servers / service).min(arrivals.max(0.0) * servers))
    } else {
        0.0
    };
    (busy, Some(service + waiting))
}

/// The mean response time of an open network of two stations: the CPU, and the pool of workers around it, whose
/// servers are busy for the whole of a request. The burst behaviour of a CPU quota is not modelled beyond `speed`.
#[must_use]
pub fn predict(load: Load) -> Latency {
    let (busy, time) = processing(load);
    let Some(time) = time else { return Latency::Refused { utilisation: busy, station: "CPU" } };
    let arrivals = load.arrivals / f64::from(load.instances.max(1));
    let pool = Station { servers: f64::from(load.concurrency.max(1)), service: time + load.elsewhere };
    let busy = pool.utilisation(arrivals);
    if busy > LARGEST_UTILISATION {
        return Latency::Refused { utilisation: busy, station: "workers" };
    }
    Latency::Mean(Duration::seconds(pool.service + pool.waiting(arrivals)))
}

#[cfg(test)]
mod tests {
    use super::{Latency, Load, erlang_c, predict};
    use proptest::prelude::*;

    fn load(arrivals: f64, cores: f64, concurrency: u32) -> Load {
        Load { arrivals, demand: 0.040, elsewhere: 0.020, instances: 1, cores, speed: cores.min(1.0), concurrency }
    }

    #[test]
    fn erlang_c_agrees_with_published_values() {
        // M/M/1: the probability of waiting is the utilisation. M/M/2 at 0.75: 9/14.
        assert!((erlang_c(1.0, 0.6) - 0.6).abs() < 1e-12);
        assert!((erlang_c(2.0, 1.5) - 9.0 / 14.0).abs() < 1e-12);
    }

    #[test]
    fn above_85_percent_no_figure_is_given() {
        assert!(matches!(predict(load(24.0, 1.0, 100)), Latency::Refused { station: "CPU", .. }));
        assert!(matches!(predict(load(15.0, 4.0, 1)), Latency::Refused { station: "workers", .. }));
    }

    #[test]
    fn a_single_server_follows_the_textbook() {
        // One core, unlimited workers, no waiting elsewhere: M/M/1 with service 40 ms at 50 % takes 80 ms.
        let load = Load { elsewhere: 0.0, ..load(12.5, 1.0, 10_000) };
        let Latency::Mean(mean) = predict(load) else { panic!("refused") };
        assert!((mean.as_seconds() - 0.080).abs() < 1e-6, "{mean}");
    }

    proptest! {
        #[test]
        fn more_load_is_never_faster_and_more_cpu_never_slower(arrivals in 0.0_f64..60.0, cores in 0.1_f64..8.0, workers in 1_u32..32) {
            let seconds = |l| match predict(l) { Latency::Mean(d) => d.as_seconds(), Latency::Refused { .. } => f64::INFINITY };
            let here = seconds(load(arrivals, cores, workers));
            prop_assert!(seconds(load(arrivals * 1.1 + 0.01, cores, workers)) >= here - 1e-9);
            prop_assert!(seconds(load(arrivals, (cores * 2.0).ceil(), workers)) <= here + 1e-9);
        }
    }
}
