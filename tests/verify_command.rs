//! `palier verify` as a user runs it.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/command.rs"]
mod command;
#[path = "support/redis.rs"]
#[allow(dead_code)]
mod redis;
#[path = "support/stub.rs"]
mod stub;

use certificates::Authority;
use command::{Project, Run, palier};
use redis::RedisServer;
use stub::{Manner, Stub, closed_port};

/// The password in every address: it must be seen nowhere.
const PLANTED: &str = "pLanted-by-the-tests-7Q2";

fn application() -> Stub {
    Stub::plain(Manner::answers(|asked| match asked.path.as_str() {
        "/health" => (200, String::new(), "fine".to_owned()),
        _ => (404, String::new(), String::new()),
    }))
}

fn silent_about_secrets(run: Run) -> Run {
    assert!(!run.all().contains(PLANTED), "{}", run.all());
    run
}

#[test]
fn without_any_address_the_variables_are_named() {
    let run = palier(&Project::new()).args(["verify"]).run().exits(0);
    assert!(run.stdout.starts_with("Nothing to probe"), "{}", run.stdout);
    assert!(run.stdout.contains("  DATABASE_URL\n") && run.stdout.contains("  PALIER_WEB_URL\n"), "{}", run.stdout);
    let json = palier(&Project::new()).args(["verify", "--format", "json"]).run().exits(0).json();
    assert_eq!(json, serde_json::json!({"format_version": "1", "kind": "verify", "probes": []}));
}

#[test]
fn what_holds_is_exit_0_and_told_in_a_line_each() {
    let stub = application();
    let project = Project::of(&[("palier.toml", "[verify]\nhealth_path = \"/health\"\nlatency_tries = 3\n")]);
    let url = format!("http://user:{PLANTED}@127.0.0.1:{}", stub.port());
    let run = silent_about_secrets(palier(&project).args(["verify"]).env("PALIER_WEB_URL", &url).run().exits(0));
    assert!(run.stdout.contains(" ok  http PALIER_WEB_URL, "), "{}", run.stdout);
    assert!(run.stdout.contains("of 3 tries"), "{}", run.stdout);
    assert!(run.stdout.ends_with("2 probes: 2 hold\n"), "{}", run.stdout);
    assert_eq!(run.stderr, "");
    assert!(run.stdout.lines().all(|line| line.len() <= 80), "{}", run.stdout);
}

