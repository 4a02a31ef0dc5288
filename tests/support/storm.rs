//! A storm of kills: runs of palier that are killed at random instants, carried on, and looked at.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::applied::{Ran, Site, ended};

/// Numbers that are spread evenly (SplitMix64): the same seed gives the same storm, as far as the machine allows.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
}

/// The seed: `PALIER_SEED`, else one that no other run has.
pub(crate) fn seed() -> u64 {
    let told = std::env::var("PALIER_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    told.unwrap_or_else(|| u64::try_from(now()).unwrap_or_default())
}

/// As many as wanted in a long run, or in a usual one.
pub(crate) fn count(usual: usize, long: usize) -> usize {
    if std::env::var("PALIER_LONG").is_ok_and(|value| value == "1") { long } else { usual }
}

/// What all workers of a storm count.
pub(crate) struct Tally {
    wanted: usize,
    kills: AtomicUsize,
    resumed: AtomicUsize,
    rolled_back: AtomicUsize,
    after: Mutex<BTreeMap<String, usize>>,
    begin: Instant,
}

impl Tally {
    pub(crate) fn new(wanted: usize) -> Self {
        let zero = || AtomicUsize::new(0);
        let (kills, resumed, rolled_back) = (zero(), zero(), zero());
        Self { wanted, kills, resumed, rolled_back, after: Mutex::default(), begin: Instant::now() }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.kills.load(Ordering::SeqCst) >= self.wanted
    }

    fn killed(&self, after: &str) {
        self.kills.fetch_add(1, Ordering::SeqCst);
        *self.after.lock().expect("the tally").entry(after.to_owned()).or_default() += 1;
    }

    pub(crate) fn line(&self, name: &str) -> String {
        let get = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        let after = self.after.lock().expect("the tally");
        let by: Vec<String> = after.iter().map(|(event, count)| format!("{event} {count}")).collect();
        format!(
            "{name}: {} kills, {} resumed, {} rolled back, in {:.0} s, by the event after which the kill came: {}",
            get(&self.kills),
            get(&self.resumed),
            get(&self.rolled_back),
            self.begin.elapsed().as_secs_f64(),
            by.join(", ")
        )
    }
}

type State = (BTreeMap<String, Vec<u8>>, String);

/// One worker of a storm, with a project and a database of its own.
pub(crate) struct Storm<'a> {
    site: &'a Site,
    tally: &'a Tally,
    random: Random,
    start: State,
    target: State,
    /// How long a whole run takes, and a whole rollback.
    whole: Duration,
    back: Duration,
    /// How an apply without a kill ends.
    ends: i32,
    round: String,
}

impl<'a> Storm<'a> {
    /// Applies and rolls back once without a kill, to know what is to come out and how long it takes. `ends` is the exit
    /// code of an apply: 0, or 6 where the last step fails and everything is undone.
    pub(crate) fn new(site: &'a Site, tally: &'a Tally, seed: u64, ends: i32) -> Self {
        let start = site.state();
        let whole = site.apply().exits(ends).took;
        let target = site.state();
        let back = site.run(&["rollback", "--auto-approve"]).exits(0).took;
        let round = String::new();
        let storm = Self { site, tally, random: Random::new(seed), start, target, whole, back, ends, round };
        storm.is_at_start();
        assert_eq!(storm.target == storm.start, ends != 0, "only what fails changes nothing");
        storm
    }

    /// Rounds until there were enough kills.
    pub(crate) fn rage(mut self) {
        let mut number = 0;
        while !self.tally.is_over() {
            self.round = format!("round {number}");
            if number % 8 == 0 {
                self.site.renew();
            }
            match (self.ends, number % 4) {
                (0, 0) => self.forward(1),
                (0, 1) => self.forward(6),
                (0, 2) => self.killed_then_back(),
                (0, _) => self.back_then_resumed(),
                _ => self.failing(),
            }
            // However a round ended, the next one finds the start and, but for now and then, the journal so far.
            self.goes_back(0);
            self.is_at_start();
            number += 1;
        }
    }

    /// Killed on the way forward, some times over; then carried on to the target.
    fn forward(&mut self, kills: usize) {
        self.kill(&["apply", "--auto-approve"], self.whole);
        for _ in 1..kills {
            self.kill(&["apply", "--resume"], self.whole);
        }
        self.resumes();
        self.is_at_target();
    }

