//! Secrets of every input: nothing of them is in what apply, rollback and history print and write.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test may")]

#[path = "support/applied.rs"]
mod applied;
#[path = "support/postgres.rs"]
mod postgres;

use applied::{Site, ended, index, policy, until};
use postgres::{Server, server};

/// The user's own files, which hold what they hold.
const OWN: [&str; 3] = ["render.yaml", "requirements.txt", "secrets.env"];

/// What must never be seen. They are put together, so that this file does not look like it held a real one.
fn planted() -> Vec<String> {
    [
        "hunter2database",
        "plantedWebPass77",
        "AXplantedUpstash91",
        "plantedIndexPass55",
        "plantedAwsSecret33",
        "plantedSentryKey22",
        "51PlantedByTheTests",
        "plantedRenderKey44",
        "plantedSessionToken11",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A project that holds a secret wherever one can be.
fn site(server: &'static Server, policy: &str) -> Site {
    let mut site = Site::new(server, policy);
    let address = site.database.url("postgresql").replace("palier:none@", "palier:hunter2database@");
    let variables = [
        ("DATABASE_URL", address.as_str()),
        ("PALIER_WEB_URL", "http://admin:plantedWebPass77@127.0.0.1:1/"),
        ("REDIS_URL", "redis://default:AXplantedUpstash91@127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "AKIAPLANTEDKEY000001"),
        ("AWS_SECRET_ACCESS_KEY", "plantedAwsSecret33/of+a/test"),
        ("AWS_SESSION_TOKEN", "plantedSessionToken11"),
        ("RENDER_API_KEY", "rnd_plantedRenderKey44"),
    ];
    for (name, value) in variables {
        site.set(name, value);
    }
    let stripe = format!("sk_{}_{}", "live", "51PlantedByTheTests4eC39HqLyjWDarjtT1zdp7dc");
    let values = format!(
        "envVars:\n      - key: STRIPE_KEY\n        value: {stripe}\n      - key: CACHE_URL\n        \
         value: rediss://default:AXplantedUpstash91@eu1.example.com:6379\n"
    );
    let blueprint = site.read("render.yaml").replace("envVars:\n", &values);
    site.write("render.yaml", &blueprint);
    let requirements = site.read("requirements.txt");
    site.write(
        "requirements.txt",
        &format!("--index-url https://ci:plantedIndexPass55@127.0.0.1/simple\n{requirements}"),
    );
    site.write("secrets.env", "SENTRY_DSN=https://plantedSentryKey22@127.0.0.1/1\nAPI_TOKEN=plantedSentryKey22\n");
    site
}

fn good() -> String {
    policy(&index("grades", "student_id\", \"created_at desc", ""))
}

/// No secret is in a text.
fn assert_clean(what: &str, text: &str) {
    for secret in planted() {
        assert!(!text.contains(&secret), "`{secret}` is in {what}:\n{text}");
    }
}

/// Runs palier; what it prints is clean.
fn run(site: &Site, arguments: &[&str], code: i32) -> String {
    let all: Vec<&str> = [&["-v", "--env-file", "secrets.env"], arguments].concat();
    let said = site.run(&all).exits(code).all();
    assert_clean(&all.join(" "), &said);
    said
}

/// No file below the project, the home folder and the temporary folder holds a secret, but for the user's own.
fn assert_files_are_clean(site: &Site) {
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(site.whole()).into_iter().map(|entry| entry.expect("an entry")) {
        let own = OWN.iter().any(|name| entry.path() == site.path().join(name));
        if entry.file_type().is_file() && !own {
            let text = String::from_utf8_lossy(&std::fs::read(entry.path()).expect("it")).into_owned();
            assert_clean(&entry.path().display().to_string(), &text);
            seen += 1;
        }
    }
    assert!(seen > 5, "files were looked at");
}

#[test]
fn a_run_that_succeeds_and_its_rollback_show_no_secret() {
    let Some(server) = server() else { return };
    let site = site(server, &good());
    let start = site.state();
    run(&site, &["plan", "--out", "plan.json"], 0);
    run(&site, &["apply", "--dry-run"], 0);
    run(&site, &["apply"], 1);
    run(&site, &["apply", "plan.json", "--auto-approve", "--format", "json"], 0);
    assert_files_are_clean(&site);
    for arguments in [&["history"][..], &["history", "--format", "json"], &["apply", "--resume"]] {
        run(&site, arguments, 0);
    }
    run(&site, &["rollback", "--auto-approve", "--format", "json"], 0);
    std::fs::remove_file(site.path().join("plan.json")).expect("the plan");
    assert_eq!(site.state(), start, "the user's own secrets stand where they stood");
    run(&site, &["apply", "--auto-approve"], 0);
    assert_files_are_clean(&site);
}

#[test]
fn a_run_that_fails_and_one_that_a_person_must_mend_show_no_secret() {
    let Some(server) = server() else { return };
    let twice = index("students", "name", "unique = true");
    let site = site(server, &policy(&twice));
    run(&site, &["apply", "--auto-approve"], 6);
    run(&site, &["history", "--format", "json"], 0);
    assert_files_are_clean(&site);
    site.write("palier.toml", &good());
    run(&site, &["apply", "--auto-approve"], 0);
    let blueprint = site.read("render.yaml");
    site.write("render.yaml", &format!("{blueprint}# plantedWebPass77\n"));
    run(&site, &["rollback", "--auto-approve"], 7);
    run(&site, &["history"], 0);
    assert_files_are_clean(&site);
}

#[test]
fn a_database_that_is_away_or_refuses_shows_no_secret() {
    let Some(server) = server() else { return };
    let mut site = site(server, &good().replace("[steps]\n", "[steps]\npatience = \"1 s\"\n"));
    let address = site.database.url("postgresql");
    let name = site.database.name().to_owned();
    let with = |user: &str| address.replace("palier:none@", &format!("{user}:hunter2database@"));
    let port = site.database.port();
    for (wrong, said) in [
        (with("palier").replace(&format!(":{port}/"), ":1/"), "127.0.0.1"),
        (with("nobody_of_this_name"), "nobody_of_this_name"),
        (with("palier").replace(&name, "no_such_database"), "no_such_database"),
        ("postgres//palier:hunter2database@127.0.0.1".to_owned(), "DATABASE_URL: the database's address has no scheme"),
    ] {
        site.set("DATABASE_URL", &wrong);
        site.renew();
        site.write("secrets.env", "API_TOKEN=plantedSentryKey22\n");
        let ran = site.run(&["-v", "--env-file", "secrets.env", "apply", "--auto-approve"]);
        assert!(matches!(ran.code, Some(1 | 6)), "{:?}: {}", ran.code, ran.all());
        assert_clean(said, &ran.all());
        assert!(ran.all().contains(said), "no `{said}` in {}", ran.all());
        assert_files_are_clean(&site);
    }
}

#[test]
fn a_wrong_password_is_told_without_it() {
    let Some(server) = server() else { return };
    let mut site = site(server, &good());
    let database = &site.database;
    database.run("CREATE ROLE guarded LOGIN PASSWORD 'another'");
    let rules = std::path::PathBuf::from(database.run("SHOW hba_file"));
    let former = std::fs::read_to_string(&rules).expect("the rules");
    std::fs::write(&rules, format!("host all guarded 127.0.0.1/32 scram-sha-256\n{former}")).expect("the rules");
    database.run("SELECT pg_reload_conf()");
    let wrong = database.url("postgresql").replace("palier:none@", "guarded:hunter2database@");
    let refused = "SELECT count(*) FROM pg_hba_file_rules WHERE user_name = '{guarded}'";
    database.wait_for(refused, "1");
    site.set("DATABASE_URL", &wrong);
    let ran = site.run(&["-v", "apply", "--auto-approve"]);
    assert!(matches!(ran.code, Some(1 | 6)), "{:?}: {}", ran.code, ran.all());
    assert!(ran.all().contains("password"), "{}", ran.all());
    assert_clean("a wrong password", &ran.all());
    assert_files_are_clean(&site);
}

#[test]
fn a_run_that_waits_and_one_that_finds_the_lock_held_show_no_secret() {
    let Some(server) = server() else { return };
    let site = site(server, &good());
    let session = site.database.hold("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM students");
    let holder = site.start(&["-v", "apply", "--auto-approve"]);
    let building = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";
    until("the build waits", || site.database.run(building) == "1");
    run(&site, &["apply", "--auto-approve"], 5);
    assert_files_are_clean(&site);
    drop(session);
    assert_clean("the holder's words", &ended(holder).exits(0).all());

    // Files that a push brings live: it is waited for, and the address of the web application holds a password.
    let pushed = self::site(server, &good().replace("mode = \"local\"", "mode = \"push\""));
    let said = run(&pushed, &["apply", "--auto-approve", "--wait", "1 s"], 3);
    assert!(said.contains("Still missing"), "{said}");
    run(&pushed, &["apply", "--resume", "--wait", "1 s", "--format", "json"], 3);
    run(&pushed, &["history"], 0);
    assert_files_are_clean(&pushed);
}
