use std::collections::BTreeMap;

/// A conclusion with the place that it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected<T> {
    /// The conclusion.
    pub value: T,
    /// What it rests on, for a person: `render.yaml:14, --workers 2`.
    pub evidence: String,
}

/// A Python web framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Framework {
    /// Django.
    Django,
    /// `FastAPI`.
    FastApi,
    /// Starlette without `FastAPI`.
    Starlette,
    /// Flask.
    Flask,
    /// Another WSGI or ASGI framework or none; `asgi` says which interface, when that is known.
    Other,
    /// A background worker or script, not a web application.
    None,
}

impl Framework {
    /// The name as the JSON contract writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Django => "django",
            Self::FastApi => "fastapi",
            Self::Starlette => "starlette",
            Self::Flask => "flask",
            Self::Other => "other",
            Self::None => "none",
        }
    }
}

/// What serves the application, or runs the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Server {
    /// gunicorn.
    Gunicorn,
    /// uvicorn by itself.
    Uvicorn,
    /// daphne.
    Daphne,
    /// hypercorn.
    Hypercorn,
    /// waitress.
    Waitress,
    /// Django's, Flask's or `FastAPI`'s development server, or `python app.py`.
    Development,
    /// A Celery worker or beat.
    Celery,
    /// Something else.
    Other,
}

impl Server {
    /// The name as the JSON contract writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gunicorn => "gunicorn",
            Self::Uvicorn => "uvicorn",
            Self::Daphne => "daphne",
            Self::Hypercorn => "hypercorn",
            Self::Waitress => "waitress",
            Self::Development => "development",
            Self::Celery => "celery",
            Self::Other => "other",
        }
    }
}

/// Which database the application uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DatabaseUse {
    /// Postgres.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// `SQLite`.
    Sqlite,
    /// MongoDB.
    Mongodb,
    /// None.
    None,
    /// Something else.
    Other,
}

/// What the application uses Redis for, as far as the repository shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUse {
    /// The role: `cache`, `session`, `queue`, `channels`, `rate_limit`, `client` (a client library with no known role).
    pub role: String,
    /// The library (`celery`, `django-redis`, `redis`...).
    pub library: String,
    /// Whose it is, when that shows: `render`, `upstash`, `elasticache`, `docker`, `local`; else `None`.
    pub provider: Option<String>,
    /// What this rests on.
    pub evidence: String,
}

/// One Python application of the project. `None` means unknown everywhere in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Application {
    /// The service of the blueprint that runs it.
    pub service: Option<String>,
    /// The framework.
    pub framework: Option<Detected<Framework>>,
    /// Whether the application speaks ASGI (true) or WSGI (false).
    pub asgi: Option<bool>,
    /// The server.
    pub server: Option<Detected<Server>>,
    /// The start command as the blueprint, Procfile or Dockerfile has it.
    pub declared_command: Option<Detected<String>>,
    /// The server's command as it really runs, after start scripts were followed.
    pub effective_command: Option<Detected<String>>,
    /// The application object in that command (`main:app`, `mysite.wsgi:application`).
    pub entry_point: Option<String>,
    /// The worker class as written; `None` when none is written.
    pub declared_worker_class: Option<Detected<String>>,
    /// The worker class that results (gunicorn: `sync` by default, `gthread` when threads are more than one).
    pub worker_class: Option<Detected<String>>,
    /// How many worker processes run.
    pub workers: Option<Detected<u32>>,
    /// Where that number comes from: `flag`, `WEB_CONCURRENCY`, `gunicorn.conf.py`, `default`...
    pub workers_source: Option<String>,
    /// Threads per worker.
    pub threads: Option<Detected<u32>>,
    /// gunicorn's `--timeout`, in seconds.
    pub timeout: Option<u32>,
    /// gunicorn's `--max-requests`.
    pub max_requests: Option<u32>,
    /// gunicorn's `--max-requests-jitter`.
    pub max_requests_jitter: Option<u32>,
    /// Whether the application is loaded before the workers fork.
    pub preload: Option<bool>,
    /// The database.
    pub database: Option<Detected<DatabaseUse>>,
    /// What Redis is used for; empty when it is not used.
    pub redis: Vec<RedisUse>,
    /// The path that answers health checks.
    pub health_path: Option<Detected<String>>,
    /// The files that list the dependencies, relative to the root.
    pub dependency_files: Vec<String>,
    /// The dependencies: normalised name, and the version constraint as written (empty when none).
    pub dependencies: BTreeMap<String, String>,
    /// Environment variables that the service is given, by name.
    pub environment: Vec<String>,
}

impl Application {
    /// Whether a Python package is among the dependencies; the name is compared as PyPI does (PEP 503).
    #[must_use]
    pub fn depends_on(&self, package: &str) -> bool {
        self.dependencies.contains_key(package)
    }

    /// The plain requirements file: the one place where a requirement can be added by appending a line. `None` where a
    /// lock file, pyproject or Pipfile rules, because those are written by their own tools.
    #[must_use]
    pub fn editable_requirements(&self) -> Option<&str> {
        let files = &self.dependency_files;
        let plain = |path: &String| {
            let name = path.rsplit('/').next().unwrap_or(path);
            name.starts_with("requirements") && name.ends_with(".txt")
        };
        if !files.iter().all(plain) {
            return None;
        }
        files.iter().find(|path| path.ends_with("requirements.txt")).or_else(|| files.first()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::Application;

    #[test]
    fn requirements_are_added_only_where_no_tool_writes_the_file() {
        let of = |files: &[&str]| Application {
            dependency_files: files.iter().map(|path| (*path).to_owned()).collect(),
            ..Application::default()
        };
        assert_eq!(
            of(&["requirements-dev.txt", "api/requirements.txt"]).editable_requirements(),
            Some("api/requirements.txt")
        );
        assert_eq!(of(&["requirements-dev.txt"]).editable_requirements(), Some("requirements-dev.txt"));
        assert_eq!(of(&["requirements.txt", "uv.lock"]).editable_requirements(), None);
        assert_eq!(of(&[]).editable_requirements(), None);
    }
}
