//! A start command is changed in what was asked, and in nothing else.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use palier::generate::gunicorn::{Reason, ServerSettings, UVICORN_WORKER, adjust_command, read_command};
use palier::project::Server;
use proptest::prelude::*;

fn settings() -> ServerSettings {
    ServerSettings {
        server: Server::Gunicorn,
        entry_point: "main:app".to_owned(),
        workers: Some(8),
        threads: None,
        worker_class: Some(UVICORN_WORKER.to_owned()),
        timeout: Some(120),
        max_requests: Some(1000),
        max_requests_jitter: Some(50),
        preload: None,
    }
}

fn wsgi(workers: u32, threads: u32) -> ServerSettings {
    ServerSettings {
        workers: Some(workers),
        threads: Some(threads),
        worker_class: None,
        timeout: None,
        max_requests: None,
        max_requests_jitter: None,
        ..settings()
    }
}

fn adjusted(existing: &str, settings: &ServerSettings) -> String {
    adjust_command(existing, settings).expect(existing)
}

#[test]
fn the_guides_second_stage_becomes_its_third() {
    let stage_2 = "gunicorn main:app --workers 2 --worker-class uvicorn.workers.UvicornWorker --bind 0.0.0.0:$PORT \
                   --timeout 120";
    let stage_3 = "gunicorn main:app --workers 8 --worker-class uvicorn_worker.UvicornWorker --bind 0.0.0.0:$PORT \
                   --timeout 120 --max-requests 1000 --max-requests-jitter 50";
    assert_eq!(adjusted(stage_2, &settings()), stage_3);
}

#[test]
fn the_guides_first_stage_becomes_gunicorn() {
    let stage_2 = ServerSettings { workers: Some(2), max_requests: None, max_requests_jitter: None, ..settings() };
    assert_eq!(
        adjusted("uvicorn main:app --host 0.0.0.0 --port $PORT", &stage_2),
        "gunicorn main:app --bind 0.0.0.0:$PORT --worker-class uvicorn_worker.UvicornWorker --access-logfile - \
         --workers 2 --timeout 120"
    );
}

#[test]
fn every_spelling_of_a_flag_is_changed_in_its_place() {
    for (before, after) in [
        ("gunicorn -w 4 a:b", "gunicorn -w 2 a:b"),
        ("gunicorn -w4 a:b", "gunicorn -w2 a:b"),
        ("gunicorn -w=4 a:b", "gunicorn -w=2 a:b"),
        ("gunicorn --workers=4 a:b", "gunicorn --workers=2 a:b"),
        ("gunicorn --workers=\"4\" a:b", "gunicorn --workers=2 a:b"),
        ("gunicorn '--workers=4' a:b", "gunicorn '--workers=2' a:b"),
        ("gunicorn -w $(( 2 * $(nproc) + 1 )) a:b", "gunicorn -w 2 a:b"),
        ("gunicorn -w ${WEB_CONCURRENCY:-4} a:b", "gunicorn -w 2 a:b"),
        ("gunicorn -w 3 -w 4 a:b", "gunicorn -w 3 -w 2 a:b"),
        ("gunicorn a:b", "gunicorn a:b --workers 2"),
        ("gunicorn -w 2 a:b", "gunicorn -w 2 a:b"),
    ] {
        assert_eq!(adjusted(before, &wsgi(2, 1)), after);
    }
}

#[test]
fn only_the_servers_part_of_the_line_changes() {
    for (before, after) in [
        (
            "python manage.py migrate --workers 9 && gunicorn a:b  --bind 0.0.0.0:$PORT",
            "python manage.py migrate --workers 9 && gunicorn a:b  --bind 0.0.0.0:$PORT --workers 2",
        ),
        (
            "cd app; WEB_CONCURRENCY=4 exec gunicorn a:b 2>&1",
            "cd app; WEB_CONCURRENCY=4 exec gunicorn a:b --workers 2 2>&1",
        ),
        ("(cd app && gunicorn a:b) || true", "(cd app && gunicorn a:b --workers 2) || true"),
        ("pip install gunicorn && gunicorn a:b # run", "pip install gunicorn && gunicorn a:b --workers 2 # run"),
        ("gunicorn \\\n  a:b \\\n  -w 1\n", "gunicorn \\\n  a:b \\\n  -w 2\n"),
        ("gunicorn a:b > log", "gunicorn a:b --workers 2 > log"),
    ] {
        assert_eq!(adjusted(before, &wsgi(2, 1)), after);
    }
}

