//! What a service starts, before anything is concluded from it.

use super::blueprint::{Blueprint, Service, ServiceKind};
use super::dockerfile::Image;
use super::environment::Environment;
use super::follow::{Follower, Scope, Started};
use super::procfile;
use super::program::Program;
use super::tree::{Tree, file_name, join, normalise, parent};
use crate::diagnostic::mask;
use crate::document::Node;

/// A command as written, and where.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// The text, with secrets masked.
    pub(super) text: String,
    /// `render.yaml:14`.
    pub(super) place: String,
}

/// A service, or the one application of a project without a blueprint.
#[derive(Debug, Clone, Default)]
pub(super) struct Seed<'a> {
    /// The service.
    pub(super) service: Option<&'a Service>,
    /// Its variables.
    pub(super) environment: Environment,
    /// Its image, when it is a container.
    pub(super) image: Option<Image>,
    /// The folder that holds the application.
    pub(super) base: String,
    /// The folder that commands run in.
    pub(super) folder: String,
    /// The start command.
    pub(super) declared: Option<Declared>,
    /// What it starts, in order.
    pub(super) started: Vec<Started>,
    /// Requirements files that its build installs.
    pub(super) requirements: Vec<String>,
    /// Where a worker of a Procfile is started: `Procfile:2`.
    pub(super) celery: Option<String>,
}

/// Files that make a folder a Python project's.
const MARKS: &[&str] =
    &["requirements.txt", "pyproject.toml", "Pipfile", "manage.py", "setup.py", "uv.lock", "poetry.lock"];

impl<'a> Seed<'a> {
    /// Reads a service of a blueprint; `None` when it runs no Python.
    pub(super) fn of_service(tree: &mut Tree, blueprint: &Blueprint, service: &'a Service) -> Option<Self> {
        let runs_code =
            matches!(service.kind, ServiceKind::Web | ServiceKind::Private | ServiceKind::Worker | ServiceKind::Cron);
        if !runs_code {
            return None;
        }
        let mut seed = Self {
            service: Some(service),
            environment: Environment::of_service(blueprint, service),
            ..Self::default()
        };
        let is_container = matches!(service.runtime.as_deref(), Some("docker" | "image"));
        if is_container {
            seed.container(tree, blueprint, service);
        } else {
            seed.native(tree, blueprint, service);
        }
        seed.is_python(tree).then_some(seed)
    }

    fn native(&mut self, tree: &mut Tree, blueprint: &Blueprint, service: &Service) {
        self.base = service.root_dir.as_deref().and_then(normalise).unwrap_or_default();
        let beside = parent(&blueprint.document.file.path);
        if service.root_dir.is_none() && !holds_python(tree, "") && holds_python(tree, beside) {
            // Render runs commands at the repository's root; a blueprint deeper down with the application beside it
            // belongs to a service whose root directory is set in the dashboard.
            self.base = beside.to_owned();
        }
        self.folder.clone_from(&self.base);
        let build = service.build_command.clone().unwrap_or_default();
        self.requirements = installed(tree, &self.environment, None, &build, &self.folder);
        if let Some(text) = &service.start_command {
            let line = line_of(blueprint, service, "startCommand");
            self.declare(tree, text, &blueprint.document.file.path, line, false);
        }
    }

    fn container(&mut self, tree: &mut Tree, blueprint: &Blueprint, service: &Service) {
        let file = blueprint.document.file.path.clone();
        let root = service.root_dir.as_deref().and_then(normalise).unwrap_or_default();
        let below_root = |path: &str| normalise(&join(&root, path));
        let docker_file = service.dockerfile_path.as_deref().unwrap_or("Dockerfile");
        let docker_file = below_root(docker_file)
            .filter(|path| tree.has(path))
            .or_else(|| normalise(docker_file))
            .unwrap_or_default();
        let context =
            blueprint.node(&service.path).and_then(|node| node.get("dockerContext")).and_then(Node::scalar_text);
        let context = context.as_deref().unwrap_or(".");
        let context =
            below_root(context).filter(|path| tree.has_folder(path)).or_else(|| normalise(context)).unwrap_or_default();
        if service.runtime.as_deref() == Some("docker") {
            self.take_image(tree, &docker_file, &context);
        }
        let line = |key: &str| line_of(blueprint, service, key);
        if let Some(text) = &service.docker_command {
            self.declare(tree, text, &file, line("dockerCommand"), false);
        } else if let Some(text) = &service.start_command {
            // Not a key of container services: whether it or the image's own command runs is not said anywhere, so
            // that only what both agree on is known.
            self.start_image(tree, true);
            self.declared = None;
            self.declare(tree, text, &file, line("startCommand"), true);
        } else {
            self.start_image(tree, false);
        }
    }

    fn take_image(&mut self, tree: &mut Tree, docker_file: &str, context: &str) {
        let Some(file) = tree.read(docker_file) else { return };
        let Some(image) = Image::parse(&file.text, docker_file, context) else { return };
        self.environment.add_image_variables(&image.variables);
        self.folder = image.folder(tree);
        self.base.clone_from(&self.folder);
        for run in image.runs.clone() {
            let found = installed(tree, &self.environment, Some(&image), &run, context);
            self.requirements.extend(found);
        }
        self.image = Some(image);
    }

    fn start_image(&mut self, tree: &mut Tree, conditional: bool) {
        if let Some((text, line)) = self.image.as_ref().and_then(Image::start) {
            let file = self.image.as_ref().map(|image| image.file.clone()).unwrap_or_default();
            self.declare(tree, &text, &file, line, conditional);
        }
    }