    /// Killed on the way forward, then taken back, which is killed too.
    fn killed_then_back(&mut self) {
        self.kill(&["apply", "--auto-approve"], self.whole);
        let kills = self.few();
        self.goes_back(kills);
        self.is_at_start();
    }

    /// Taken back after it came to its end; killed meanwhile, and carried on by `apply --resume`.
    fn back_then_resumed(&mut self) {
        self.site.apply().exits(0);
        self.is_at_target();
        self.kill(&["rollback", "--auto-approve"], self.back);
        for _ in 0..self.few() {
            self.kill(&["apply", "--resume"], self.back);
        }
        let ran = self.site.run(&["apply", "--resume"]);
        match ran.code {
            // The way back goes on, and says that the run was rolled back.
            Some(6) => self.is_at_start(),
            // The kill came before the way back began, or after it had ended.
            Some(0) if ran.stdout.contains("nothing to resume") => {}
            _ => self.fails(&ran),
        }
    }

    /// Killed on the way forward or on the way back after a failure; then carried on to the start.
    fn failing(&mut self) {
        self.kill(&["apply", "--auto-approve"], self.whole);
        for _ in 0..self.few() {
            self.kill(&["apply", "--resume"], self.whole);
        }
        let ran = self.site.run(&["apply", "--resume"]);
        match ran.code {
            Some(6) => {}
            Some(0) if ran.stdout.contains("nothing to resume") => {
                self.site.apply().exits(6);
            }
            _ => self.fails(&ran),
        }
        self.tally.rolled_back.fetch_add(1, Ordering::SeqCst);
        self.is_at_start();
    }

    /// None to four.
    fn few(&mut self) -> usize {
        usize::try_from(self.random.below(5)).unwrap_or_default()
    }

    fn resumes(&self) {
        let ran = self.site.run(&["apply", "--resume"]);
        if ran.code != Some(0) {
            self.fails(&ran);
        }
        if ran.stdout.contains("nothing to resume") {
            // Nothing was decided yet, or all of it was done.
            let ran = self.site.apply();
            if ran.code != Some(0) {
                self.fails(&ran);
            }
        }
        self.tally.resumed.fetch_add(1, Ordering::SeqCst);
    }

    fn goes_back(&mut self, kills: usize) {
        for _ in 0..kills {
            self.kill(&["rollback", "--auto-approve"], self.back);
        }
        let ran = self.site.run(&["rollback", "--auto-approve"]);
        if ran.code != Some(0) {
            self.fails(&ran);
        }
        if ran.stdout.contains("rolled back") {
            self.tally.rolled_back.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Starts palier and kills it at a random instant of the time that it takes; not when it was quicker.
    fn kill(&mut self, arguments: &[&str], takes: Duration) {
        let mut child = self.site.start(arguments);
        let micros = u64::try_from(takes.as_micros()).unwrap_or(u64::MAX);
        let at = Instant::now() + Duration::from_micros(self.random.below(micros));
        while Instant::now() < at && matches!(child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let is_killed = matches!(child.try_wait(), Ok(None));
        let _ = child.kill();
        let ran = ended(child);
        self.round.push_str(&format!("; {} killed: {is_killed}", arguments.join(" ")));
        if is_killed && ran.code.is_none() {
            let is_elsewhere = self.site.read("palier.toml").contains("[journal]");
            let unseen = if is_elsewhere { "entries in the bucket" } else { "nothing" };
            let last = self.site.events().pop().unwrap_or_else(|| unseen.to_owned());
            self.round.push_str(&format!(" after {last}"));
            self.tally.killed(&last);
        } else if !matches!(ran.code, Some(0 | 6)) {
            self.fails(&ran);
        }
    }

    fn fails(&self, ran: &Ran) -> ! {
        let history = self.site.events().join(" ");
        panic!("{}: exit {:?}\n{}\n{history}", self.round, ran.code, ran.all())
    }

    fn is_at_start(&self) {
        self.is_at(&self.start, "start");
    }

    fn is_at_target(&self) {
        self.is_at(&self.target, "target");
    }

    fn is_at(&self, wanted: &State, name: &str) {
        let found = self.site.state();
        if found == *wanted {
            return;
        }
        let differing = |path: &&String| found.0.get(*path) != wanted.0.get(*path);
        let paths: Vec<&String> = found.0.keys().chain(wanted.0.keys()).filter(differing).collect();
        let events = self.site.events().join(" ");
        panic!("{}: not the {name}: files {paths:?}\nindexes:\n{}\nnot:\n{}\n{events}", self.round, found.1, wanted.1);
    }
}
