//! What a Dockerfile starts, and which of the project's files it holds where.

use super::shell_lexer::tokens;
use super::shell_words::{Part, Token, Word, is_name};
use super::tree::{Tree, file_name, join, normalise};

/// A command as a Dockerfile writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exec {
    /// Text for `/bin/sh -c`.
    Shell(String),
    /// A JSON list: no shell, nothing is expanded.
    List(Vec<String>),
}

/// A `COPY` from the build context.
#[derive(Debug, Clone)]
struct Copied {
    source: String,
    /// Absolute in the image.
    target: String,
    /// Whether the target is written as a folder.
    into_folder: bool,
}

/// The last stage of a Dockerfile.
#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    /// The Dockerfile's path.
    pub(super) file: String,
    /// The folder that is the build context, relative to the root.
    pub(super) context: String,
    /// The base image of the stage, after named stages were followed.
    pub(super) base: String,
    /// `WORKDIR`.
    pub(super) workdir: String,
    /// `ENV`, with values where they are plain.
    pub(super) variables: Vec<(String, Option<String>)>,
    /// `ENTRYPOINT` with its line.
    pub(super) entrypoint: Option<(Exec, usize)>,
    /// `CMD` with its line.
    pub(super) command: Option<(Exec, usize)>,
    /// `HEALTHCHECK`'s command with its line.
    pub(super) health_check: Option<(String, usize)>,
    /// `RUN` lines of all stages.
    pub(super) runs: Vec<String>,
    copies: Vec<Copied>,
    name: String,
}

impl Image {
    /// Reads a Dockerfile; `context` is the build context, relative to the root.
    pub(super) fn parse(text: &str, file: &str, context: &str) -> Option<Self> {
        let mut stages: Vec<Self> = Vec::new();
        let mut runs = Vec::new();
        for (line, instruction) in instructions(text) {
            let (keyword, rest) = instruction.split_once(char::is_whitespace).unwrap_or((&instruction, ""));
            let rest = rest.trim();
            if keyword.eq_ignore_ascii_case("FROM") {
                let stage = Self::begin(rest, &stages, file, context);
                stages.push(stage);
                continue;
            }
            if keyword.eq_ignore_ascii_case("RUN") {
                runs.push(rest.to_owned());
            }
            if let Some(stage) = stages.last_mut() {
                stage.take(&keyword.to_ascii_uppercase(), rest, line);
            }
        }
        let mut last = stages.pop()?;
        last.runs = runs;
        Some(last)
    }

    fn begin(rest: &str, stages: &[Self], file: &str, context: &str) -> Self {
        let mut words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
        let base = words.next().unwrap_or_default();
        let name = words.nth(1).unwrap_or_default().to_owned();
        let mut stage =
            stages.iter().rev().find(|stage| !stage.name.is_empty() && stage.name == base).cloned().unwrap_or_else(
                || Self {
                    file: file.to_owned(),
                    context: context.to_owned(),
                    base: base.to_owned(),
                    workdir: "/".to_owned(),
                    ..Self::default()
                },
            );
        stage.name = name;
        stage
    }

    fn take(&mut self, keyword: &str, rest: &str, line: usize) {
        match keyword {
            "WORKDIR" => self.workdir = absolute(&self.workdir, rest.trim_matches(['"', '\''])),
            "ENV" => self.variables.extend(variables(rest)),
            "CMD" => self.command = Some((exec(rest), line)),
            // Docker's reference: setting ENTRYPOINT resets a CMD that the base image defined; one of this file stays.
            "ENTRYPOINT" => self.entrypoint = Some((exec(rest), line)),
            "COPY" | "ADD" => self.copy(rest),
            "HEALTHCHECK" => {
                self.health_check = rest.split_once("CMD").map(|(_, command)| (command.trim().to_owned(), line));
            }
            _ => {}
        }
    }

    fn copy(&mut self, rest: &str) {
        if rest.contains("--from=") {
            return;
        }
        let words: Vec<String> = match exec(rest.trim_start_matches(' ')) {
            Exec::List(words) => words,
            Exec::Shell(text) => {
                text.split_whitespace().filter(|word| !word.starts_with("--")).map(str::to_owned).collect()
            }
        };
        let Some((target, sources)) = words.split_last() else { return };
        let into_folder = target.ends_with('/') || target.ends_with('.') || sources.len() > 1;
        for source in sources {
            self.copies.push(Copied {
                source: source.trim_start_matches('/').to_owned(),
                target: absolute(&self.workdir, target),
                into_folder,
            });
        }
    }

