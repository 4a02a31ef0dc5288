//! From a service's start command to the server that really runs.
#![allow(clippy::expect_used, clippy::print_stdout)] // helpers of tests, outside of their functions

mod project_folder;

use palier::project::{Application, Server};
use project_folder::Folder;

/// A blueprint of one web service with more lines of it.
fn blueprint(lines: &str) -> String {
    let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!("services:\n  - type: web\n    name: shop\n{indented}")
}

fn native(start: &str) -> String {
    blueprint(&format!("runtime: python\nplan: starter\nstartCommand: {start}"))
}

fn effective(application: &Application) -> &str {
    application.effective_command.as_ref().map_or("", |found| found.value.as_str())
}

fn workers(application: &Application) -> Option<u32> {
    application.workers.as_ref().map(|found| found.value)
}

fn class(application: &Application) -> &str {
    application.worker_class.as_ref().map_or("", |found| found.value.as_str())
}

#[test]
fn a_start_script_is_followed_to_the_gunicorn_it_runs() {
    let folder = Folder::new(&[
        ("render.yaml", &native("./start.sh")),
        (
            "start.sh",
            "#!/usr/bin/env bash\nset -euo pipefail\nwhile ! python manage.py migrate; do\n  sleep 1\ndone\n\
             cat <<EOF\nuvicorn this:is_text\nEOF\nexec gunicorn shop.wsgi:application --bind \"0.0.0.0:${PORT:-10000}\" \\\n  -w 3 --threads=4\n",
        ),
    ]);
    let shop = folder.application();
    assert_eq!(effective(&shop), "gunicorn shop.wsgi:application --bind \"0.0.0.0:${PORT:-10000}\" -w 3 --threads=4");
    assert_eq!(shop.effective_command.map(|found| found.evidence).as_deref(), Some("start.sh:9"));
    assert_eq!(shop.declared_command.map(|found| found.evidence).as_deref(), Some("render.yaml:6"));
    assert_eq!(shop.entry_point.as_deref(), Some("shop.wsgi:application"));
}

#[test]
fn threads_turn_the_sync_worker_into_gthread() {
    let shop = Folder::new(&[("render.yaml", &native("gunicorn a:b -k sync --threads 2"))]).application();
    assert_eq!(class(&shop), "gthread");
    assert_eq!(shop.declared_worker_class.map(|found| found.value).as_deref(), Some("sync"));
    assert_eq!(shop.asgi, Some(false));
}

#[test]
fn wrappers_folders_and_scripts_in_scripts_are_seen_through() {
    for (start, wanted) in [
        ("poetry run python -m gunicorn a:b -w 2", "poetry run python -m gunicorn a:b -w 2"),
        ("cd backend && WEB_CONCURRENCY=2 uv run -- gunicorn a:b", "WEB_CONCURRENCY=2 uv run -- gunicorn a:b"),
        ("bash -c \"alembic upgrade head && exec gunicorn a:b --workers 2\"", "gunicorn a:b --workers 2"),
        ("bash scripts/outer.sh 2", "gunicorn a:b --workers \"$1\""),
        ("pipenv run serve", "gunicorn a:b -w 2"),
        (
            "env WEB_CONCURRENCY=2 newrelic-admin run-program gunicorn a:b",
            "env WEB_CONCURRENCY=2 newrelic-admin run-program gunicorn a:b",
        ),
    ] {
        let folder = Folder::new(&[
            ("render.yaml", &native(&format!("'{start}'"))),
            ("backend/a.py", "b = 1\n"),
            ("scripts/outer.sh", "source scripts/settings.sh\nsh scripts/inner.sh \"$@\"\n"),
            ("scripts/settings.sh", "export LEVEL=info\n"),
            ("scripts/inner.sh", "exec gunicorn a:b --workers \"$1\"\n"),
            ("Pipfile", "[packages]\ngunicorn = \"*\"\n[scripts]\nserve = \"gunicorn a:b -w 2\"\n"),
        ]);
        let shop = folder.application();
        assert_eq!(effective(&shop), wanted, "{start}");
        assert_eq!(workers(&shop), Some(2), "{start}");
    }
}