#[test]
fn the_server_is_found_behind_what_starts_it() {
    for before in [
        "python -m gunicorn a:b",
        "python3.12 -u -m gunicorn a:b",
        "/opt/venv/bin/gunicorn a:b",
        "poetry run gunicorn a:b",
        "uv run --env-file x gunicorn a:b",
        "newrelic-admin run-program gunicorn a:b",
        "dumb-init -- gunicorn a:b",
        "./wait-for-it.sh db:5432 -- gunicorn a:b",
        "env A=1 gunicorn a:b",
    ] {
        assert_eq!(adjusted(before, &wsgi(2, 1)), format!("{before} --workers 2"));
    }
    assert_eq!(adjusted("exec sh -c 'gunicorn a:b'", &wsgi(2, 1)), "exec sh -c 'gunicorn a:b --workers 2'");
    assert_eq!(adjusted("bash -lc \"gunicorn a:b -w 1\"", &wsgi(2, 1)), "bash -lc \"gunicorn a:b -w 2\"");
}

#[test]
fn threads_and_preload_follow_and_defaults_are_not_spelt_out() {
    assert_eq!(adjusted("gunicorn a:b -w 2", &wsgi(2, 4)), "gunicorn a:b -w 2 --threads 4");
    assert_eq!(adjusted("gunicorn a:b -w 2 --threads 8", &wsgi(2, 1)), "gunicorn a:b -w 2 --threads 1");
    let preload = ServerSettings { preload: Some(true), ..wsgi(2, 1) };
    assert_eq!(adjusted("gunicorn a:b -w 2", &preload), "gunicorn a:b -w 2 --preload");
    let no_preload = ServerSettings { preload: Some(false), ..wsgi(2, 1) };
    assert_eq!(adjusted("gunicorn --preload a:b -w 2", &no_preload), "gunicorn a:b -w 2");
}

#[test]
fn uvicorns_flags_keep_their_meaning_in_gunicorn() {
    let settings = ServerSettings { timeout: None, max_requests: None, max_requests_jitter: None, ..settings() };
    let class = "--worker-class uvicorn_worker.UvicornWorker";
    for (before, after) in [
        (
            "uvicorn main:app --host 0.0.0.0 --port $PORT --proxy-headers --forwarded-allow-ips '*' --workers 2",
            format!(
                "gunicorn main:app --bind 0.0.0.0:$PORT --forwarded-allow-ips '*' --workers 8 {class} --access-logfile -"
            ),
        ),
        (
            "python -m uvicorn --port=\"$PORT\" --factory main:create_app --no-access-log",
            format!(
                "python -m gunicorn --bind 0.0.0.0:\"$PORT\" 'main:create_app()' {class} --access-logfile /dev/null --workers 8"
            ),
        ),
        (
            "uvicorn main:app --host :: --port 80 --loop uvloop --app-dir src --timeout-keep-alive 5",
            format!(
                "gunicorn main:app --bind '[::]':80 --pythonpath src --keep-alive 5 {class} --access-logfile - --workers 8"
            ),
        ),
        (
            "uvicorn main:app --limit-max-requests 500",
            format!("gunicorn main:app --max-requests 500 --bind 0.0.0.0:$PORT {class} --access-logfile - --workers 8"),
        ),
    ] {
        assert_eq!(adjusted(before, &settings), after);
    }
}

#[test]
fn a_uvicorn_flag_that_would_be_lost_is_a_reason_not_to_convert() {
    for flag in ["--no-proxy-headers", "--root-path /api", "--limit-concurrency 10", "--loop asyncio", "--no-such-flag"]
    {
        let error = adjust_command(&format!("uvicorn main:app {flag}"), &settings()).expect_err(flag);
        assert!(matches!(error, Reason::NoEquivalent { .. }), "{error}");
    }
}

#[test]
fn uvicorn_stays_when_the_settings_are_for_uvicorn() {
    let settings = ServerSettings { server: Server::Uvicorn, workers: Some(2), worker_class: None, ..settings() };
    let adjusted = |existing| adjust_command(existing, &settings);
    assert_eq!(adjusted("uvicorn a:b --root-path /x"), Ok("uvicorn a:b --root-path /x --workers 2".to_owned()));
    assert!(adjusted("uvicorn a:b --reload").is_err());
    assert_eq!(adjusted("gunicorn a:b"), Err(Reason::ServerChange));
}

#[test]
fn what_cannot_be_edited_says_why() {
    let reason = |existing: &str| adjust_command(existing, &settings()).expect_err(existing).to_string();
    assert_eq!(reason("./start.sh"), "it starts neither gunicorn nor uvicorn");
    assert_eq!(reason("daphne a:b"), "it starts daphne, which palier does not configure");
    assert_eq!(reason("python manage.py runserver"), "it starts runserver, which palier does not configure");
    assert_eq!(reason("gunicorn a:b & gunicorn c:d"), "it starts several servers");
    assert_eq!(reason("gunicorn 'a:b"), "a quote in it is not closed");
    assert_eq!(reason("gunicorn a:b --workers"), "`--workers` in it has no value");
    assert_eq!(reason("pip install gunicorn"), "it starts neither gunicorn nor uvicorn");
}

