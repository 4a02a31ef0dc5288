//! The web application, and Redis over HTTP, in every bad shape: each is told by its name and within its time.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/probing.rs"]
mod probing;
#[path = "support/stub.rs"]
mod stub;

use certificates::Authority;
use palier::client::Cause;
use palier::verify::Around;
use probing::{PLANTED, cause, cause_of, note, probe};
use stub::{Asked, HALF, Manner, Stub, closed_port};

const LIMIT: f64 = 1.2;

fn web(port: u16) -> Around {
    around_url(&format!("http://127.0.0.1:{port}"))
}

fn around_url(url: &str) -> Around {
    probing::around(
        &[
            ("PALIER_WEB_URL", url),
            ("UPSTASH_REDIS_REST_URL", url),
            ("UPSTASH_REDIS_REST_TOKEN", PLANTED),
            ("READ_ONLY_TOKEN", "another-token"),
        ],
        LIMIT,
    )
}

fn secure(stub: &Stub, authority: &Authority) -> Around {
    Around { authorities: Some(authority.pem()), ..around_url(&format!("https://localhost:{}", stub.port())) }
}

fn fine() -> Manner {
    Manner::answers(|_| (200, String::new(), "fine".to_owned()))
}

#[test]
fn servers_that_are_away_silent_slow_or_cut_off_are_told_apart() {
    for kind in ["http", "upstash-rest"] {
        assert_eq!(cause(kind, &web(closed_port())), Cause::Refused, "{kind}: stopped");
        for (manner, expected) in [
            (Manner::Silent, Cause::Silent),
            (Manner::Slow, Cause::Slow),
            (Manner::Resets(HALF), Cause::Reset),
            (Manner::Closes, Cause::Closed),
            (Manner::Says("220 mail.example.com ESMTP\r\n"), Cause::UnexpectedAnswer),
        ] {
            let stub = Stub::plain(manner);
            assert_eq!(cause(kind, &web(stub.port())), expected, "{kind}");
        }
    }
}

#[test]
fn certificates_are_told_by_what_is_wrong_with_them() {
    let Some(authority) = Authority::new() else { return };
    for kind in ["http", "upstash-rest", "tls", "latency"] {
        for (name, days, expected) in
            [("localhost", -1, Cause::CertificateExpired), ("other.example.com", 20, Cause::CertificateName)]
        {
            let stub = Stub::tls(fine(), &authority.certificate(name, days));
            assert_eq!(cause(kind, &secure(&stub, &authority)), expected, "{kind}");
        }
        let stub = Stub::tls(fine(), &authority.certificate("localhost", 20));
        let strangers = Around { authorities: None, ..secure(&stub, &authority) };
        assert_eq!(cause(kind, &strangers), Cause::CertificateUntrusted, "{kind}");
        let plain = Stub::plain(fine());
        let around = around_url(&format!("https://localhost:{}", plain.port()));
        assert_eq!(cause(kind, &around), Cause::PlainPort, "{kind}");
    }
}

#[test]
fn a_good_certificate_is_shown_with_its_days_and_an_old_one_is_announced() {
    let Some(authority) = Authority::new() else { return };
    let stub = Stub::tls(fine(), &authority.certificate("localhost", 20));
    let outcome = probing::look(&probe("tls"), &secure(&stub, &authority));
    assert!(outcome.note.contains("localhost") && outcome.note.contains("Test authority"), "{outcome:?}");
    assert!(
        outcome.figures.iter().any(|figure| figure.name == "days left" && (19.0..=20.0).contains(&figure.value)),
        "{outcome:?}"
    );
    note(&probe("http"), &secure(&stub, &authority));
    let stub = Stub::tls(fine(), &authority.certificate("localhost", 5));
    assert_eq!(cause("tls", &secure(&stub, &authority)), Cause::OutOfLimit);
}