#[test]
fn an_entrypoint_that_runs_its_arguments_runs_the_images_command() {
    let folder = Folder::new(&[
        ("render.yaml", &blueprint("runtime: docker\nrootDir: backend\ndockerfilePath: ./Dockerfile")),
        (
            "backend/Dockerfile",
            "FROM python:3.12 AS build\nCMD [\"never\"]\nFROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt .\n\
             RUN pip install -r requirements.txt\nCOPY . .\nENV THREADS=2\n\
             ENTRYPOINT [\"sh\", \"/app/entry.sh\"]\nCMD [\"gunicorn\", \"a:b\", \"--workers\", \"3\"]\n",
        ),
        ("backend/entry.sh", "if [ \"$1\" = gunicorn ]; then\n python manage.py migrate\nfi\nexec \"$@\"\n"),
        ("backend/requirements.txt", "flask\ngunicorn\n"),
        ("backend/gunicorn.conf.py", "import os\nthreads = int(os.environ.get('THREADS', 1))\n"),
    ]);
    let shop = folder.application();
    assert_eq!(effective(&shop), "gunicorn a:b --workers 3");
    assert_eq!(workers(&shop), Some(3));
    assert_eq!(shop.threads.map(|found| found.value), Some(2));
    assert_eq!(shop.preload, Some(false), "Render's preset is for its native runtime alone");
    assert_eq!(shop.dependency_files, ["backend/requirements.txt"]);
}

#[test]
fn a_shell_form_command_keeps_its_variables() {
    let folder = Folder::new(&[
        ("render.yaml", &blueprint("runtime: docker")),
        (
            "Dockerfile",
            "FROM python:3.12\nCOPY . .\nCMD sh -c \"python manage.py migrate && gunicorn a:b -b 0.0.0.0:${PORT:-8000} -w 2\"\n",
        ),
    ]);
    let shop = folder.application();
    assert_eq!(effective(&shop), "gunicorn a:b -b 0.0.0.0:${PORT:-8000} -w 2");
    assert_eq!(workers(&shop), Some(2));
}

#[test]
fn what_two_possible_commands_disagree_on_is_unknown() {
    let folder = Folder::new(&[
        ("render.yaml", &native("./start.sh")),
        ("start.sh", "if [ -n \"$FAST\" ]; then\n  gunicorn a:b -w 4 -t 60\nelse\n  gunicorn a:b -w 2 -t 60\nfi\n"),
    ]);
    let shop = folder.application();
    assert_eq!(shop.server.as_ref().map(|found| found.value), Some(Server::Gunicorn));
    assert_eq!((workers(&shop), shop.timeout), (None, Some(60)));
    assert!(shop.effective_command.is_none());
}

#[test]
fn web_concurrency_counts_where_the_server_reads_it() {
    let with = |start: &str, plan: &str, value: &str| {
        let text = format!(
            "runtime: python\nplan: {plan}\nstartCommand: {start}\nenvVars:\n  - key: OTHER\n    value: 9\n{value}"
        );
        Folder::new(&[("render.yaml", &blueprint(&text))]).application()
    };
    let two = "  - {key: WEB_CONCURRENCY, value: 2}";
    assert_eq!(workers(&with("gunicorn a:b", "starter", two)), Some(2));
    assert_eq!(workers(&with("uvicorn a:b", "starter", two)), Some(2));
    assert_eq!(workers(&with("uvicorn a:b --workers 5", "starter", two)), Some(5));
    assert_eq!(workers(&with("hypercorn a:b", "starter", two)), Some(1));
    assert_eq!(workers(&with("gunicorn a:b", "starter", "")), Some(1));
    assert_eq!(workers(&with("gunicorn a:b", "pro", "")), None, "Render sets it by the number of CPUs");
    assert_eq!(workers(&with("gunicorn a:b", "starter", "  - {key: WEB_CONCURRENCY, sync: false}")), None);
    assert_eq!(workers(&with("gunicorn a:b -w $WORKERS", "starter", "  - {key: WORKERS, sync: false}")), None);
    assert_eq!(workers(&with("gunicorn a:b -w ${WORKERS:-3}", "starter", "")), Some(3));
    assert_eq!(with("gunicorn a:b", "starter", two).workers_source.as_deref(), Some("WEB_CONCURRENCY"));
}

#[test]
fn the_command_line_wins_over_the_variable_and_the_variable_over_the_file() {
    let folder = |more: &str| {
        let text = format!("runtime: python\nstartCommand: gunicorn a:b --timeout 90\n{more}");
        Folder::new(&[
            ("render.yaml", &blueprint(&text)),
            (
                "gunicorn.conf.py",
                "workers = 2\ntimeout = 10\nmax_requests = 500\nworker_class = 'gevent'\npreload_app = False\n",
            ),
        ])
        .application()
    };
    let plain = folder("");
    assert_eq!((workers(&plain), plain.timeout, plain.max_requests), (Some(2), Some(90), Some(500)));
    assert_eq!(plain.preload, Some(true), "Render presets --preload");
    assert_eq!(plain.workers_source.as_deref(), Some("gunicorn.conf.py"));
    let own = folder("envVars: [{key: GUNICORN_CMD_ARGS, value: \"--workers=4 --max-requests 7\"}]");
    assert_eq!((workers(&own), own.max_requests, own.preload), (Some(4), Some(7), Some(false)));
    assert_eq!(own.workers_source.as_deref(), Some("GUNICORN_CMD_ARGS"));
}

