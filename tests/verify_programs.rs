//! What is asked through programs: gunicorn's workers, Celery's, Django's caches, each with the real package.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/probing.rs"]
mod probing;
#[path = "support/redis.rs"]
#[allow(dead_code)]
mod redis;
#[path = "support/venv.rs"]
mod venv;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palier::client::Cause;
use palier::verify::{Around, Status};
use probing::{cause, cause_of, look, note, probe};
use redis::RedisServer;
use venv::Venv;

const LIMIT: f64 = 30.0;

/// A program that is asked to end when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let process = Pid::from_raw(i32::try_from(self.0.id()).expect("an id"));
        let _ = kill(process, Signal::SIGTERM);
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// As `around`, in a folder, with the Python of an environment.
fn in_folder(folder: &Path, venv: &Venv, variables: &[(&str, &str)]) -> Around {
    let path = venv.path();
    let mut all = variables.to_vec();
    all.extend([("PATH", path.to_str().expect("UTF-8")), ("PYTHONDONTWRITEBYTECODE", "1")]);
    let mut around = probing::around(&all, LIMIT);
    around.root = folder.to_owned();
    around.policy.verify.python = venv.program("python").display().to_string();
    around.addresses.retain(|name, _| name.ends_with("_URL"));
    around
}

const WSGI: &str = "import os
def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Worker', str(os.getpid()))])
    return [b'fine']
";

#[test]
fn workers_that_answer_are_counted_and_weighed() {
    let Some(venv) = Venv::with("web", &["gunicorn==27.0.1", "uvicorn==0.54.0", "uvicorn-worker==0.4.0"]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("wsgi_app.py"), WSGI).expect("written");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port").port();
    let mut command = Command::new(venv.program("gunicorn"));
    command.args(["wsgi_app:app", "--workers", "3", "--pid", "gunicorn.pid", "--bind", &format!("127.0.0.1:{port}")]);
    command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let _running = Running(command.spawn().expect("gunicorn"));
    let url = format!("http://127.0.0.1:{port}");
    let mut around = in_folder(folder.path(), &venv, &[("PALIER_WEB_URL", &url)]);
    assert_eq!(look(&probe("gunicorn"), &around).status, Status::Unknown, "nothing says how to count");

    around.policy.verify.workers.header = Some("X-Worker".to_owned());
    let three = probe("gunicorn").wants("workers", 3);
    wait_until("three workers", || look(&three, &around).status == Status::Holds);
    assert_eq!(cause_of(&probe("gunicorn").wants("workers", 4), &around), Cause::OutOfLimit);
    around.policy.verify.workers.header = Some("X-Nothing".to_owned());
    assert_eq!(cause("gunicorn", &around), Cause::Missing);

    around.policy.verify.workers.pid_file = Some("gunicorn.pid".to_owned());
    let outcome = look(&three, &around);
    assert_eq!(outcome.status, Status::Holds, "{outcome:?}");
    let memory = outcome.figures.iter().find(|figure| figure.unit == "bytes").expect("memory").value;
    assert!((1e6..1e9).contains(&memory), "{memory}");
    note(&three.clone().wants("memory_per_worker", memory), &around);
    assert_eq!(cause_of(&three.clone().wants("memory_per_worker", memory / 2.0), &around), Cause::OutOfLimit);
    around.policy.verify.workers.pid_file = Some("nothing.pid".to_owned());
    assert_eq!(cause("gunicorn", &around), Cause::Missing);
}

const SETTINGS: &str = "import os
SECRET_KEY = 'tests only'
USE_TZ = True
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': os.environ['REDIS_URL']}}
";

const MANAGE: &str = "import os, sys
os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'
print('a line of the project itself')
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
";

#[test]
fn djangos_caches_are_used_through_the_projects_own_settings() {
    let (Some(venv), Some(server)) = (Venv::with("django-5.2", &["Django==5.2.*", "redis"]), RedisServer::start())
    else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("settings.py"), SETTINGS).expect("written");
    std::fs::write(folder.path().join("manage.py"), MANAGE).expect("written");
    let mut around = in_folder(folder.path(), &venv, &[("REDIS_URL", &server.url())]);
    assert_eq!(look(&probe("django-cache"), &around).status, Status::Unknown, "nobody has allowed it");
    around.policy.verify.django_cache = true;
    let told = note(&probe("django-cache"), &around);
    assert!(told.contains("`default` (django.core.cache.backends.redis.RedisCache)"), "{told}");
    assert_eq!(server.command("DBSIZE").as_deref(), Some(":0"), "nothing is left behind");

    let planted = format!("redis://:{}@127.0.0.1:{}", probing::PLANTED, server.port());
    server.command("CONFIG SET requirepass another");
    let mut wrong = in_folder(folder.path(), &venv, &[("REDIS_URL", &planted)]);
    wrong.policy.verify.django_cache = true;
    assert_eq!(cause("django-cache", &wrong), Cause::WrongPassword);
    let mut away = in_folder(folder.path(), &venv, &[("REDIS_URL", "redis://127.0.0.1:1")]);
    away.policy.verify.django_cache = true;
    assert_eq!(cause("django-cache", &away), Cause::Refused);
    let mut without = away.clone();
    without.policy.verify.python = "no-such-python".to_owned();
    assert_eq!(cause("django-cache", &without), Cause::ToolMissing);
    std::fs::write(folder.path().join("settings.py"), "import nothing_of_the_kind\n").expect("written");
    assert_eq!(cause("django-cache", &away), Cause::ToolMissing);
    std::fs::write(folder.path().join("manage.py"), "import time\ntime.sleep(60)\n").expect("written");
    away.limit = Duration::from_secs(1);
    assert_eq!(cause("django-cache", &away), Cause::Slow);
}

#[test]
fn a_celery_worker_answers_a_ping_or_none_does() {
    let (Some(venv), Some(server)) = (Venv::with("celery", &["celery==5.5.*", "redis"]), RedisServer::start()) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let code = "import os\nfrom celery import Celery\napp = Celery('shop', broker=os.environ['CELERY_BROKER_URL'])\n";
    std::fs::write(folder.path().join("shop.py"), code).expect("written");
    let variables = [("CELERY_BROKER_URL", server.url())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut around = in_folder(folder.path(), &venv, &variables);
    assert_eq!(look(&probe("celery"), &around).status, Status::Unknown, "nobody has named the application");
    around.policy.verify.celery_app = Some("shop".to_owned());
    around.limit = Duration::from_secs(8);
    assert_eq!(cause("celery", &around), Cause::Silent);
    let mut command = Command::new(venv.program("celery"));
    command.args(["-A", "shop", "worker", "--pool", "threads", "--concurrency", "1", "--loglevel", "error"]);
    command.env("CELERY_BROKER_URL", server.url()).current_dir(folder.path());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let _running = Running(command.spawn().expect("celery"));
    wait_until("a worker", || look(&probe("celery"), &around).status == Status::Holds);
    let told = note(&probe("celery"), &around);
    assert!(told.contains("1 worker answers: celery@"), "{told}");
    around.policy.verify.celery_app = Some("nothing".to_owned());
    assert_eq!(cause("celery", &around), Cause::Missing);
}
