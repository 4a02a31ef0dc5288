//! What one run of palier costs: CPU time and peak memory, as the operating system counts them for a child process.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program that prints figures and stops at a surprise")]

use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const PALIER: &str = env!("CARGO_BIN_EXE_palier");
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/demo/fastapi");
const RUNS: usize = 50;

fn main() {
    let start = median_of_cpu(&["--version"]);
    let plan = median_of_cpu(&["plan", "--format", "json", "--root", EXAMPLE]);
    let size = std::fs::metadata(PALIER).expect("the binary").len();
    println!("CPU time of one start: {start:.1} ms");
    println!("CPU time of one plan: {plan:.1} ms");
    println!("Peak memory of one plan: {:.1} MiB", peak_of_children());
    #[allow(clippy::cast_precision_loss, reason = "a size in megabytes")]
    let megabytes = size as f64 / 1e6;
    println!("Size of the binary: {megabytes:.1} MB");
}

/// The median of the CPU time, user and system, of some runs, in milliseconds.
fn median_of_cpu(arguments: &[&str]) -> f64 {
    let mut times: Vec<f64> = (0..RUNS).map(|_| cpu_of_one(arguments)).collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn cpu_of_one(arguments: &[&str]) -> f64 {
    let before = cpu_of_children();
    let mut command = Command::new(PALIER);
    command.args(arguments).env_clear().env("PALIER_NOW", "2026-11-20T08:00:00Z").stdout(Stdio::null());
    assert!(command.status().expect("palier runs").success());
    cpu_of_children() - before
}

/// What the children that ended have used so far, in milliseconds.
#[allow(clippy::cast_precision_loss, reason = "microseconds of a few minutes")]
fn cpu_of_children() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the usage of children");
    (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e3
}

/// The most memory that any child held at once, in MiB.
#[allow(clippy::cast_precision_loss, reason = "a size in MiB")]
fn peak_of_children() -> f64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the usage of children").max_rss() as f64 / 1024.0
}
