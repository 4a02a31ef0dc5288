//! Whatever a file holds, palier says which file, which line and what to do, within seconds, and writes nothing.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use std::time::{Duration, Instant};

use command::{Project, Run, palier};

const POLICY: &str = "[project]\nname = \"shop\"\n\n[budget]\nmonthly = \"$60\"\n";
const METRICS: &str = "users: {active: 100}\nrequests: {per_second: {mean: 1, peak: 3}, latency: {p95: 200 ms}}\n";
const BLUEPRINT: &str = "services:\n  - type: web\n    name: shop\n    runtime: python\n    plan: starter\n    \
                         startCommand: gunicorn shop:app\n";
const FILES: [&str; 3] = ["palier.toml", "metrics.yaml", "render.yaml"];

fn project() -> Project {
    Project::of(&[
        ("palier.toml", POLICY),
        ("metrics.yaml", METRICS),
        ("render.yaml", BLUEPRINT),
        ("requirements.txt", "flask\ngunicorn\n"),
        ("shop.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ])
}

/// `plan` and `generate` refuse the file: quickly, with its name, an id and a remedy, and without writing.
fn refused(file: &str, bytes: impl AsRef<[u8]>) -> Run {
    let project = project();
    project.write(file, bytes);
    refuses(&project, file)
}

fn refuses(project: &Project, file: &str) -> Run {
    let before = project.files();
    let began = Instant::now();
    let run = palier(project).args(["generate"]).run();
    assert_eq!(
        run.code,
        1,
        "{file}: {:?}\n{}",
        before.get(file).map(|bytes| String::from_utf8_lossy(bytes)),
        run.all()
    );
    assert!(began.elapsed() < Duration::from_secs(10), "{file} took {:?}", began.elapsed());
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    assert!(run.stderr.contains("error["), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("--> {file}")), "no place in {file}:\n{}", run.stderr);
    let remedy =
        ["help:", "should be", "write ", "known are", "between"].iter().any(|words| run.stderr.contains(words));
    assert!(remedy, "no remedy:\n{}", run.stderr);
    assert!(run.stderr.len() < 40_000, "{} bytes of errors", run.stderr.len());
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    let plan = palier(project).args(["plan"]).run().exits(1);
    assert_eq!(plan.stderr, run.stderr);
    assert!(project.files() == before, "something was written");
    run
}

fn says(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.stderr.contains(word), "`{word}` is missing in:\n{}", run.stderr);
    }
}

/// The file is read as if nothing were odd about it.
fn accepted(file: &str, bytes: impl AsRef<[u8]>) {
    let plain = palier(&project()).args(["plan"]).run().exits(0);
    let project = project();
    project.write(file, bytes);
    let odd = palier(&project).args(["plan"]).run().exits(0);
    assert_eq!(odd.stdout, plain.stdout, "{file}");
}

fn text_of(file: &str) -> &'static str {
    match file {
        "palier.toml" => POLICY,
        "metrics.yaml" => METRICS,
        _ => BLUEPRINT,
    }
}

#[test]
fn the_project_of_these_tests_is_sound() {
    palier(&project()).args(["plan"]).run().exits(0);
    palier(&project()).args(["generate"]).run().exits(0);
}

#[test]
fn an_empty_policy_is_as_good_as_none_and_other_empty_files_are_mistakes() {
    for text in ["", "\n\n", "# nothing yet\n"] {
        let project = project();
        project.write("palier.toml", text);
        palier(&project).args(["plan"]).run().exits(0);
        for file in ["metrics.yaml", "render.yaml"] {
            refused(file, text);
        }
    }
}

#[test]
fn a_binary_file_is_refused() {
    for file in FILES {
        let run = refused(file, [0x7f, b'E', b'L', b'F', 0, 1, 2, 3, 0xff, 0xfe]);
        says(&run, &["binary", "UTF-8"]);
        let run = refused(file, [b'a', b':', b' ', 0xc3, 0x28]);
        says(&run, &["not UTF-8 (line 1)"]);
    }
}

#[test]
fn fifty_megabytes_are_refused_without_being_read() {
    for file in FILES {
        let run = refused(file, vec![b'#'; 50 << 20]);
        says(&run, &["larger than 8 MiB"]);
    }
}

