//! From a start command to the programs that really run: scripts are followed, wrappers are taken off.

use std::collections::BTreeMap;

use super::dockerfile::Image;
use super::environment::{Environment, Setting};
use super::pipfile;
use super::program::{self, Program};
use super::shell::{Simple, commands};
use super::shell_words::{Part, Word};
use super::tree::{Tree, join};

/// How deep scripts may call scripts, and how many commands are looked at in all.
const DEPTH_LIMIT: usize = 8;
const COMMAND_BUDGET: usize = 20_000;

/// A program that a command starts.
#[derive(Debug, Clone)]
pub(super) struct Started {
    /// The command as written, without `exec`.
    pub(super) command: String,
    /// What is started.
    pub(super) program: Program,
    /// Its arguments, without its own name; `None` for one that only a shell knows.
    pub(super) arguments: Vec<Option<String>>,
    /// The folder it runs in, relative to the root.
    pub(super) folder: String,
    /// Variables that were set on the way; `None` for a value that only a shell knows.
    pub(super) variables: BTreeMap<String, Option<String>>,
    /// Where the command stands: `start.sh:12`.
    pub(super) place: String,
    /// Whether it runs only under some condition.
    pub(super) conditional: bool,
    /// Whether it runs in the background.
    pub(super) background: bool,
}

impl Started {
    /// Looks up a variable as the program sees it.
    pub(super) fn setting(&self, environment: &Environment, name: &str) -> Setting {
        match self.variables.get(name) {
            Some(Some(value)) => Setting::Known(value.clone()),
            Some(None) => Setting::Unknown,
            None => environment.get(name),
        }
    }
}

/// A command and what is around it.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// The folder, relative to the root.
    pub(super) folder: String,
    /// Variables that were set by the script.
    pub(super) variables: BTreeMap<String, Option<String>>,
    /// The arguments of the script.
    pub(super) arguments: Vec<Word>,
    /// Whether all of it runs only under some condition.
    pub(super) conditional: bool,
}

/// Follows commands through a project.
pub(super) struct Follower<'a> {
    /// The project.
    pub(super) tree: &'a mut Tree,
    /// What the service is given.
    pub(super) environment: &'a Environment,
    /// The image that the command runs in, when it is a container.
    pub(super) image: Option<&'a Image>,
    /// What was started, in order.
    pub(super) started: Vec<Started>,
    /// Scripts that are named and not there, or too deep.
    pub(super) lost: Vec<String>,
    budget: usize,
}

/// A word after expansion.
struct Expanded {
    /// As written.
    raw: String,
    /// Its value; `None` when only a shell knows it.
    value: Option<String>,
    /// Its value with the variables left in: what `sh -c` is given, to expand them itself.
    text: String,
}

impl<'a> Follower<'a> {
    /// A follower that has seen nothing yet.
    pub(super) fn new(tree: &'a mut Tree, environment: &'a Environment, image: Option<&'a Image>) -> Self {
        Self { tree, environment, image, started: Vec::new(), lost: Vec::new(), budget: COMMAND_BUDGET }
    }

    /// Follows a text; `file` is the file it stands in and `first_line` its first line there.
    pub(super) fn text(&mut self, text: &str, scope: &mut Scope, file: &str, first_line: usize, depth: usize) {
        if depth > DEPTH_LIMIT {
            self.lost.push(file.to_owned());
            return;
        }
        for simple in commands(text) {
            if self.budget == 0 {
                self.lost.push(file.to_owned());
                return;
            }
            self.budget -= 1;
            let place = format!("{file}:{}", simple.line + first_line - 1);
            self.simple(&simple, scope, &place, depth);
        }
    }

    fn simple(&mut self, simple: &Simple, scope: &mut Scope, place: &str, depth: usize) {
        let conditional = simple.conditional || scope.conditional;
        let leading = simple.words.iter().take_while(|word| word.assignment().is_some()).count();
        let mut own = scope.variables.clone();
        for (name, parts) in simple.words.iter().take(leading).filter_map(Word::assignment) {
            let value = self.expand(&parts, scope).filter(|_| !conditional);
            own.insert(name.to_owned(), value);
        }
        if leading == simple.words.len() {
            scope.variables = own;
            return;
        }
        let mut words: Vec<Expanded> = simple.words[..leading]
            .iter()
            .map(|word| Expanded { raw: word.raw.clone(), value: Some(word.raw.clone()), text: word.raw.clone() })
            .collect();
        for word in &simple.words[leading..] {
            self.expand_word(word, scope, &mut words);
        }
        if words.iter().skip(leading).all(|word| word.raw.is_empty()) {
            return;
        }
        let shape = Shape { conditional, background: simple.background, leading };
        self.run(&words, scope, own, place, depth, shape);
    }