#[test]
fn tls_that_is_silent_or_cut_off_is_told_too() {
    for (manner, expected) in [
        (Manner::Silent, Cause::Silent),
        (Manner::Dribbles("\x16\x03\x03"), Cause::Slow),
        (Manner::Closes, Cause::Closed),
        (Manner::Resets(""), Cause::Reset),
    ] {
        let stub = Stub::plain(manner);
        let around = around_url(&format!("https://localhost:{}", stub.port()));
        assert_eq!(cause("tls", &around), expected);
    }
    assert_eq!(cause("tls", &around_url(&format!("https://localhost:{}", closed_port()))), Cause::Refused);
}

#[test]
fn a_server_that_is_paused_is_told() {
    use nix::sys::signal::{Signal, kill};
    let port = closed_port();
    let mut command = std::process::Command::new("python3");
    command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]).current_dir(std::env::temp_dir());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let Ok(mut server) = command.spawn() else {
        println!("skipped: there is no python3");
        return;
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let process = nix::unistd::Pid::from_raw(i32::try_from(server.id()).expect("an id"));
    kill(process, Signal::SIGSTOP).expect("paused");
    let found = ["http", "upstash-rest", "latency"].map(|kind| cause(kind, &web(port)));
    let over_tls = cause("tls", &around_url(&format!("https://localhost:{port}")));
    let _ = server.kill();
    let _ = server.wait();
    assert_eq!(found, [Cause::Silent; 3]);
    assert_eq!(over_tls, Cause::Silent);
}

#[test]
fn http_against_a_port_that_speaks_tls_is_told() {
    let Some(authority) = Authority::new() else { return };
    let stub = Stub::tls(fine(), &authority.certificate("localhost", 20));
    assert_eq!(cause("http", &web(stub.port())), Cause::TlsPort);
}

#[test]
fn names_that_do_not_resolve_and_private_ones_are_told_apart() {
    assert_eq!(cause("http", &around_url("https://nothing.invalid")), Cause::NotResolved);
    assert_eq!(cause("tcp", &around_url("https://dpg-abc123-a")), Cause::PrivateOnly);
    assert_eq!(cause("http", &around_url("ftp://localhost")), Cause::BadAddress);
}

#[test]
fn statuses_contents_and_redirects_are_judged() {
    let answers = |status: u16, headers: &str| {
        let headers = headers.to_owned();
        Stub::plain(Manner::answers(move |asked| match asked.path.as_str() {
            "/there" => (200, String::new(), "the shop".to_owned()),
            _ => (status, headers.clone(), String::new()),
        }))
    };
    assert_eq!(cause("http", &web(answers(500, "").port())), Cause::UnexpectedStatus);
    assert_eq!(cause("http", &web(answers(404, "x-render-routing: no-server\r\n").port())), Cause::Missing);
    assert_eq!(cause("http", &web(answers(503, "x-render-routing: suspend-by-user\r\n").port())), Cause::Suspended);
    let stub = answers(302, "Location: /there\r\n");
    let told = note(&probe("http").wants("contains", "shop"), &web(stub.port()));
    assert!(told.contains("redirect to http://127.0.0.1/there"), "{told}");
    assert_eq!(cause_of(&probe("http").wants("contains", "school"), &web(stub.port())), Cause::UnexpectedAnswer);
    let circle = answers(302, "Location: /again\r\n");
    assert_eq!(cause("http", &web(circle.port())), Cause::UnexpectedAnswer);
}