#[test]
fn utf_16_is_refused_by_its_name() {
    for file in FILES {
        let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(text_of(file).bytes().flat_map(|b| [b, 0])).collect();
        says(&refused(file, little), &["UTF-16"]);
        let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(text_of(file).bytes().flat_map(|b| [0, b])).collect();
        says(&refused(file, big), &["UTF-16"]);
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read_over() {
    for file in FILES {
        let text = text_of(file);
        accepted(file, format!("\u{feff}{text}"));
        accepted(file, text.replace('\n', "\r\n"));
        accepted(file, format!("\u{feff}{}", text.replace('\n', "\r\n")));
    }
}

#[test]
fn ten_thousand_levels_are_refused() {
    let levels = 10_000;
    refused("palier.toml", format!("a = {}{}\n", "[".repeat(levels), "]".repeat(levels)));
    refused("palier.toml", format!("[{}]\n", vec!["a"; levels].join(".")));
    for file in ["metrics.yaml", "render.yaml"] {
        refused(file, format!("a: {}{}\n", "[".repeat(levels), "]".repeat(levels)));
        refused(file, format!("a: {}{}\n", "{a: ".repeat(levels), "}".repeat(levels)));
        refused(file, format!("{}1\n", "- ".repeat(levels)));
    }
}

#[test]
fn a_yaml_bomb_does_not_go_off() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
    }
    for file in ["metrics.yaml", "render.yaml"] {
        let run = refused(file, &bomb);
        says(&run, &["aliases"]);
    }
    says(&refused("metrics.yaml", "a: &a [*a]\n"), &["alias"]);
}

#[test]
fn a_key_that_stands_twice_is_refused_with_both_lines() {
    let run = refused("palier.toml", "[project]\nname = \"a\"\nname = \"b\"\n");
    says(&run, &["palier.toml:3"]);
    let run = refused("metrics.yaml", "users: {active: 1}\nweb: {workers: 1}\nusers: {active: 2}\n");
    says(&run, &["metrics.yaml:3", "`users` stands twice", "first on line 1"]);
    let run = refused("render.yaml", "services: []\nservices: []\n");
    says(&run, &["render.yaml:2", "first on line 1"]);
}

#[test]
fn several_documents_in_one_file_are_refused() {
    for file in ["metrics.yaml", "render.yaml"] {
        let run = refused(file, format!("{}---\n{}", text_of(file), text_of(file)));
        says(&run, &["more than one YAML document"]);
    }
}

#[test]
fn another_type_than_expected_is_refused_on_its_line() {
    for (file, text, line) in [
        ("palier.toml", "project = 1\n", 1),
        ("palier.toml", "[project]\nname = [\"a\"]\n", 2),
        ("palier.toml", "[web]\nmax_instances = \"four\"\n", 2),
        ("palier.toml", "[budget]\nmonthly = 60\n", 2),
        ("palier.toml", "[[index]]\ntable = \"t\"\ncolumns = \"c\"\n", 3),
        ("metrics.yaml", "users: 5\n", 1),
        ("metrics.yaml", "\nusers:\n  active: many\n", 3),
        ("metrics.yaml", "- users\n", 1),
        ("metrics.yaml", "taken_at: yesterday\n", 1),
        ("metrics.yaml", "history: {active: 1}\n", 1),
        ("render.yaml", "- services\n", 1),
        ("render.yaml", "services: web\n", 1),
        ("render.yaml", "\nservices:\n  - web\n", 3),
    ] {
        says(&refused(file, text), &[&format!("--> {file}:{line}:")]);
    }
}