    fn run(
        &mut self,
        words: &[Expanded],
        scope: &mut Scope,
        variables: BTreeMap<String, Option<String>>,
        place: &str,
        depth: usize,
        shape: Shape,
    ) {
        let values: Vec<Option<String>> = words.iter().skip(shape.leading).map(|word| word.value.clone()).collect();
        let raw: Vec<&str> = words.iter().map(|word| word.raw.as_str()).filter(|raw| !raw.is_empty()).collect();
        let command = raw.join(" ");
        let command = command.strip_prefix("exec ").unwrap_or(&command).to_owned();
        let (index, set) = program::unwrap(&values);
        let mut variables = variables;
        variables.extend(set);
        let Some(Some(name)) = values.get(index).cloned() else {
            // Nobody knows which program this is: it may be the server.
            if !shape.conditional && index < values.len() {
                self.lost.push(place.to_owned());
            }
            return;
        };
        let rest = values.get(index + 1..).unwrap_or_default();
        let own = |from: usize| words.get(shape.leading + from..).unwrap_or_default();
        let through = values.get(index.wrapping_sub(2)).and_then(|word| word.as_deref());
        if through == Some("pipenv")
            && depth <= DEPTH_LIMIT
            && let Some(text) = pipfile::script(self.tree, &join(&scope.folder, "Pipfile"), &name)
        {
            let next = Next { variables, place, depth, shape, shared: false };
            self.inline(&text, &[], scope, &next);
            return;
        }
        match name.as_str() {
            "cd" | "pushd" => self.change_folder(rest, scope, shape.conditional),
            "export" | "readonly" | "declare" | "local" => self.export(rest, scope, shape.conditional),
            "source" | "." => {
                self.script(own(index + 1), scope, &Next { variables, place, depth, shape, shared: true })
            }
            _ => {
                let next = Next { variables, place, depth, shape, shared: false };
                if let Some(at) = program::inline_shell(&name, rest) {
                    let text = words.get(shape.leading + index + 1 + at).map(|word| word.text.clone());
                    // The word behind the text is `$0`.
                    self.inline(&text.unwrap_or_default(), own(index + at + 3), scope, &next);
                } else if let Some(skip) = program::shell_script(&name, rest) {
                    self.script(own(index + 1 + skip), scope, &next);
                } else if self.is_script(&name, scope) {
                    self.script(own(index), scope, &next);
                } else if let Some((program, used)) = program::of(&name, rest) {
                    self.started.push(Started {
                        command,
                        program,
                        arguments: rest.get(used..).unwrap_or_default().to_vec(),
                        folder: scope.folder.clone(),
                        variables: next.variables,
                        place: place.to_owned(),
                        conditional: shape.conditional,
                        background: shape.background,
                    });
                }
            }
        }
    }

    fn change_folder(&self, rest: &[Option<String>], scope: &mut Scope, conditional: bool) {
        let Some(Some(target)) = rest.first() else { return };
        if conditional {
            return;
        }
        if let Some(folder) = self.resolve(target, &scope.folder) {
            scope.folder = folder;
        }
    }

    fn export(&self, rest: &[Option<String>], scope: &mut Scope, conditional: bool) {
        for word in rest.iter().flatten() {
            if let Some((name, value)) = word.split_once('=') {
                let value = Some(value.to_owned()).filter(|_| !conditional);
                scope.variables.insert(name.to_owned(), value);
            }
        }
        // `export PORT=$UNKNOWN` arrives as a word without value; its name is lost, and so is nothing but a default.
    }

    fn inline(&mut self, text: &str, arguments: &[Expanded], scope: &Scope, next: &Next<'_>) {
        let mut inner = Scope {
            folder: scope.folder.clone(),
            variables: next.variables.clone(),
            arguments: arguments.iter().map(Expanded::argument).collect(),
            conditional: next.shape.conditional,
        };
        let (file, line) = next.place.rsplit_once(':').unwrap_or((next.place, "1"));
        self.text(text, &mut inner, file, line.parse().unwrap_or(1), next.depth + 1);
    }

    /// A script of the project: it has a path, and is no Python.
    fn is_script(&self, name: &str, scope: &Scope) -> bool {
        let looks = name.ends_with(".sh") || name.ends_with(".bash") || name.contains('/');
        looks
            && !name.ends_with(".py")
            && self.resolve(name, &scope.folder).is_some_and(|path| name.ends_with("sh") || self.tree.has(&path))
    }