#[test]
fn a_computed_setting_is_known_only_when_every_machine_agrees() {
    let count = |text: &str| {
        let folder = Folder::new(&[("render.yaml", &native("gunicorn a:b -c conf.py")), ("conf.py", text)]);
        workers(&folder.application())
    };
    assert_eq!(count("import multiprocessing\nworkers = multiprocessing.cpu_count() * 2 + 1\n"), None);
    assert_eq!(count("import multiprocessing\nworkers = min(2, multiprocessing.cpu_count() * 2 + 1)\n"), Some(2));
    assert_eq!(count("import os\nworkers = int(os.getenv('WORKERS', '4'))\n"), Some(4));
    assert_eq!(
        count("import os\nworkers = 1\nif os.getenv('RENDER'):\n    workers = 3\nelse:\n    workers = 9\n"),
        Some(3)
    );
    assert_eq!(count("import socket\nworkers = 2\nif socket.gethostname() == 'big':\n    workers = 8\n"), None);
    assert_eq!(count("import socket\nif socket.gethostname() == 'big':\n    workers = 8\n"), None);
    assert_eq!(count("from shared_settings import *\n"), None);
    assert_eq!(count("bind = '0.0.0.0:80'\n"), Some(1));
    assert_eq!(count("workers = (((\n"), None);
}

#[test]
fn an_unreadable_configuration_leaves_its_settings_unknown() {
    let shop = Folder::new(&[("render.yaml", &native("gunicorn a:b -c missing.py -w 2"))]).application();
    assert_eq!((workers(&shop), shop.timeout), (Some(2), None));
    assert_eq!(class(&shop), "");
}

#[test]
fn other_servers_are_told_apart() {
    for (start, server) in [
        ("uvicorn a:b --host 0.0.0.0 --port $PORT", Server::Uvicorn),
        ("fastapi run app/main.py --port 80", Server::Uvicorn),
        ("daphne -b 0.0.0.0 -p $PORT a.asgi:application", Server::Daphne),
        ("hypercorn a:b", Server::Hypercorn),
        ("waitress-serve --port 80 a:b", Server::Waitress),
        ("python manage.py runserver 0.0.0.0:$PORT", Server::Development),
        ("flask run", Server::Development),
        ("granian --interface asgi a:b", Server::Other),
        ("python serve.py", Server::Uvicorn),
        ("python app.py", Server::Development),
    ] {
        let folder = Folder::new(&[
            ("render.yaml", &native(start)),
            ("serve.py", "import uvicorn\nif __name__ == '__main__':\n    uvicorn.run('main:app', workers=2)\n"),
            ("app.py", "from flask import Flask\napp = Flask(__name__)\napp.run()\n"),
        ]);
        let shop = folder.application();
        assert_eq!(shop.server.map(|found| found.value), Some(server), "{start}");
    }
}

#[test]
fn values_of_variables_are_in_no_conclusion() {
    let text = "runtime: python\nstartCommand: ./start.sh $API_TOKEN\nenvVars:\n  - {key: API_TOKEN, value: hunter2hunter2}\n  \
                - {key: DATABASE_URL, value: \"postgres://shop:hunter2hunter2@db/shop\"}\n";
    let folder = Folder::new(&[("render.yaml", &blueprint(text)), ("start.sh", "exec gunicorn a:b --name \"$@\"\n")]);
    let project = folder.read();
    let shown = format!("{:?} {:?} {:?}", project.applications, project.env_names, project.problems);
    assert!(shown.contains("gunicorn a:b"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let services = project.blueprint.map(|blueprint| format!("{:?}", blueprint.services)).unwrap_or_default();
    assert!(!services.contains("hunter2"), "{services}");
}

#[test]
fn without_a_blueprint_the_procfile_or_the_dockerfile_speaks() {
    let procfile = Folder::new(&[
        (
            "Procfile",
            "release: python manage.py migrate\nweb: gunicorn shop.wsgi -w 2\nworker: celery -A shop worker\n",
        ),
        ("requirements.txt", "django\ngunicorn\n"),
    ]);
    assert_eq!(effective(&procfile.application()), "gunicorn shop.wsgi -w 2");
    let image = Folder::new(&[
        (
            "web/Dockerfile",
            "FROM python:3.12\nCOPY . .\nHEALTHCHECK CMD curl -f http://localhost:8000/healthz || exit 1\nCMD uvicorn main:app\n",
        ),
        ("web/requirements.txt", "fastapi\nuvicorn\n"),
    ]);
    let shop = image.application();
    assert_eq!(effective(&shop), "uvicorn main:app");
    assert_eq!(shop.health_path.map(|found| found.value).as_deref(), Some("/healthz"));
    let node = Folder::new(&[("package.json", "{}"), ("Dockerfile", "FROM node:22\nCMD node index.js\n")]);
    assert!(node.read().applications.is_empty());
}
