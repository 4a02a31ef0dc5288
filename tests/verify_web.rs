//! Versions and rate limits of a running application.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/probing.rs"]
mod probing;
#[path = "support/stub.rs"]
mod stub;

use palier::client::Cause;
use palier::plan::Probe;
use palier::policy::{RateLimit, ReleaseMarker};
use palier::units::Duration;
use palier::verify::{Around, Status};
use probing::{PLANTED, cause, cause_of, look, note, probe};
use stub::{Manner, Stub};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn around(stub: &Stub) -> Around {
    let url = format!("http://user:{PLANTED}@127.0.0.1:{}", stub.port());
    probing::around(&[("PALIER_WEB_URL", &url)], 3.0)
}

fn with_marker(stub: &Stub, header: Option<&str>, commit: Option<&str>) -> Around {
    let mut around = around(stub);
    around.policy.verify.release = Some(ReleaseMarker {
        path: "/version".to_owned(),
        header: header.map(str::to_owned),
        expect: "{commit}".to_owned(),
    });
    around.commit = commit.map(str::to_owned);
    around
}

#[test]
fn the_new_version_is_told_from_the_old_one() {
    let shows = |version: &str| {
        let (header, body) = (format!("X-Version: {version}\r\n"), format!("shop {version} {PLANTED}"));
        Stub::plain(Manner::answers(move |_| (200, header.clone(), body.clone())))
    };
    let (new, short, old) = (shows(COMMIT), shows(&COMMIT[..7]), shows("fedcba9"));
    for header in [None, Some("x-version")] {
        note(&probe("release"), &with_marker(&new, header, Some(COMMIT)));
        note(&probe("release"), &with_marker(&short, header, Some(COMMIT)));
        let outcome = look(&probe("release"), &with_marker(&old, header, Some(COMMIT)));
        assert_eq!(outcome.fault.as_ref().map(|fault| fault.cause), Some(Cause::UnexpectedAnswer));
        assert!(outcome.note.contains("fedcba9") && outcome.note.contains("0123456"), "{outcome:?}");
    }
    assert_eq!(cause("release", &with_marker(&new, Some("x-nothing"), Some(COMMIT))), Cause::Missing);
    assert_eq!(look(&probe("release"), &with_marker(&new, None, None)).status, Status::Unknown);
    assert_eq!(look(&probe("release"), &around(&new)).status, Status::Unknown);
}

fn with_limit(stub: &Stub, limit: u64) -> (Probe, Around) {
    let mut around = around(stub);
    around.policy.rate_limit = vec![RateLimit {
        name: "login".to_owned(),
        limit,
        window: Duration::seconds(60.0),
        endpoint: Some("/login".to_owned()),
        method: Some("POST".to_owned()),
    }];
    (Probe::new("rate-limit", "login", "the limit holds"), around)
}

#[test]
fn the_request_above_a_rate_limit_is_refused_with_the_time_to_wait() {
    let limits = |allowed: usize, header: &'static str| {
        Stub::plain(Manner::answers(move |asked| {
            assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/login"));
            if asked.number > allowed {
                (429, header.to_owned(), String::new())
            } else {
                (200, String::new(), String::new())
            }
        }))
    };
    let wait = "Retry-After: 42\r\n";
    let good = limits(5, wait);
    let (probe, around) = with_limit(&good, 5);
    let told = note(&probe, &around);
    assert!(told.contains("429 to request 6, with Retry-After: 42"), "{told}");
    assert_eq!(look(&probe, &around).status, Status::Unknown, "the window is used up by the first run");
    for (allowed, header, expected) in
        [(3, wait, Cause::OutOfLimit), (1000, wait, Cause::OutOfLimit), (5, "", Cause::UnexpectedAnswer)]
    {
        let stub = limits(allowed, header);
        let (probe, around) = with_limit(&stub, 5);
        assert_eq!(cause_of(&probe, &around), expected, "{allowed} are allowed");
    }
}

#[test]
fn what_cannot_be_seen_from_here_is_unknown_and_no_success() {
    let nothing = probing::around(&[], 1.0);
    for kind in palier::verify::KINDS {
        let outcome = look(&probe(kind.name), &nothing);
        assert_eq!(outcome.status, Status::Unknown, "{outcome:?}");
        assert!(!outcome.note.is_empty() && outcome.fault.is_none(), "{outcome:?}");
    }
    assert_eq!(look(&probe("postgress"), &nothing).status, Status::Fails, "no such probe");
}