    fn script(&mut self, words: &[Expanded], scope: &mut Scope, next: &Next<'_>) {
        let Some(name) = words.first().and_then(|word| word.value.as_ref()) else {
            self.lost.push(next.place.to_owned());
            return;
        };
        let Some(file) = self.resolve(name, &scope.folder).and_then(|path| self.tree.read(&path)) else {
            self.lost.push(name.clone());
            return;
        };
        if next.shared {
            let conditional = std::mem::replace(&mut scope.conditional, next.shape.conditional);
            self.text(&file.text, scope, &file.path, 1, next.depth + 1);
            scope.conditional = conditional;
            return;
        }
        let mut inner = Scope {
            folder: scope.folder.clone(),
            variables: next.variables.clone(),
            arguments: words.iter().skip(1).map(Expanded::argument).collect(),
            conditional: next.shape.conditional,
        };
        self.text(&file.text, &mut inner, &file.path, 1, next.depth + 1);
    }

    /// A path as the project has it; paths inside a container image are mapped to what was copied there.
    fn resolve(&self, path: &str, folder: &str) -> Option<String> {
        // Where Render's native runtimes check the repository out.
        if let (Some(below), None) = (path.strip_prefix("/opt/render/project/src"), self.image) {
            return super::tree::normalise(below.trim_start_matches('/'));
        }
        if path.starts_with('/') {
            return self.image.and_then(|image| image.project_path(path, self.tree));
        }
        let below = super::tree::normalise(&join(folder, path))?;
        if self.tree.has(&below) || self.tree.has_folder(&below) {
            return Some(below);
        }
        let copied = self.image.and_then(|image| image.project_path(&format!("{}/{path}", image.workdir), self.tree));
        copied.or(Some(below))
    }

    fn expand_word(&self, word: &Word, scope: &Scope, words: &mut Vec<Expanded>) {
        let expanded = |word: &Word| Expanded {
            raw: word.raw.clone(),
            value: self.expand(&word.parts, scope),
            text: unexpanded(&word.parts),
        };
        match word.parts.as_slice() {
            [Part::Arguments] => words.extend(scope.arguments.iter().map(expanded)),
            [Part::Variable { quoted: false, .. }] => match self.expand(&word.parts, scope) {
                None => words.push(expanded(word)),
                Some(value) => {
                    for (index, piece) in value.split_whitespace().enumerate() {
                        let raw = if index == 0 { word.raw.clone() } else { String::new() };
                        words.push(Expanded { raw, value: Some(piece.to_owned()), text: piece.to_owned() });
                    }
                }
            },
            _ => words.push(expanded(word)),
        }
    }

    /// What pieces expand to; `None` when only a shell knows.
    fn expand(&self, parts: &[Part], scope: &Scope) -> Option<String> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Variable { name, fallback, .. } => {
                    text.push_str(&self.variable(name, fallback.as_deref(), scope)?);
                }
                Part::Arguments | Part::Opaque => return None,
            }
        }
        Some(text)
    }

    fn variable(&self, name: &str, fallback: Option<&[Part]>, scope: &Scope) -> Option<String> {
        let known = if let Some(value) = scope.variables.get(name) {
            Some(value.clone()?)
        } else if let Ok(position) = name.parse::<usize>() {
            let argument = scope.arguments.get(position.checked_sub(1)?);
            argument.map(|word| self.expand(&word.parts, &Scope::default())).unwrap_or(Some(String::new()))
        } else {
            match self.environment.get(name) {
                Setting::Known(value) => Some(value),
                Setting::Unset => None,
                Setting::Unknown => return None,
            }
        };
        match (known.filter(|value| !value.is_empty()), fallback) {
            (Some(value), _) => Some(value),
            (None, Some(parts)) => self.expand(parts, scope),
            (None, None) => Some(String::new()),
        }
    }
}

impl Expanded {
    /// The word as an argument of a script: written as before, so that no variable's value shows in a command.
    fn argument(&self) -> Word {
        let part = self.value.clone().map_or(Part::Opaque, Part::Text);
        Word { raw: self.raw.clone(), parts: vec![part] }
    }
}

/// How a command stands in its text.
#[derive(Debug, Clone, Copy)]
struct Shape {
    conditional: bool,
    background: bool,
    /// How many assignments stand before it.
    leading: usize,
}

/// What a followed script is given.
struct Next<'a> {
    variables: BTreeMap<String, Option<String>>,
    place: &'a str,
    depth: usize,
    shape: Shape,
    /// `source`: the script shares the caller's variables and folder.
    shared: bool,
}

/// Pieces as a shell would read them again.
fn unexpanded(parts: &[Part]) -> String {
    let piece = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Variable { name, fallback: Some(fallback), .. } => format!("${{{name}:-{}}}", unexpanded(fallback)),
        Part::Variable { name, fallback: None, .. } => format!("${{{name}}}"),
        Part::Arguments => "$@".to_owned(),
        Part::Opaque => "$(:)".to_owned(),
    };
    parts.iter().map(piece).collect()
}
