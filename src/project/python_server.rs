//! Servers that a Python script starts by itself: `uvicorn.run(...)`, `app.run()`, `serve(app)`.

use super::application::Server;
use super::environment::Environment;
use super::follow::Started;
use super::imports::file_of;
use super::python::Module;
use super::python_value::{Evaluator, Value};
use super::server::{Running, default_workers, detected, small};
use super::tree::{Tree, join, normalise};

/// Reads the server out of a script or module; `None` when it starts none that palier knows.
pub(super) fn read(tree: &mut Tree, started: &Started, script: &str, environment: &Environment) -> Option<Running> {
    let path = if script.ends_with(".py") {
        normalise(&join(&started.folder, script))?
    } else {
        let roots = [started.folder.clone()];
        file_of(tree, &roots, script)
            .filter(|path| !path.ends_with("__init__.py"))
            .or_else(|| file_of(tree, &roots, &format!("{script}.__main__")))?
    };
    let file = tree.look(&path)?;
    let module = Module::parse(&file)?;
    let mut found: Option<Running> = None;
    let mut several = false;
    module.each(module.root(), |node| {
        if node.kind() != "call" {
            return;
        }
        if let Some(running) = call(&module, node, started, environment) {
            several |= found.as_ref().is_some_and(|known| *known != running);
            found.get_or_insert(running);
        }
    });
    if several {
        return None;
    }
    tree.record(&file);
    found
}

/// The dotted name of a file, as seen from the folder that it runs in.
fn module_name(module: &Module, folder: &str) -> String {
    let path = module.file.path.as_str();
    let below = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
    below.trim_end_matches(".py").replace('/', ".")
}

fn call(module: &Module, node: tree_sitter::Node<'_>, started: &Started, environment: &Environment) -> Option<Running> {
    let called = module.called(node);
    let place = module.place(node);
    let imports = |name: &str| module.file.text.contains(name);
    let first = Module::arguments(node).first().copied();
    match called {
        "uvicorn.run" => {
            let names = |_: &str| Value::Unknown;
            let evaluator = Evaluator { module, environment, names: &names };
            let (workers, workers_source) = match module.keyword(node, "workers") {
                Some(value) => small(&evaluator.value(value))
                    .map(|number| (detected(number, format!("{place}, workers={number}")), "code".to_owned())),
                None => default_workers(started, environment, "uvicorn"),
            }
            .unzip();
            Some(Running {
                server: Some(Server::Uvicorn),
                entry_point: first.and_then(|node| match node.kind() {
                    "identifier" => Some(format!("{}:{}", module_name(module, &started.folder), module.text(node))),
                    _ => module.string(node),
                }),
                workers,
                workers_source,
                asgi: Some(true),
                ..Running::default()
            })
        }
        "serve" | "waitress.serve" if imports("waitress") => Some(Running {
            server: Some(Server::Waitress),
            workers: Some(detected(1, "waitress is one process".to_owned())),
            workers_source: Some("default".to_owned()),
            asgi: Some(false),
            ..Running::default()
        }),
        "app.run" | "application.run" | "socketio.run" | "server.run" if imports("flask") || imports("Flask") => {
            Some(Running {
                server: Some(Server::Development),
                workers: Some(detected(1, format!("{place}, {called} is one process"))),
                workers_source: Some("default".to_owned()),
                asgi: Some(false),
                ..Running::default()
            })
        }
        _ => None,
    }
}
