//! README.md shows what palier really prints, reads and returns.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test stops at a surprise"
)]

use assert_cmd::cargo::cargo_bin;
use palier::diagnostic::SourceFile;
use palier::document::{Document, Format};
use palier::{metrics, policy};
use std::ffi::OsString;
use std::process::Command;

#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/venv.rs"]
mod venv;

/// The instant of the examples' figures.
const NOW: &str = "2026-11-20T08:00:00Z";

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("README.md")
}

/// The contents of the code blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = readme();
    let fence = format!("```{language}\n");
    let blocks = readme.split(&fence).skip(1).filter_map(|rest| rest.split_once("```"));
    blocks.map(|(block, _)| block.to_owned()).collect()
}

/// What palier prints in the root of the repository.
fn palier(arguments: &[&str]) -> String {
    palier_on(arguments, OsString::new())
}

/// The search path on which `demo --apply` finds its servers; `None`, with a message, where one is missing.
fn path_of_servers() -> Option<OsString> {
    let path = venv::Venv::with("demo", &["gunicorn==27.0.1"])?.path();
    let has = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let binaries = palier::client::postgres::find_binaries(Some(&path), None);
    if binaries.is_some() && (has("redis-server") || has("valkey-server")) {
        return Some(path);
    }
    postgres::skip("there is no Postgres or no Redis");
    None
}

fn palier_on(arguments: &[&str], path: OsString) -> String {
    let mut command = Command::new(cargo_bin!("palier"));
    command.env_clear().env("PATH", path);
    command.args(arguments).env("PALIER_NOW", NOW).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().expect("palier runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The rows of the table whose head begins with a cell, as cells.
fn table(head: &str) -> Vec<Vec<String>> {
    let readme = readme();
    let from = readme.lines().skip_while(|line| !line.starts_with(&format!("| {head} |")));
    let rows = from.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn the_output_is_what_palier_prints() {
    let shown = blocks("console");
    assert!(!shown.is_empty());
    for block in shown {
        let (command, picture) = block.split_once('\n').expect("a command and its output");
        let arguments: Vec<&str> = command.strip_prefix("$ palier ").expect("a command").split(' ').collect();
        let path = if command.contains("--apply") { path_of_servers() } else { Some(OsString::new()) };
        let Some(path) = path else { continue };
        let printed = palier_on(&arguments, path);
        let mut rest = printed.as_str();
        // A line of `...` stands for lines that are left out.
        for part in picture.split("...\n").filter(|part| !part.is_empty()) {
            let at =
                rest.find(part).unwrap_or_else(|| panic!("{command}: not printed, or not here:\n{part}\n{printed}"));
            assert!(rest[..at].is_empty() || rest[..at].ends_with('\n'), "whole lines: {part}");
            rest = &rest[at + part.len()..];
        }
    }
}

#[test]
fn the_policy_and_the_usage_are_accepted() {
    let document = |path: &str, text: &str| {
        Document::parse(&SourceFile::new(path, text), Format::of_path(path)).expect("a document")
    };
    let (policies, usages) = (blocks("toml"), blocks("yaml"));
    assert!(!policies.is_empty() && !usages.is_empty());
    for text in policies {
        let (_, findings) = policy::parse(&document("palier.toml", &text), "production").expect("a policy");
        assert!(findings.is_empty(), "{findings:?}");
    }
    for text in usages {
        metrics::parse(&document("metrics.yaml", &text)).expect("usage");
    }
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let listed: Vec<String> = table("code").iter().map(|row| format!("{:>4}  {}", row[0], row[1])).collect();
    let printed = palier(&["help", "exit-codes"]);
    let known: Vec<&str> = printed.lines().collect();
    assert!(!listed.is_empty());
    for line in listed {
        assert!(known.contains(&line.as_str()), "{line:?} is not in {known:#?}");
    }
}

#[test]
fn every_command_is_listed_and_exists() {
    let help = palier(&["help"]);
    let commands = help.split("Commands:\n").nth(1).expect("the commands").lines();
    let commands: Vec<String> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next().map(str::to_owned))
        .collect();
    let listed: Vec<String> = table("command")
        .iter()
        .flat_map(|row| row[0].split("`, `").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>())
        .map(|name| name.trim_start_matches("palier ").split(' ').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(listed, commands);
}
