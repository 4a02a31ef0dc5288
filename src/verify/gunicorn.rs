use std::collections::BTreeSet;
use std::sync::Mutex;

use super::asked::{self, address_or_unknown, counted};
use super::{Around, Seen};
use crate::client::http::{Client, Request, Site};
use crate::client::processes::{self, Worker};
use crate::client::{Cause, Deadline, Fault};
use crate::plan::Probe;

/// How many requests are sent for each worker that is looked for: with as many connections at once as there are
/// workers, it is next to impossible that one of them is never chosen.
const REQUESTS_PER_WORKER: u64 = 12;

/// The most requests at once.
const MOST_AT_ONCE: u64 = 32;

/// By how much a worker's memory may exceed what the plan rests on before that is told.
const TOLERANCE: f64 = 1.2;

/// Counts the workers that answer, and weighs them.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let count = &around.policy.verify.workers;
    let wanted = asked::number(probe, "workers");
    if let Some(pid_file) = &count.pid_file {
        let workers = processes::workers(&around.root.join(pid_file))?;
        return judge_processes(probe, &workers, wanted);
    }
    let Some(header) = &count.header else {
        return Ok(Seen::unknown(
            "workers cannot be counted from here: name gunicorn's pid file as `workers.pid_file` in [verify], or a \
             header in which each worker names itself as `workers.header`",
        ));
    };
    let site = Site::parse(address_or_unknown!(around, asked::variable(probe, "PALIER_WEB_URL")))?;
    super::http::wake_first(probe, around, &site, &Client::new(&site, around.authorities()))?;
    let found = answering(&site, super::http::path(probe, around), header, wanted.unwrap_or(4), around)?;
    judge_count(found.len() as u64, wanted, &format!("{}:{}", site.host, site.port))
}

/// The names in which the workers answer.
fn answering(site: &Site, path: &str, header: &str, wanted: u64, around: &Around) -> Result<BTreeSet<String>, Fault> {
    let deadline = around.deadline();
    let names: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let at_once = (wanted * 2).clamp(2, MOST_AT_ONCE);
    let rounds = (wanted * REQUESTS_PER_WORKER).div_ceil(at_once);
    for _ in 0..rounds {
        let results: Vec<Result<(), Fault>> = std::thread::scope(|scope| {
            let ask = || one(site, path, header, around, &deadline, &names);
            let asking: Vec<_> = (0..at_once).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        results.into_iter().collect::<Result<Vec<()>, Fault>>()?;
        if deadline.is_over() {
            break;
        }
    }
    Ok(names.into_inner().unwrap_or_default())
}

/// A request on a connection of its own, which the server may give to any worker.
fn one(
    site: &Site,
    path: &str,
    header: &str,
    around: &Around,
    deadline: &Deadline,
    names: &Mutex<BTreeSet<String>>,
) -> Result<(), Fault> {
    let answer = Client::new(site, around.authorities()).send(&Request { path, ..Request::default() }, deadline)?;
    let name = answer.header(header).ok_or_else(|| {
        Fault::new(Cause::Missing, format!("the answer has no header `{header}`"))
            .remedy("let the application name its process in it (os.getpid()), or correct `workers.header`")
    })?;
    if let Ok(mut names) = names.lock() {
        names.insert(name.to_owned());
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "counts and bytes of a few processes")]
fn judge_processes(probe: &Probe, workers: &[Worker], wanted: Option<u64>) -> Result<Seen, Fault> {
    let stopped = workers.iter().filter(|worker| !worker.runs).count() as u64;
    let running = workers.len() as u64 - stopped;
    if stopped > 0 {
        let of = counted(workers.len() as u64, "worker");
        return Err(Fault::new(Cause::Silent, format!("{stopped} of {of} cannot run: stopped or dead"))
            .remedy("restart the server: gunicorn does not replace a worker that is paused"));
    }
    let mut seen = judge_count(running, wanted, "the server")?;
    let largest = workers.iter().filter_map(|worker| worker.memory).max();
    let Some(largest) = largest.map(|bytes| bytes as f64) else { return Ok(seen) };
    if let Some(planned) = asked::figure(probe, "memory_per_worker").filter(|planned| largest > planned * TOLERANCE) {
        let mebibytes = |bytes: f64| bytes / 1_048_576.0;
        return Err(Fault::new(
            Cause::OutOfLimit,
            format!("a worker holds {:.0} MiB, the plan rests on {:.0} MiB", mebibytes(largest), mebibytes(planned)),
        )
        .remedy("write the figure to `memory_per_worker` of the usage and plan anew"));
    }
    let all: u64 = workers.iter().filter_map(|worker| worker.memory).sum();
    seen = seen.figure("memory of the largest worker", largest, "bytes").figure("memory", all as f64, "bytes");
    Ok(seen)
}

#[allow(clippy::cast_precision_loss, reason = "a few workers")]
fn judge_count(found: u64, wanted: Option<u64>, at: &str) -> Result<Seen, Fault> {
    let verb = if found == 1 { "answers" } else { "answer" };
    if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
        return Err(Fault::new(
            Cause::OutOfLimit,
            format!("{} of {at} {verb}, and {wanted} are planned", counted(found, "worker")),
        )
        .remedy("look at the start command, WEB_CONCURRENCY and GUNICORN_CMD_ARGS of the service, and into its log"));
    }
    Ok(Seen::holds(format!("{} of {at} {verb}", counted(found, "worker"))).figure("workers", found as f64, "workers"))
}