/// Start commands put together from what users write.
fn commands() -> impl Strategy<Value = String> {
    let before =
        prop::sample::select(vec!["", "python manage.py migrate && ", "A='x y' exec ", "cd app;  ", "sleep 1\n"]);
    let program =
        prop::sample::select(vec!["gunicorn", "python -m gunicorn", "/v/bin/gunicorn", "poetry run gunicorn"]);
    let flags = prop::sample::select(vec![
        "-w 3",
        "-w9",
        "--workers=\"7\"",
        "--workers  $(nproc)",
        "--threads 2",
        "--threads=5",
        "-k gevent",
        "--worker-class=gthread",
        "-t 60",
        "--timeout=0",
        "--max-requests 10",
        "--max-requests-jitter=3",
        "--preload",
        "--bind 0.0.0.0:$PORT",
        "-b :8000",
        "--log-level info",
        "--access-logfile -",
        "--config 'my conf.py'",
        "--name \"é ü\"",
        "--reuse-port",
        "\\\n ",
        "--env A=\"b c\"",
        "--forwarded-allow-ips='*'",
    ]);
    let after = prop::sample::select(vec!["", " 2>&1", " > log.txt", " || exit 1", " # comment", "\n"]);
    (before, program, prop::collection::vec(flags, 0..7), after)
        .prop_map(|(before, program, flags, after)| format!("{before}{program} main:app {}{after}", flags.join(" ")))
}

fn wanted() -> impl Strategy<Value = ServerSettings> {
    let class = prop::option::of(prop::sample::select(vec!["sync", "gthread", UVICORN_WORKER]));
    let number = |most: u32| prop::option::of(0..most);
    (
        prop::option::of(1_u32..64),
        prop::option::of(1_u32..9),
        class,
        number(999),
        number(9999),
        number(99),
        any::<Option<bool>>(),
    )
        .prop_map(|(workers, threads, class, timeout, max_requests, max_requests_jitter, preload)| {
            ServerSettings {
                workers,
                threads,
                worker_class: class.map(str::to_owned),
                timeout,
                max_requests,
                max_requests_jitter,
                preload,
                ..settings()
            }
        })
}

/// The words that no setting touches.
fn untouched(command: &str) -> Vec<String> {
    let ours =
        ["-w", "--workers", "--threads", "-k", "--worker-class", "-t", "--timeout", "--max-requests", "--preload"];
    let is_ours = |word: &&str| ours.iter().any(|flag| word.starts_with(flag)) || word.parse::<u32>().is_ok();
    let classes = ["gevent", "sync", "gthread", UVICORN_WORKER, "$(nproc)"];
    command.split_whitespace().filter(|word| !is_ours(word) && !classes.contains(word)).map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn adjusting_is_exact_complete_and_done_once(command in commands(), wanted in wanted()) {
        let once = adjust_command(&command, &wanted).expect(&command);
        prop_assert_eq!(&adjust_command(&once, &wanted).expect("again"), &once);
        prop_assert_eq!(untouched(&once), untouched(&command));
        let read = read_command(&once).expect("reads");
        prop_assert_eq!(read.entry_point.as_deref(), Some("main:app"));
        prop_assert_eq!(wanted.workers.is_none() || read.workers == wanted.workers, true, "{}", once);
        if let Some(threads) = wanted.threads.filter(|_| !wanted.is_asgi()) {
            prop_assert_eq!(read.threads.unwrap_or(1), threads, "{}", &once);
        }
        if let Some(class) = wanted.worker_class {
            let threads = read.threads.unwrap_or(1) > 1;
            let by_itself = if threads { "gthread" } else { "sync" };
            let read = read.worker_class.unwrap_or_else(|| by_itself.to_owned());
            // gunicorn turns sync into gthread when there are threads.
            prop_assert!(read == class || (class == "sync" && threads), "{} in {}", class, &once);
        }
        prop_assert_eq!(read.timeout.unwrap_or(30), wanted.timeout.or(read.timeout).unwrap_or(30));
        prop_assert_eq!(read.max_requests.unwrap_or(0), wanted.max_requests.or(read.max_requests).unwrap_or(0));
        if let Some(preload) = wanted.preload {
            prop_assert_eq!(read.preload, preload);
        }
    }

    #[test]
    fn no_text_makes_the_editor_fail_otherwise_than_with_a_reason(
        command in prop_oneof![".*", "([ a-z:é=1]|['\"\\\\$(){}`&|;<>#\n-]|--workers|--host|gunicorn|sh -c |[$][(]){0,30}"],
    ) {
        let _ = adjust_command(&command, &settings());
        let _ = adjust_command(&format!("gunicorn {command}"), &settings());
        let _ = adjust_command(&format!("uvicorn {command}"), &settings());
        let _ = read_command(&format!("gunicorn -w{command}"));
    }
}
