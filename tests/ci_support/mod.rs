//! Files of `palier ci`, and what stands in them run with everything around it replaced.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::command::{Project, Run, palier, shell};
use super::venv::Venv;
use serde_json::Value;

pub(crate) const GITHUB: &str = ".github/workflows/palier.yml";
pub(crate) const GITLAB: &str = ".gitlab-ci.palier.yml";

/// A policy with a place for the journal.
pub(crate) const JOURNAL: &str = "[journal]\nurl = \"s3://bucket/palier\"\n";

/// `palier ci`.
pub(crate) fn ci(project: &Project, arguments: &[&str]) -> Run {
    palier(project).args(["ci"]).args(arguments).run()
}

/// The file for a service under a policy.
pub(crate) fn file(service: &str, policy: &str) -> String {
    ci(&Project::of(&[("palier.toml", policy)]), &[service, "--stdout"]).exits(0).stdout
}

/// The programs that read such files, and jq's language for what the scripts ask of an answer.
pub(crate) fn judges() -> Option<Venv> {
    Venv::with("ci", &["zizmor==1.32.0", "check-jsonschema==0.39.0", "jq==1.8.0"])
}

/// The script of a step of a job of GitHub's workflow.
pub(crate) fn step(workflow: &str, job: &str, name: &str) -> String {
    let workflow: Value = serde_yaml::from_str(workflow).expect("YAML");
    let steps = workflow["jobs"][job]["steps"].as_array().expect("steps").clone();
    let step = steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("{job} has no step {name}"));
    step["run"].as_str().expect("a script").to_owned()
}

/// The script of a job of GitLab's.
pub(crate) fn script(pipeline: &str, job: &str) -> String {
    let pipeline: Value = serde_yaml::from_str(pipeline).expect("YAML");
    let lines = pipeline[job]["script"].as_array().expect("a script").clone();
    lines.iter().map(|line| line.as_str().expect("text").to_owned()).collect::<Vec<_>>().join("\n")
}

/// Runs a script as GitHub does, where `gh` and `palier` are only played: the first answers from `answers`, the second
/// ends with `code`; both note their calls in the file `calls`.
pub(crate) fn run_on_github(
    venv: &Venv,
    project: &Project,
    script: &str,
    variables: &[(&str, &str)],
    answers: &Value,
    code: i32,
) -> Run {
    let gh = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ci_support/gh.py");
    let python = venv.program("python");
    project.write("bin/gh", format!("#!/bin/sh\nexec '{}' '{gh}' \"$@\"\n", python.display()));
    project.write("bin/palier", format!("#!/bin/sh\necho palier \"$@\" >>calls\nexit {code}\n"));
    project.write("answers.json", answers.to_string());
    project.write("script", script);
    let start = "chmod +x bin/gh bin/palier; export PATH=\"$PWD/bin:$PATH\" RUNNER_TEMP=\"$PWD/temp\"; \
                 exec bash --noprofile --norc -eo pipefail script";
    let mut run = shell(project, start).env("GITHUB_REPOSITORY", "o/r").env("PYTHONDONTWRITEBYTECODE", "1");
    for (name, value) in variables {
        run = run.env(name, value);
    }
    run.run()
}

/// A server on the loopback interface that answers each path with a body and notes every request as `METHOD PATH BODY`.
pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers with these bodies; other paths are not found.
    pub(crate) fn with(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&requests);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(request) = answer(stream, &answers) {
                    noted.lock().expect("the list").push(request);
                }
            }
        });
        Self { address, requests }
    }

    /// What was asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("the list").clone()
    }
}

fn answer(mut stream: TcpStream, answers: &[(&'static str, String)]) -> Option<String> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let of = |line: &String| {
            line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name))?.1.to_owned().into()
        };
        lines.iter().find_map(of)
    };
    let length: Option<String> = header("content-length");
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let (method, path) = lines.first()?.rsplit_once(' ')?.0.split_once(' ')?;
    let token: Option<String> = header("private-token");
    let known = answers.iter().find(|(known, _)| *known == path).filter(|_| token.as_deref() == Some("secret"));
    let (status, text) = known.map_or(("404 Not Found", "{}"), |(_, text)| ("200 OK", text.as_str()));
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    stream.write_all(format!("{head}{text}").as_bytes()).ok()?;
    Some(format!("{method} {path} {}", String::from_utf8_lossy(&body)).trim_end().to_owned())
}

/// Whether a shell can read a script.
pub(crate) fn is_shell(folder: &Path, script: &str) -> bool {
    let file = folder.join("script.sh");
    std::fs::write(&file, script).expect("a file");
    std::process::Command::new("bash").arg("-n").arg(&file).status().expect("bash runs").success()
}
