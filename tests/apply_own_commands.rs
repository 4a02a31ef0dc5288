//! `[[command]]`: what the project itself runs between the steps.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use std::io::{Read, Write};
use std::net::TcpListener;

use command::{Project, Run, palier, shell};

/// A project whose flight writes one file, with a command.
fn project(command: &str) -> Project {
    let index = "[delivery]\nmode = \"local\"\n[[index]]\ntable = \"a\"\ncolumns = [\"b\"]\n";
    Project::of(&[("palier.toml", &format!("{index}{command}"))])
}

fn apply(project: &Project, more: &[&str]) -> Run {
    // The index needs a database, which these tests have not.
    let arguments = ["apply", "--auto-approve", "--target"].iter().chain(more);
    palier(project).env("RELEASE_TOKEN", "sk_live_0123456789abcdef").args(arguments).run()
}

#[test]
fn a_command_runs_is_verified_and_is_taken_back_by_its_undo() {
    let project = project(
        "[[command]]\nname = \"release\"\nrun = \"echo run >> log\"\nverify = \"grep -q run log\"\nundo = \"echo undo >> log\"\n",
    );
    let run = apply(&project, &["flight-1-release"]).exits(0);
    assert!(run.stdout.contains("ok command release: it succeeds"), "{}", run.stdout);
    assert_eq!(project.read("log"), "run\n");
    palier(&project).args(["rollback", "--auto-approve"]).run().exits(0);
    assert_eq!(project.read("log"), "run\nundo\n");
    assert!(!project.files().keys().any(|path| path.starts_with("migrations/")), "its files are taken back too");
}

#[test]
fn a_command_without_an_undo_is_one_way_and_needs_the_policys_word() {
    let project = project("[[command]]\nname = \"release\"\nrun = \"echo run >> log\"\n");
    let run = apply(&project, &["flight-1-release"]).exits(4);
    assert!(run.stderr.contains("allow_one_way = [\"command\"]"), "{}", run.stderr);
    assert!(!project.files().contains_key("log"));
    let allowed = project.read("palier.toml") + "[steps]\nallow_one_way = [\"command\"]\n";
    project.write("palier.toml", allowed);
    apply(&project, &["flight-1-release"]).exits(0);
    assert_eq!(project.read("log"), "run\n");
}

#[test]
fn a_command_that_fails_is_told_with_what_it_said_and_everything_is_taken_back() {
    let project = project(
        "[[command]]\nname = \"release\"\nrun = \"echo token=$RELEASE_TOKEN >&2; echo no such host >&2; exit 3\"\nundo = \"true\"\n",
    );
    let run = apply(&project, &["flight-1-release"]).exits(6);
    assert!(run.stderr.contains("`release` ended with 3") && run.stderr.contains("no such host"), "{}", run.stderr);
    assert!(!project.files().keys().any(|path| path.starts_with("migrations/")), "{:?}", project.files().keys());
    let everything: String =
        project.files().values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    assert!(!format!("{}{}{everything}", run.stderr, run.stdout).contains("0123456789abcdef"), "{}", run.stderr);
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_its_children() {
    let project = project(
        "[[command]]\nname = \"release\"\nrun = \"sleep 600 & echo $! > child; sleep 600\"\nundo = \"true\"\ntime_limit = \"1 s\"\n",
    );
    let run = apply(&project, &["flight-1-release"]).exits(6);
    assert!(run.stderr.contains("time_limit"), "{}", run.stderr);
    let child = project.read("child").trim().to_owned();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let lives = || {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    while lives() {
        assert!(std::time::Instant::now() < deadline, "the child of the command still runs");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn what_must_hold_before_a_command_stops_it_before_anything_of_it_ran() {
    let project = project(
        "[[command]]\nname = \"release\"\nrun = \"echo run >> log\"\ncheck = \"test -f ready\"\nundo = \"true\"\n",
    );
    let run = apply(&project, &["flight-1-release"]).exits(6);
    assert!(run.stderr.contains("command-not-ready"), "{}", run.stderr);
    assert!(!project.files().contains_key("log"));
}

#[test]
fn a_command_that_was_killed_in_the_middle_is_not_run_again_by_itself() {
    let project =
        project("[[command]]\nname = \"release\"\nrun = \"echo run >> log; kill -9 $PPID\"\nundo = \"true\"\n");
    let run = shell(&project, "$PALIER apply --auto-approve --target flight-1-release; test $? = 137").run().exits(0);
    assert!(!run.stdout.contains("applied"), "palier was killed by its own command: {run:?}");
    let resumed = palier(&project).args(["apply", "--resume"]).run().exits(3);
    assert!(resumed.stdout.contains("--confirm flight-1-release"), "{}", resumed.stdout);
    assert_eq!(project.read("log"), "run\n");
    let arguments = ["apply", "--resume", "--target", "flight-1-release", "--confirm", "flight-1-release"];
    palier(&project).args(arguments).run().exits(0);
    assert_eq!(project.read("log"), "run\n");
}

#[test]
fn a_deploy_hook_is_called_and_its_address_is_never_shown() {
    let project = project("[[command]]\nname = \"deploy\"\nhook = \"DEPLOY_HOOK\"\nundo = \"true\"\n");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let hook = format!("http://{}/deploy/srv-1?key=hookkey12345", listener.local_addr().expect("its address"));
    let answering = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for status in ["404 Not Found", "200 OK"] {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut bytes = [0; 2048];
            let length = stream.read(&mut bytes).expect("a request");
            seen.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).expect("an answer");
        }
        seen
    });
    let call = || {
        let arguments = ["apply", "--auto-approve", "--target", "flight-1-deploy"];
        palier(&project).env("DEPLOY_HOOK", &hook).args(arguments).run()
    };
    let refused = call().exits(6);
    assert!(refused.stderr.contains("the deploy hook in DEPLOY_HOOK (`deploy`) answers 404"), "{}", refused.stderr);
    call().exits(0);
    let seen = answering.join().expect("a server");
    assert!(seen.iter().all(|request| request.starts_with("POST /deploy/srv-1?key=hookkey12345 ")), "{seen:?}");
    let everything: String =
        project.files().values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    assert!(!format!("{}{everything}", refused.stderr).contains("hookkey12345"));
}
