//! What palier writes for the web server, run by the real gunicorn and uvicorn from PyPI.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/venv.rs"]
mod venv;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use palier::generate::gunicorn::{
    RENDER_CMD_ARGS, ServerSettings, UVICORN_WORKER, adjust_command, config_file, start_command,
};
use palier::project::Server;
use venv::Venv;

const WSGI: &str = "def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'fine']
";

const ASGI: &str = "async def app(scope, receive, send):
    if scope['type'] == 'http':
        await send({'type': 'http.response.start', 'status': 200, 'headers': []})
        await send({'type': 'http.response.body', 'body': b'fine'})
";

fn venv() -> Option<Venv> {
    Venv::with("web", &["gunicorn==27.0.1", "uvicorn==0.54.0", "uvicorn-worker==0.4.0"])
}

fn settings(entry_point: &str) -> ServerSettings {
    ServerSettings {
        server: Server::Gunicorn,
        entry_point: entry_point.to_owned(),
        workers: Some(3),
        threads: None,
        worker_class: None,
        timeout: Some(60),
        max_requests: Some(1000),
        max_requests_jitter: Some(50),
        preload: None,
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("wsgi_app.py"), WSGI).expect("written");
    std::fs::write(folder.path().join("asgi_app.py"), ASGI).expect("written");
    folder
}

/// A server that runs until this is dropped.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    /// Starts a command as Render does: through a shell, with `PORT`, in the application's folder.
    fn start(venv: &Venv, folder: &Path, command: &str, variables: &[(&str, &str)]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {command}")]).current_dir(folder).env_clear();
        shell.env("PATH", venv.path()).env("PORT", port.to_string()).envs(variables.iter().copied());
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        let running = Self { child: shell.spawn().expect("sh"), port };
        wait_until("the server answers", || running.answers());
        running
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut answer = String::new();
        stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
            && stream.write_all(request).is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.starts_with("HTTP/1.1 200")
            && answer.contains("fine")
    }

    fn children(&self) -> usize {
        let output = Command::new("ps").args(["-A", "-o", "ppid="]).output().expect("ps");
        let parent = self.child.id().to_string();
        String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.trim() == parent).count()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A polite end first: the server then ends its workers itself.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_generated_command_runs_as_many_workers_as_asked() {
    let Some(venv) = venv() else { return };
    let folder = folder();
    let class = Some(UVICORN_WORKER.to_owned());
    let asgi = ServerSettings { worker_class: class, preload: Some(true), ..settings("asgi_app:app") };
    let threads = ServerSettings { threads: Some(2), ..settings("wsgi_app:app") };
    for settings in [settings("wsgi_app:app"), threads, asgi] {
        let command = start_command(&settings);
        // What Render sets by itself, with a number of workers that the command must win over.
        let preset = [("GUNICORN_CMD_ARGS", RENDER_CMD_ARGS), ("WEB_CONCURRENCY", "5")];
        let running = Running::start(&venv, folder.path(), &command, &preset);
        wait_until(&format!("3 workers of `{command}`"), || running.children() == 3);
    }
}

#[test]
fn a_converted_uvicorn_command_runs_as_many_workers_as_asked() {
    let Some(venv) = venv() else { return };
    let folder = folder();
    let settings = ServerSettings { worker_class: Some(UVICORN_WORKER.to_owned()), ..settings("asgi_app:app") };
    let existing = "uvicorn asgi_app:app --host 0.0.0.0 --port \"$PORT\" --proxy-headers --timeout-keep-alive 5 \
                    --timeout-graceful-shutdown 9 --app-dir . --loop auto --log-level trace --limit-max-requests 90";
    let command = adjust_command(existing, &settings).expect("converts");
    let running = Running::start(&venv, folder.path(), &command, &[("GUNICORN_CMD_ARGS", RENDER_CMD_ARGS)]);
    wait_until(&format!("3 workers of `{command}`"), || running.children() == 3);
}

