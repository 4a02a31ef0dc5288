//! No text, however odd, makes a reader panic, hang or grow without bound.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::path::Path;
use std::time::{Duration, Instant};

use palier::diagnostic::{Diagnostic, SourceFile};
use palier::document::{Document, Format};
use palier::project::Project;
use palier::{metrics, policy, report};
use proptest::prelude::*;

/// Longer than any reader may take for a file of a few kilobytes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

const POLICY: &str = include_str!("projects/django-key-value/palier.toml");
const METRICS: &str = include_str!("projects/django-key-value/metrics.yaml");
const BLUEPRINT: &str = include_str!("projects/fastapi-upstash-file/render.yaml");

/// Pieces that files of these kinds are made of, well-formed and not.
const PIECES: [&str; 44] = [
    "services",
    "web",
    "- ",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    "[[index]]",
    "[web]",
    ",",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "<<: *a",
    "---\n",
    "...\n",
    "# ",
    "!!str ",
    "%YAML 1.2\n",
    "=",
    "\"\"\"",
    "'''",
    "1e400",
    "-0",
    ".inf",
    "0x1F",
    "null",
    "true",
    "2026-11-20",
    "500 ms",
    "$5",
    "é",
    "\u{feff}",
    "\r\n",
    "\u{0}",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.as_slice()), 0..60).prop_map(|pieces| pieces.concat())
}

/// A sound text with a piece of it removed, doubled or replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let places = prop::collection::vec((0..text.len(), 0_usize..12, prop::sample::select(PIECES.as_slice())), 1..6);
    places.prop_map(move |places| {
        let mut out = text.to_owned();
        for (at, length, piece) in places {
            let start = (0..=at.min(out.len())).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
            let end = (start + length..=out.len()).find(|at| out.is_char_boundary(*at)).unwrap_or(out.len());
            out.replace_range(start..end, piece);
        }
        out
    })
}

/// Every problem can be shown, with its place.
fn show(problems: &[Diagnostic]) {
    assert!(!problems.is_empty(), "refused without a reason");
    let text = report::diagnostics(problems);
    assert!(text.len() < 2_000_000, "{} bytes of errors", text.len());
}

fn read(name: &str, text: &str) {
    let began = Instant::now();
    let file = SourceFile::new(name, text);
    match Document::parse(&file, Format::of_path(name)) {
        Err(problems) => show(&problems),
        Ok(document) => {
            if let Err(problems) = policy::parse(&document, "production") {
                show(&problems);
            }
            if let Err(problems) = metrics::parse(&document) {
                show(&problems);
            }
        }
    }
    assert!(began.elapsed() < PATIENCE, "{name} took {:?}", began.elapsed());
}

fn read_project(path: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(path), bytes).unwrap();
    std::fs::write(folder.path().join("main.py"), "from fastapi import FastAPI\napp = FastAPI()\n").unwrap();
    let began = Instant::now();
    let project = Project::read(Path::new(folder.path()), "render.yaml");
    if !project.problems.is_empty() {
        show(&project.problems);
    }
    assert!(began.elapsed() < PATIENCE, "took {:?}", began.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        for name in ["a.toml", "a.yaml", "a.json"] {
            read(name, &text);
        }
    }

    #[test]
    fn any_soup_of_syntax_is_read_or_refused(text in soup()) {
        for name in ["a.toml", "a.yaml", "a.json"] {
            read(name, &text);
        }
    }

    #[test]
    fn a_damaged_policy_is_read_or_refused(text in damaged(POLICY)) {
        read("palier.toml", &text);
    }

    #[test]
    fn a_damaged_usage_file_is_read_or_refused(text in damaged(METRICS)) {
        read("metrics.yaml", &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn any_bytes_are_a_blueprint_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_project("render.yaml", &bytes);
    }

    #[test]
    fn a_damaged_blueprint_is_read_or_refused(text in damaged(BLUEPRINT)) {
        read_project("render.yaml", text.as_bytes());
    }

    #[test]
    fn any_soup_is_read_as_any_file_of_a_project(text in soup()) {
        for path in ["Procfile", "requirements.txt", "pyproject.toml", "settings.py", "Dockerfile", ".env.example", "start.sh"] {
            read_project(path, text.as_bytes());
        }
    }
}
