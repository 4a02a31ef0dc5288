//! Files that a push brings live: apply says what to push, watches which version answers, and goes on when it is the
//! new one.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/applied.rs"]
mod applied;
#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/stub.rs"]
mod stub;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use applied::{Site, ended, policy, until};
use postgres::{Server, server};
use stub::{Manner, Stub};

/// The wait of the plan's first flight.
const WAIT: &str = "flight-1-live";

/// A page that tells the versions apart.
const MARKER: &str = "[verify.release]\npath = \"/version\"\nexpect = \"release-2\"\n";

/// The web application: its old version until the switch is set.
fn web() -> (Stub, Arc<AtomicBool>) {
    let is_new = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_new);
    let stub = Stub::plain(Manner::answers(move |asked| {
        let version = if switch.load(Ordering::SeqCst) { "release-2" } else { "release-1" };
        let body = if asked.path == "/version" { version } else { "ok" };
        (200, String::new(), body.to_owned())
    }));
    (stub, is_new)
}

/// The demo, delivered by a push, without an index and without the address of its database.
fn site(server: &'static Server, web: &Stub, more: &str) -> Site {
    let mut site = Site::new(server, &policy(more).replace("mode = \"local\"", "mode = \"push\""));
    site.set("DATABASE_URL", "");
    site.set("PALIER_WEB_URL", &format!("http://127.0.0.1:{}", web.port()));
    site
}

#[test]
fn nothing_is_undone_while_the_old_version_answers_and_the_run_goes_on_when_it_is_the_new_one() {
    let Some(server) = server() else { return };
    let (web, is_new) = web();
    let site = site(server, &web, MARKER);
    let start = site.state();
    let said = site.run(&["apply", "--auto-approve", "--wait", "1 s"]).exits(3).stdout;
    for part in ["Still missing", "commit and push render.yaml", "release-2", "`palier apply --resume`"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    let written = site.files();
    assert_ne!(written, start.0);
    site.run(&["apply", "--resume", "--wait", "1 s"]).exits(3);
    is_new.store(true, Ordering::SeqCst);
    site.run(&["apply", "--resume", "--wait", "1 min"]).exits(0);
    assert_eq!(site.files(), written);

    // The way back: the files first, then somebody pushes them and says so.
    let ran = site.run(&["rollback", "--auto-approve"]).exits(3);
    let said = &ran.stdout;
    assert!(said.contains("revert the commit and push") && said.contains(&format!("--confirm {WAIT}")), "{said}");
    let (mut files, mut first) = (site.files(), start.0);
    // Nobody goes back to the free plan once it was left: that step stands, and the rest is as it was.
    assert!(ran.stderr.contains("stands, cannot be undone: Raise the database"), "{}", ran.stderr);
    assert_ne!(files.remove("render.yaml"), first.remove("render.yaml"));
    assert!(files == first, "{:?} and {:?}", files.keys(), first.keys());
    site.run(&["rollback", "--auto-approve", "--confirm", WAIT]).exits(0);
    assert!(site.run(&["history"]).exits(0).stdout.contains("rolled-back"));
}

#[test]
fn a_version_that_comes_live_while_it_is_waited_for_is_seen() {
    let Some(server) = server() else { return };
    let (web, is_new) = web();
    let site = site(server, &web, MARKER);
    let run = site.start(&["apply", "--auto-approve", "--wait", "1 min"]);
    until("the old version was seen", || web.count.load(Ordering::SeqCst) > 2);
    is_new.store(true, Ordering::SeqCst);
    let said = ended(run).exits(0).stdout;
    assert!(said.contains("applied: flight 1"), "{said}");
}

#[test]
fn where_nothing_tells_the_versions_apart_a_person_says_so() {
    let Some(server) = server() else { return };
    let (web, _) = web();
    let site = site(server, &web, "");
    let said = site.run(&["apply", "--auto-approve", "--wait", "1 min"]).exits(3).stdout;
    assert!(said.contains("[verify.release]") && said.contains(&format!("--confirm {WAIT}")), "{said}");
    let said = site.run(&["apply", "--resume", "--confirm", WAIT, "--wait", "1 s"]).exits(0).stdout;
    assert!(said.contains("1 step on somebody's word"), "{said}");
    assert!(site.events().contains(&"step-confirmed".to_owned()));

    // That it went live is no word on its having been taken back.
    let said = site.run(&["rollback", "--auto-approve"]).exits(3).stdout;
    assert!(said.contains("revert the commit and push") && said.contains(&format!("--confirm {WAIT}")), "{said}");
    site.run(&["rollback", "--auto-approve"]).exits(3);
    site.run(&["rollback", "--auto-approve", "--confirm", WAIT]).exits(0);
}
