//! `palier demo`: the whole way on a built-in example; with `--apply` on real servers.

mod live;
mod mask;
mod servers;

use std::path::{Path, PathBuf};

use crate::cli::arguments::{DemoArguments, Example, Global};
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::load::{load_at, now_or};
use crate::cli::loaded::Loaded;
use crate::cli::{cost, generate, output};
use palier::decide::{curve, usual_users};
use palier::diagnostic::Diagnostic;
use palier::generate::write_file;
use palier::plan::make;
use palier::report;

/// The instant of the examples' figures: the demo shows the same on every day.
const EXAMPLE_NOW: &str = "2026-11-20T08:00:00Z";

/// A file of an example project: path and text.
type ExampleFile = (&'static str, &'static str);

macro_rules! example {
    ($folder:literal, $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../templates/demo/", $folder, "/", $path)))),*]
    };
}

const FASTAPI: &[ExampleFile] =
    example!("fastapi", "render.yaml", "palier.toml", "metrics.yaml", "requirements.txt", "main.py");

const DJANGO: &[ExampleFile] = example!(
    "django",
    "render.yaml",
    "palier.toml",
    "metrics.yaml",
    "requirements.txt",
    "manage.py",
    "shop/__init__.py",
    "shop/settings.py",
    "shop/urls.py",
    "shop/wsgi.py",
    "catalogue/__init__.py",
    "catalogue/models.py",
    "catalogue/migrations/__init__.py",
    "catalogue/migrations/0001_initial.py",
);

const LIVE: &[ExampleFile] =
    example!("live", "render.yaml", "palier.toml", "metrics.yaml", "requirements.txt", "app.py");

/// `palier demo`.
pub(crate) fn run(global: &Global, arguments: &DemoArguments) -> Result<Exit, CommandError> {
    if arguments.apply {
        return live::run(arguments);
    }
    let folder = folder(arguments)?;
    let files = match arguments.example {
        Example::Fastapi => FASTAPI,
        Example::Django => DJANGO,
    };
    for (path, text) in files {
        write_file(&folder.join(path), text.as_bytes()).map_err(CommandError::one)?;
    }
    let shown = folder.display();
    chapter(&format!("An example project, written to {shown}"));
    output::result(&files.iter().map(|(path, _)| format!("  {path}\n")).collect::<String>());
    let loaded = load_example(global, &folder)?;
    let made = make(&loaded.request())?;
    chapter("palier plan: the decision, its evidence, and the steps");
    output::result(&report::text(&made.plan));
    chapter("palier cost: what it costs as the users grow");
    let today = loaded.metrics.snapshot.users.active;
    let points = curve(&loaded.inputs(), &usual_users(today))?;
    output::result(&cost::text(&made.plan.project.name, &points, today));
    chapter("palier generate: the files of the next flight");
    generate::write_next(&loaded, &made)?;
    chapter("Try next");
    output::result(&format!(
        "  cd {shown}\n  change a figure in metrics.yaml, or the p95 in palier.toml, and run `palier plan` again;\n  \
         then run `palier plan` in a repository of your own: it needs no account and no network\n"
    ));
    Ok(Exit::Done)
}

fn chapter(title: &str) {
    let bold = anstyle::Style::new().bold();
    output::result(&format!("\n{bold}## {title}{bold:#}\n"));
}

/// The folder of the example: the given one when it is new or empty, else a new one among the temporary files.
fn folder(arguments: &DemoArguments) -> Result<PathBuf, CommandError> {
    let Some(folder) = &arguments.dir else { return temporary().map(tempfile::TempDir::keep) };
    let is_used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_used || folder.is_file() {
        let message = format!("`{}` is not empty; the example would overwrite what is there", folder.display());
        return Err(folder_problem(message, "give the path of a new folder"));
    }
    Ok(folder.clone())
}

fn temporary() -> Result<tempfile::TempDir, CommandError> {
    tempfile::Builder::new()
        .prefix("palier-demo-")
        .tempdir()
        .map_err(|error| folder_problem(format!("no temporary folder can be made: {error}"), "give one with --dir"))
}

fn folder_problem(message: String, help: &str) -> CommandError {
    CommandError::one(Diagnostic::error("demo-folder", message).help(help))
}

fn load_example(global: &Global, folder: &Path) -> Result<Loaded, CommandError> {
    let example = Global {
        root: folder.to_owned(),
        policy: None,
        metrics: None,
        env: "production".to_owned(),
        env_file: None,
        color: global.color,
        verbose: global.verbose,
        quiet: global.quiet,
    };
    let now = now_or(EXAMPLE_NOW)?;
    load_at(&example, now)
}