    /// The command of the container as shell text, and its line; `replaced` is the platform's own command.
    pub(super) fn start(&self) -> Option<(String, usize)> {
        match (&self.entrypoint, &self.command) {
            (None, None) => None,
            (Some((Exec::Shell(text), line)), _) | (None, Some((Exec::Shell(text), line))) => {
                Some((text.clone(), *line))
            }
            (None, Some((Exec::List(words), line))) | (Some((Exec::List(words), line)), None) => {
                Some((quote(words), *line))
            }
            (Some((Exec::List(words), line)), Some((command, _))) => {
                let mut all = words.clone();
                match command {
                    Exec::List(more) => all.extend(more.iter().cloned()),
                    Exec::Shell(text) => all.extend(["sh".to_owned(), "-c".to_owned(), text.clone()]),
                }
                Some((quote(&all), *line))
            }
        }
    }

    /// The folder of the project that `WORKDIR` holds.
    pub(super) fn folder(&self, tree: &Tree) -> String {
        self.copied(&self.workdir, tree).filter(|path| tree.has_folder(path)).unwrap_or_else(|| self.context.clone())
    }

    /// The file of the project that stands at a path of the image.
    pub(super) fn project_path(&self, path: &str, tree: &Tree) -> Option<String> {
        self.copied(path, tree).or_else(|| {
            // A COPY that palier cannot follow (a glob, a build argument): the same path below the context, perhaps.
            let below = path.strip_prefix(self.workdir.as_str()).unwrap_or(path);
            let candidate = normalise(&join(&self.context, below.trim_start_matches('/')))?;
            (tree.has(&candidate) || tree.has_folder(&candidate)).then_some(candidate)
        })
    }

    /// As [`project_path`](Self::project_path), for what a `COPY` certainly put there.
    pub(super) fn copied(&self, path: &str, tree: &Tree) -> Option<String> {
        let path = absolute("/", path);
        self.copies.iter().rev().find_map(|copied| {
            let source = normalise(&join(&self.context, &copied.source))?;
            let is_folder = tree.has_folder(&source);
            let below = match path.strip_prefix(&copied.target)? {
                "" => "",
                rest if copied.target == "/" => rest,
                rest => rest.strip_prefix('/')?,
            };
            let candidate = match (is_folder, below) {
                (true, below) => normalise(&join(&source, below))?,
                (false, "") if !copied.into_folder => source,
                (false, below) if below == file_name(&source) => source,
                _ => return None,
            };
            (tree.has(&candidate) || tree.has_folder(&candidate)).then_some(candidate)
        })
    }
}

/// Logical lines with the number of their first physical line; comments and here-documents are taken out.
fn instructions(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut here: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(end) = &here {
            if trimmed == end {
                here = None;
            } else if let Some((_, last)) = found.last_mut() {
                last.push('\n');
                last.push_str(trimmed);
            }
            continue;
        }
        if trimmed.starts_with('#') || (trimmed.is_empty() && open.is_some()) || trimmed.is_empty() {
            continue;
        }
        let (number, mut whole) = open.take().unwrap_or((index + 1, String::new()));
        match trimmed.strip_suffix('\\') {
            Some(part) => {
                whole.push_str(part);
                whole.push(' ');
                open = Some((number, whole));
            }
            None => {
                whole.push_str(trimmed);
                here = here_document(&whole);
                found.push((number, whole));
            }
        }
    }
    found.extend(open);
    found
}

/// The delimiter of a here-document in a RUN or COPY.
fn here_document(line: &str) -> Option<String> {
    let keyword = line.get(..4)?.to_ascii_uppercase();
    if keyword != "RUN " && keyword != "COPY" {
        return None;
    }
    let (_, rest) = line.split_once("<<")?;
    let name = rest.trim_start_matches('-').split_whitespace().next()?.trim_matches(['"', '\'']);
    is_name(name).then(|| name.to_owned())
}

fn exec(rest: &str) -> Exec {
    let list = rest.starts_with('[').then(|| serde_json::from_str::<Vec<String>>(rest).ok()).flatten();
    list.map_or_else(|| Exec::Shell(rest.to_owned()), Exec::List)
}

fn quote(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| Word::literal(word).raw).collect();
    words.join(" ")
}

/// `ENV A=1 B="two"` and the old `ENV A 1`.
fn variables(rest: &str) -> Vec<(String, Option<String>)> {
    let words: Vec<Word> = tokens(rest)
        .into_iter()
        .filter_map(|token| match token {
            Token::Word(word, _) => Some(word),
            _ => None,
        })
        .collect();
    let plain = |parts: &[Part]| {
        parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect::<Option<String>>()
    };
    let assigned: Vec<(String, Option<String>)> = words
        .iter()
        .filter_map(|word| word.assignment().map(|(name, parts)| (name.to_owned(), plain(&parts))))
        .collect();
    if !assigned.is_empty() {
        return assigned;
    }
    match rest.split_once(char::is_whitespace) {
        Some((name, value)) if is_name(name) => {
            let value = value.trim();
            vec![(name.to_owned(), (!value.contains('$')).then(|| value.to_owned()))]
        }
        _ => Vec::new(),
    }
}

fn absolute(workdir: &str, path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{workdir}/{path}") };
    format!("/{}", normalise(joined.trim_start_matches('/')).unwrap_or_default())
}