#[test]
fn figures_that_cannot_be_are_refused_on_their_line() {
    for (file, text, line) in [
        ("metrics.yaml", "requests:\n  latency:\n    p50: 500 ms\n    p95: 100 ms\n", 4),
        ("metrics.yaml", "requests:\n  error_rate: 12\n", 2),
        ("metrics.yaml", "requests:\n  error_rate: -0.1\n", 2),
        ("metrics.yaml", "web:\n  workers: -1\n", 2),
        ("metrics.yaml", "web:\n  workers: 0\n", 2),
        ("metrics.yaml", "web:\n  workers: 1.5\n", 2),
        ("metrics.yaml", "web:\n  cpu: {mean: 1e400}\n", 2),
        ("metrics.yaml", "web:\n  cpu: {mean: .nan}\n", 2),
        ("metrics.yaml", "web:\n  cpu: {mean: .inf}\n", 2),
        ("metrics.yaml", "web:\n  cpu: {mean: 0.5, peak: 0.1}\n", 2),
        ("metrics.yaml", "web:\n  memory: -5 MiB\n", 2),
        ("metrics.yaml", "requests:\n  per_second: {mean: 9, peak: 3}\n", 2),
        ("metrics.yaml", "users:\n  active: 99999999999999999999\n", 2),
        ("metrics.yaml", "users: {registered: 5}\nredis: {}\ndatabase: {connections_peak: -3}\n", 3),
        ("palier.toml", "[budget]\nmonthly = \"-$5\"\n", 2),
        ("palier.toml", "[budget]\nmonthly = \"$1e400\"\n", 2),
        ("palier.toml", "[headroom]\ncpu = 70\n", 2),
        ("palier.toml", "[headroom]\ncpu = nan\n", 2),
        ("palier.toml", "[headroom]\ncpu = -inf\n", 2),
        ("palier.toml", "[headroom]\ncpu = 0\n", 2),
        ("palier.toml", "[web]\nmax_instances = 0\n", 2),
        ("palier.toml", "[web]\nmax_instances = -1\n", 2),
        ("palier.toml", "[web]\nmax_instances = 99999999999999999999\n", 2),
        ("palier.toml", "[growth]\nhorizon = \"0 days\"\n", 2),
        ("palier.toml", "[growth]\nmonthly = inf\n", 2),
        ("palier.toml", "[service_level]\np95 = \"-1 s\"\n", 2),
    ] {
        let run = refused(file, text);
        says(&run, &[&format!("--> {file}:{line}:")]);
    }
}

#[test]
fn units_that_nobody_knows_are_refused_with_examples() {
    for (file, text) in [
        ("palier.toml", "[service_level]\np95 = \"500\"\n"),
        ("palier.toml", "[service_level]\np95 = \"5 parsecs\"\n"),
        ("palier.toml", "[budget]\nmonthly = \"60 doubloons\"\n"),
        ("palier.toml", "[web]\nmemory_per_worker = \"171\"\n"),
        ("metrics.yaml", "web:\n  memory: 240\n"),
        ("metrics.yaml", "web:\n  memory: 240 MegaBites\n"),
        ("metrics.yaml", "requests:\n  latency: {p95: 480}\n"),
        ("metrics.yaml", "window: 7\n"),
    ] {
        let run = refused(file, text);
        assert!(run.stderr.contains(&format!("--> {file}:{}:", text.lines().count())), "{}", run.stderr);
    }
}

#[test]
fn a_key_that_does_not_exist_is_refused_with_the_nearest_one() {
    says(&refused("palier.toml", "[projct]\nname = \"a\"\n"), &["projct", "did you mean `project`"]);
    says(&refused("palier.toml", "[web]\nconfigur = \"file\"\n"), &["did you mean `configure`"]);
    says(&refused("metrics.yaml", "requets: {}\n"), &["did you mean `requests`"]);
    says(&refused("palier.toml", "[redis]\nprovider = \"upstasch\"\n"), &["did you mean `upstash`"]);
}

#[test]
fn every_problem_of_every_file_is_told_at_once() {
    let project = project();
    project.write("palier.toml", "[budget]\nmonthly = 60\n[headroom]\ncpu = 70\n");
    project.write("metrics.yaml", "users: {activ: 5}\nweb: {workers: -1}\n");
    let run = palier(&project).args(["plan"]).run().exits(1);
    says(&run, &["palier.toml:2", "palier.toml:4", "metrics.yaml:1", "metrics.yaml:2", "4 errors"]);
}

#[test]
fn an_explicit_file_that_is_missing_is_an_error() {
    let project = project();
    for flag in ["--policy", "--metrics"] {
        let run = palier(&project).args(["plan", flag, "absent.toml"]).run().exits(1);
        says(&run, &["there is no file `absent.toml`", "help:"]);
    }
    let run = palier(&project).args(["plan", "--root", "absent"]).run().exits(1);
    says(&run, &["there is no folder `absent`", "help:"]);
    let run = palier(&project).args(["plan", "--root", "palier.toml"]).run().exits(1);
    says(&run, &["help:"]);
}

#[test]
fn a_folder_where_a_file_should_be_is_an_error() {
    for file in FILES {
        let project = project();
        std::fs::remove_file(project.path().join(file)).unwrap();
        std::fs::create_dir(project.path().join(file)).unwrap();
        says(&refuses(&project, file), &["it is not a file"]);
    }
}

#[test]
fn an_instant_that_is_none_is_an_error() {
    let run = palier(&project()).env("PALIER_NOW", "tomorrow").args(["plan"]).run().exits(1);
    says(&run, &["PALIER_NOW", "`tomorrow`", "2026-11-20T08:00:00Z"]);
}