    /// Notes a start command and follows it.
    fn declare(&mut self, tree: &mut Tree, text: &str, file: &str, line: usize, conditional: bool) {
        let written = mask(text.trim());
        self.declared.get_or_insert_with(|| Declared { text: written, place: format!("{file}:{line}") });
        let mut follower = Follower::new(tree, &self.environment, self.image.as_ref());
        let mut scope = Scope { folder: self.folder.clone(), conditional, ..Scope::default() };
        follower.text(text, &mut scope, file, line, 0);
        self.started.extend(follower.started);
    }

    /// The application of a project without a blueprint: its Procfile, else its Dockerfile; `None` without Python.
    pub(super) fn of_project(tree: &mut Tree) -> Option<Self> {
        let mut seed = Self { environment: Environment::default(), ..Self::default() };
        let procfile = tree.paths().find(|path| file_name(path) == "Procfile").map(str::to_owned);
        let processes = procfile.as_deref().and_then(|path| tree.read(path)).map(|file| procfile::parse(&file.text));
        let processes = processes.unwrap_or_default();
        let procfile = procfile.unwrap_or_default();
        let worker = processes.iter().find(|process| process.command.contains("celery") && process.name != "web");
        seed.celery = worker.map(|process| format!("{procfile}:{}", process.line));
        if let Some(web) = processes.iter().find(|process| process.name == "web") {
            seed.base = parent(&procfile).to_owned();
            seed.folder.clone_from(&seed.base);
            seed.environment.file.clone_from(&procfile);
            seed.declare(tree, &web.command, &procfile, web.line, false);
        } else if let Some(docker_file) = preferred_dockerfile(tree) {
            seed.take_image(tree, &docker_file, parent(&docker_file));
            seed.environment.file.clone_from(&docker_file);
            seed.start_image(tree, false);
        }
        if !holds_python(tree, &seed.base) && seed.image.is_none() {
            let marked = tree.paths().find(|path| MARKS.contains(&file_name(path))).map(parent).map(str::to_owned);
            seed.base = marked?;
        }
        seed.is_python(tree).then_some(seed)
    }

    fn is_python(&self, tree: &Tree) -> bool {
        match self.service.and_then(|service| service.runtime.as_deref()) {
            Some("python") => return true,
            Some("docker" | "image") | None => {}
            Some(_) => return false,
        }
        let installs =
            |run: &String| ["pip ", "pip3 ", "poetry", "uv ", "pipenv"].iter().any(|tool| run.contains(tool));
        let image = self.image.as_ref();
        let from_image = image.is_some_and(|image| image.base.contains("python") || image.runs.iter().any(installs));
        let started = self.started.iter().any(|started| !matches!(&started.program, Program::OtherServer(_)));
        from_image || started || (image.is_none() && holds_python(tree, &self.base) && self.service.is_none())
    }
}

fn holds_python(tree: &Tree, folder: &str) -> bool {
    MARKS.iter().any(|name| tree.has(&join(folder, name)))
}

/// A Dockerfile for Render goes before one for nobody in particular; shallow ones go first.
fn preferred_dockerfile(tree: &Tree) -> Option<String> {
    let rank = |path: &str| match file_name(path) {
        "Dockerfile.render" => Some(0),
        "Dockerfile" => Some(1),
        "Dockerfile.prod" | "Dockerfile.production" => Some(2),
        _ => None,
    };
    let depth = |path: &str| path.matches('/').count();
    tree.paths()
        .filter_map(|path| rank(path).map(|rank| (depth(path), rank, path)))
        .filter(|(_, _, path)| holds_python(tree, parent(path)))
        .min()
        .map(|(.., path)| path.to_owned())
}

/// The line of a key of a service.
fn line_of(blueprint: &Blueprint, service: &Service, key: &str) -> usize {
    let node = blueprint.node(&service.path);
    let entry = node.and_then(|node| node.entries().iter().find(|entry| entry.key == key));
    entry.map_or(service.line, |entry| {
        crate::diagnostic::Place::new(&blueprint.document.file, entry.key_span.clone()).line()
    })
}

/// The requirements files that a build text installs, scripts followed.
fn installed(
    tree: &mut Tree,
    environment: &Environment,
    image: Option<&Image>,
    text: &str,
    folder: &str,
) -> Vec<String> {
    let mut follower = Follower::new(tree, environment, image);
    let mut scope = Scope { folder: folder.to_owned(), ..Scope::default() };
    follower.text(text, &mut scope, "build", 1, 0);
    let started = follower.started;
    let mut found = Vec::new();
    for installer in started.iter().filter(|started| started.program == Program::Installer) {
        let mut words = installer.arguments.iter().flatten();
        while let Some(word) = words.next() {
            let named = match word.as_str() {
                "-r" | "--requirement" => words.next().map(String::as_str),
                other => other.strip_prefix("--requirement=").or_else(|| other.strip_prefix("-r")),
            };
            let Some(named) = named else { continue };
            let path = if named.starts_with('/') {
                image.and_then(|image| image.project_path(named, tree))
            } else {
                let below = normalise(&join(&installer.folder, named)).filter(|path| tree.has(path));
                below
                    .or_else(|| image.and_then(|image| image.project_path(&format!("{}/{named}", image.workdir), tree)))
            };
            found.extend(path);
        }
    }
    found
}