#[test]
fn what_fails_is_exit_3_with_cause_and_remedy() {
    let project = Project::of(&[("palier.toml", "[verify]\ntimeout = \"2 s\"\n")]);
    let port = closed_port();
    let variables = [
        ("DATABASE_URL", format!("postgresql+asyncpg://app:{PLANTED}@127.0.0.1:{port}/shop")),
        ("REDIS_URL", format!("rediss://default:{PLANTED}@127.0.0.1:{port}")),
        ("REDIS_CACHE_URL", format!("redis://default:{PLANTED}@nothing.invalid:6379")),
        ("UPSTASH_REDIS_REST_URL", format!("http://127.0.0.1:{port}")),
        ("UPSTASH_REDIS_REST_TOKEN", PLANTED.to_owned()),
        ("ELASTICACHE_REDIS_HOST", "students.abc123.0001.use1.cache.amazonaws.com.invalid".to_owned()),
    ];
    let run = |format: &str| {
        let palier = palier(&project).args(["verify", "--format", format]);
        let palier = variables.iter().fold(palier, |palier, (name, value)| palier.env(name, value));
        silent_about_secrets(palier.run().exits(3))
    };
    let text = run("text").stdout;
    for words in ["NO  postgres DATABASE_URL", "NO  redis REDIS_URL", "refused; start it", "not-resolved"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let json = run("json").json();
    let probes = json["probes"].as_array().expect("a list");
    assert!(probes.iter().all(|probe| probe["status"] == "fails"), "{json:#}");
    let cause = |of: &str| probes.iter().find(|probe| probe["of"] == of).map(|probe| probe["fault"]["cause"].clone());
    for of in ["DATABASE_URL", "REDIS_URL", "UPSTASH_REDIS_REST_URL"] {
        assert_eq!(cause(of).expect(of), "refused", "{of}");
    }
    assert_eq!(cause("REDIS_CACHE_URL").expect("a probe"), "not-resolved");
    assert!(cause("ELASTICACHE_REDIS_HOST").is_some());
}

#[test]
fn an_env_file_gives_values_and_the_environment_wins() {
    let stub = application();
    let file = format!("# local\nexport PALIER_WEB_URL=\"http://127.0.0.1:{}\"\nSECRET_KEY={PLANTED}\n", closed_port());
    let project = Project::of(&[("local.env", &file), ("palier.toml", "[verify]\nhealth_path = \"/health\"\n")]);
    let args = ["verify", "--env-file", "local.env", "--only", "http"];
    silent_about_secrets(palier(&project).args(args).run().exits(3));
    let url = format!("http://127.0.0.1:{}", stub.port());
    silent_about_secrets(palier(&project).args(args).env("PALIER_WEB_URL", &url).run().exits(0));
    let missing = palier(&project).args(["verify", "--env-file", "nothing.env"]).run().exits(1);
    assert!(missing.stderr.contains("nothing.env"), "{}", missing.stderr);
}

#[test]
fn a_probe_is_chosen_by_its_name_and_a_wrong_name_gets_a_suggestion() {
    let project = Project::new();
    let wrong = palier(&project).args(["verify", "--only", "http,postgre"]).run().exits(1);
    assert!(wrong.stderr.contains("`postgres`"), "{}", wrong.stderr);
    let none = palier(&project).args(["verify", "--only", "postgres"]).run().exits(0);
    assert!(none.stdout.starts_with("Nothing to probe for postgres"), "{}", none.stdout);
}

#[test]
fn authorities_of_ones_own_are_trusted_for_everything() {
    let (Some(server), Some(authority)) = (RedisServer::start(), Authority::new()) else { return };
    let pair = authority.certificate("localhost", 20);
    let stub = Stub::tls(Manner::answers(|_| (200, String::new(), String::new())), &pair);
    let port = closed_port();
    let files = format!("tls-cert-file {} tls-key-file {}", pair.certificate.display(), pair.key.display());
    let set = format!(
        "CONFIG SET {files} tls-ca-cert-file {} tls-auth-clients no tls-port {port}",
        authority.path().display()
    );
    assert_eq!(server.command(&set).as_deref(), Some("+OK"));
    let with = |trusted: &str| {
        palier(&Project::new())
            .args(["verify"])
            .env("PALIER_WEB_URL", &format!("https://localhost:{}", stub.port()))
            .env("REDIS_URL", &format!("rediss://localhost:{port}"))
            .env("SSL_CERT_FILE", trusted)
            .run()
    };
    let run = with(&authority.path().display().to_string()).exits(0);
    assert!(run.stdout.contains("6 probes: 6 hold"), "{}", run.stdout);
    assert!(with("").exits(3).stdout.contains("certificate-untrusted"));
    with("nothing.pem").exits(1);
}

#[test]
fn a_waiting_probe_does_not_hold_up_the_others() {
    let stubs: Vec<Stub> = (0..4).map(|_| Stub::plain(Manner::Silent)).collect();
    let project = Project::of(&[("palier.toml", "[verify]\ntimeout = \"1 s\"\n")]);
    let names = ["REDIS_URL", "REDIS_CACHE_URL", "REDIS_SESSION_URL", "REDIS_QUEUE_URL"];
    let palier = names.iter().zip(&stubs).fold(palier(&project).args(["verify"]), |palier, (name, stub)| {
        palier.env(name, &format!("redis://127.0.0.1:{}", stub.port()))
    });
    let begin = std::time::Instant::now();
    let run = palier.run().exits(3);
    assert!(begin.elapsed().as_secs_f64() < 3.0, "{:?}\n{}", begin.elapsed(), run.stdout);
    assert!(run.stdout.contains("8 probes: 0 hold, 8 fail"), "{}", run.stdout);
}