#[test]
fn the_generated_file_runs_as_many_workers_as_asked() {
    let Some(venv) = venv() else { return };
    for settings in [
        settings("wsgi_app:app"),
        ServerSettings { worker_class: Some(UVICORN_WORKER.to_owned()), ..settings("asgi_app:app") },
    ] {
        let folder = folder();
        let file = config_file(&settings).expect("renders");
        std::fs::write(folder.path().join("gunicorn.conf.py"), file).expect("written");
        let command = format!("gunicorn {} --bind 0.0.0.0:$PORT", settings.entry_point);
        let preset = [("GUNICORN_CMD_ARGS", RENDER_CMD_ARGS), ("WEB_CONCURRENCY", "5")];
        let running = Running::start(&venv, folder.path(), &command, &preset);
        wait_until("3 workers", || running.children() == 3);
    }
}

#[test]
fn uvicorns_generated_command_runs() {
    let Some(venv) = venv() else { return };
    let folder = folder();
    let settings = ServerSettings { server: Server::Uvicorn, workers: Some(2), ..settings("asgi_app:app") };
    let running = Running::start(&venv, folder.path(), &start_command(&settings), &[]);
    // uvicorn keeps one more process, which tracks resources.
    wait_until("2 workers", || running.children() >= 2);
}

/// A setting as gunicorn has it in the end.
fn effective(venv: &Venv, folder: &Path, arguments: &[&str], variables: &[(&str, &str)], setting: &str) -> String {
    let mut gunicorn = Command::new(venv.program("gunicorn"));
    gunicorn.arg("wsgi_app:app").args(arguments).arg("--print-config").current_dir(folder);
    gunicorn.env_clear().env("PATH", venv.path()).envs(variables.iter().copied());
    let output = gunicorn.output().expect("gunicorn");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once('=').filter(|(name, _)| name.trim() == setting));
    let failed = || String::from_utf8_lossy(&output.stderr).into_owned();
    line.map_or_else(failed, |(_, value)| value.trim().to_owned())
}

#[test]
fn flags_win_over_the_variable_which_wins_over_the_file_which_wins_over_web_concurrency() {
    let Some(venv) = venv() else { return };
    let folder = folder();
    let concurrency = ("WEB_CONCURRENCY", "5");
    let preset = ("GUNICORN_CMD_ARGS", "--preload --workers 4 --bind=127.0.0.1:1");
    let workers =
        |arguments: &[&str], variables: &[_]| effective(&venv, folder.path(), arguments, variables, "workers");
    assert_eq!(workers(&[], &[concurrency]), "5");
    let file = ServerSettings { preload: Some(false), ..settings("wsgi_app:app") };
    std::fs::write(folder.path().join("gunicorn.conf.py"), config_file(&file).expect("renders")).expect("written");
    assert_eq!(workers(&[], &[concurrency]), "3");
    assert_eq!(workers(&[], &[concurrency, preset]), "4");
    assert_eq!(workers(&["--workers", "2"], &[concurrency, preset]), "2");
    let bind = effective(&venv, folder.path(), &["--bind", "127.0.0.1:2"], &[preset], "bind");
    assert!(bind.contains("127.0.0.1:2") && !bind.contains("127.0.0.1:1"), "{bind}");
}

#[test]
fn only_the_variable_switches_off_the_presets_preload() {
    let Some(venv) = venv() else { return };
    let folder = folder();
    let off = ServerSettings { preload: Some(false), ..settings("wsgi_app:app") };
    std::fs::write(folder.path().join("gunicorn.conf.py"), config_file(&off).expect("renders")).expect("written");
    let preload =
        |arguments: &[&str], variables: &[_]| effective(&venv, folder.path(), arguments, variables, "preload_app");
    assert_eq!(preload(&[], &[("GUNICORN_CMD_ARGS", RENDER_CMD_ARGS)]), "True");
    assert!(preload(&["--no-preload"], &[]).contains("unrecognized arguments: --no-preload"));
    let value = off.render_cmd_args().expect("a value");
    assert_eq!(preload(&[], &[("GUNICORN_CMD_ARGS", &value)]), "False");
}

#[test]
fn the_generated_file_reads_well() {
    let settings = ServerSettings {
        worker_class: Some(UVICORN_WORKER.to_owned()),
        preload: Some(false),
        ..settings("asgi_app:app")
    };
    insta::assert_snapshot!("gunicorn_conf_py", config_file(&settings).expect("renders"));
}