#[test]
fn a_service_that_sleeps_is_woken_and_told_from_a_dead_one() {
    let hibernates = "x-render-routing: hibernate-wake-error\r\n".to_owned();
    let of_render = hibernates.clone();
    let sleeper = Stub::plain(Manner::answers(move |asked| match asked.number {
        1 => (503, of_render.clone(), String::new()),
        _ => (200, String::new(), String::new()),
    }));
    let told = note(&probe("http").wants("wake_seconds", 20), &web(sleeper.port()));
    assert!(told.contains("it slept"), "{told}");
    // Render holds the first request back while the service starts.
    let slow = Stub::plain(Manner::answers(|asked| {
        if asked.number == 1 {
            std::thread::sleep(std::time::Duration::from_secs(3));
        }
        (200, String::new(), String::new())
    }));
    let told = note(&probe("http").wants("may_sleep", true).wants("wake_seconds", 20), &web(slow.port()));
    assert!(told.contains("it slept"), "{told}");
    let slow = Stub::plain(Manner::answers(|asked| {
        if asked.number == 1 {
            std::thread::sleep(std::time::Duration::from_secs(3));
        }
        (200, String::new(), String::new())
    }));
    note(&probe("latency").wants("may_sleep", true).wants("wake_seconds", 20), &web(slow.port()));
    let never = Stub::plain(Manner::answers(move |_| (503, hibernates.clone(), String::new())));
    let outcome = probing::look(&probe("http").wants("wake_seconds", 1.5), &web(never.port()));
    assert_eq!(outcome.fault.expect("a fault").cause, Cause::Sleeping);
    let dead = Stub::plain(Manner::answers(|_| (502, String::new(), String::new())));
    let outcome = probing::look(&probe("http").wants("may_sleep", true).wants("wake_seconds", 1.5), &web(dead.port()));
    assert_eq!(outcome.fault.expect("a fault").cause, Cause::UnexpectedStatus);
}

/// Upstash's interface, as its documentation describes it, for the few commands of the probe.
fn rest(asked: &Asked, refusal: Option<&str>) -> (u16, String, String) {
    let json = |text: &str| (200, "Content-Type: application/json\r\n".to_owned(), text.to_owned());
    let is_standard = asked.head.contains(PLANTED);
    if !is_standard && !asked.head.contains("another-token") {
        return (401, String::new(), r#"{"error":"WRONGPASS invalid or missing auth token"}"#.to_owned());
    }
    match (refusal, asked.path.as_str()) {
        (Some(refusal), "/pipeline") => {
            json(&format!(r#"[{{"error":"{refusal}"}},{{"result":null}},{{"result":-2}},{{"result":0}}]"#))
        }
        (None, "/pipeline") => json(r#"[{"result":"OK"},{"result":"palier"},{"result":10},{"result":1}]"#),
        (_, _) if asked.body.contains("PING") => json(r#"{"result":"PONG"}"#),
        (_, _) if is_standard => json(r#"{"result":"OK"}"#),
        _ => (
            400,
            String::new(),
            r#"{"error":"NOPERM this user has no permissions to run the 'set' command"}"#.to_owned(),
        ),
    }
}

#[test]
fn the_tokens_of_upstash_are_told_apart() {
    let stub = Stub::plain(Manner::answers(|asked| rest(asked, None)));
    let both = probe("upstash-rest").wants("read_only_token_variable", "READ_ONLY_TOKEN");
    let told = note(&both, &web(stub.port()));
    assert!(told.contains("read-only token reads"), "{told}");
    let swapped = probe("upstash-rest").wants("read_only_token_variable", "UPSTASH_REDIS_REST_TOKEN");
    assert_eq!(cause_of(&swapped, &web(stub.port())), Cause::UnexpectedAnswer, "a token that writes");
    let wrong = probing::around(
        &[
            ("UPSTASH_REDIS_REST_URL", &format!("http://127.0.0.1:{}", stub.port())),
            ("UPSTASH_REDIS_REST_TOKEN", "wrong"),
        ],
        LIMIT,
    );
    assert_eq!(cause("upstash-rest", &wrong), Cause::WrongPassword);
    for (refusal, expected) in [
        ("NOPERM this user has no permissions to run the 'set' command", Cause::ReadOnly),
        ("ERR DB capacity quota exceeded", Cause::Full),
        ("ERR max requests limit exceeded. Limit: 500000, Usage: 500000", Cause::OutOfLimit),
    ] {
        let stub = Stub::plain(Manner::answers(move |asked| rest(asked, Some(refusal))));
        assert_eq!(cause("upstash-rest", &web(stub.port())), expected, "{refusal}");
    }
}
