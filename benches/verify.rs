//! What probes cost: run side by side, all of them take as long as the slowest.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program that prints figures and stops at a surprise")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palier::client::{Clock, Secret};
use palier::plan::Probe;
use palier::policy::Policy;
use palier::verify::{Around, Status, run};

const PROBES: usize = 8;
const RUNS: usize = 9;

/// How long the slowest server thinks; the others take an eighth of it more than the one before.
const SLOWEST: Duration = Duration::from_millis(400);

struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

fn main() {
    let step = SLOWEST / u32::try_from(PROBES).expect("a few");
    let ports: Vec<u16> = (1..=PROBES).map(|number| slow(step * u32::try_from(number).expect("a few"))).collect();
    let addresses: BTreeMap<String, Secret> = ports
        .iter()
        .enumerate()
        .map(|(number, port)| (format!("URL_{number}"), Secret::new(format!("http://127.0.0.1:{port}"))))
        .collect();
    let probes: Vec<Probe> = addresses
        .keys()
        .map(|name| Probe::new("http", name, "it answers").wants("url_variable", name.as_str()))
        .collect();
    let around = Arc::new(Around {
        root: std::env::temp_dir(),
        policy: Policy::default(),
        addresses,
        environment: BTreeMap::new(),
        authorities: None,
        commit: None,
        clock: Arc::new(SystemClock(Instant::now())),
        limit: Duration::from_secs(10),
    });
    let mut ratios: Vec<f64> = (0..RUNS).map(|_| ratio(&probes, &around)).collect();
    ratios.sort_by(f64::total_cmp);
    println!("Time of {PROBES} probes over that of the slowest: {:.2} times", ratios[RUNS / 2]);
    println!("Overhead of one probe: {:.1} ms", overhead(&around));
}

/// The time of all over that of the slowest one.
#[allow(clippy::cast_precision_loss, reason = "milliseconds")]
fn ratio(probes: &[Probe], around: &Arc<Around>) -> f64 {
    let begin = Instant::now();
    let outcomes = run(probes, around);
    let took = begin.elapsed().as_secs_f64() * 1e3;
    assert!(outcomes.iter().all(|outcome| outcome.status == Status::Holds), "{outcomes:#?}");
    took / outcomes.iter().map(|outcome| outcome.milliseconds).max().expect("some") as f64
}

/// The median time of a probe of a server that answers at once.
fn overhead(around: &Arc<Around>) -> f64 {
    let mut at_once = (**around).clone();
    let address = Secret::new(format!("http://127.0.0.1:{}", slow(Duration::ZERO)));
    at_once.addresses = BTreeMap::from([("PALIER_WEB_URL".to_owned(), address)]);
    let (around, probe) = (Arc::new(at_once), Probe::new("http", "web", "it answers"));
    let mut times: Vec<f64> = (0..50)
        .map(|_| {
            let begin = Instant::now();
            let outcomes = run(std::slice::from_ref(&probe), &around);
            assert_eq!(outcomes.len(), 1);
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// A server that thinks so long about each request; gives its port.
fn slow(time: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                std::thread::sleep(time);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            });
        }
    });
    port
}
