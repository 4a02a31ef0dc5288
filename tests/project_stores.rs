//! Frameworks, dependencies, databases and Redis, from code and settings.
#![allow(clippy::expect_used, clippy::print_stdout)] // helpers of tests, outside of their functions

mod project_folder;

use palier::project::{Application, DatabaseUse, Framework};
use project_folder::Folder;

/// A blueprint of one native web service.
fn blueprint(start: &str, variables: &str) -> String {
    let variables: String = variables.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "services:\n  - type: web\n    name: shop\n    runtime: python\n    startCommand: {start}\n    envVars:\n      \
         - {{key: LEVEL, value: info}}\n{variables}  - type: keyvalue\n    name: cache\n"
    )
}

fn kind(application: &Application) -> Option<DatabaseUse> {
    application.database.as_ref().map(|found| found.value)
}

fn framework(application: &Application) -> Option<Framework> {
    application.framework.as_ref().map(|found| found.value)
}

fn roles(application: &Application) -> Vec<(&str, &str, Option<&str>)> {
    application
        .redis
        .iter()
        .map(|found| (found.role.as_str(), found.library.as_str(), found.provider.as_deref()))
        .collect()
}

/// A Django project with these settings.
fn django(settings: &str, requirements: &str, variables: &str) -> Application {
    let settings = format!("import os\nimport dj_database_url\n{settings}");
    Folder::new(&[
        ("render.yaml", &blueprint("gunicorn shop.wsgi:application", variables)),
        ("requirements.txt", &format!("django\ngunicorn\n{requirements}")),
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
        ("shop/__init__.py", ""),
        ("shop/settings.py", &settings),
        ("shop/wsgi.py", "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"),
        ("shop/views.py", "from django_ratelimit.decorators import ratelimit\n"),
    ])
    .application()
}

#[test]
fn a_render_database_is_postgres() {
    let shop = django("", "", "- {key: DB, fromDatabase: {name: shop-db, property: connectionString}}");
    assert_eq!(kind(&shop), Some(DatabaseUse::Postgres));
    assert_eq!((framework(&shop), shop.asgi), (Some(Framework::Django), Some(false)));
}

#[test]
fn settings_fall_back_to_sqlite_where_no_address_is_given() {
    let settings = "DATABASES = {'default': dj_database_url.config(default='sqlite:///db.sqlite3')}\n";
    assert_eq!(kind(&django(settings, "psycopg2-binary\n", "")), Some(DatabaseUse::Sqlite));
    let prompted = "- {key: DATABASE_URL, sync: false}";
    assert_eq!(kind(&django(settings, "psycopg2-binary\n", prompted)), Some(DatabaseUse::Postgres));
    assert_eq!(kind(&django(settings, "psycopg2\nmysqlclient\n", prompted)), None, "either is possible");
    let literal = "- {key: DATABASE_URL, value: \"mysql://u:p@h/d\"}";
    assert_eq!(kind(&django(settings, "psycopg2\nmysqlclient\n", literal)), Some(DatabaseUse::Mysql));
}

#[test]
fn a_comment_that_names_a_postgres_seller_is_evidence() {
    let settings = "DATABASES = {'default': dj_database_url.config()}\n";
    let variables = "- key: DATABASE_URL\n  sync: false # from Supabase\n- key: OTHER # mysql\n  value: 1";
    assert_eq!(kind(&django(settings, "psycopg2\nmysqlclient\n", variables)), Some(DatabaseUse::Postgres));
}

#[test]
fn no_database_is_only_said_when_nothing_could_be_one() {
    let app = |requirements: &str, code: &str| {
        let folder = Folder::new(&[
            ("render.yaml", &blueprint("uvicorn main:app", "")),
            ("requirements.txt", &format!("fastapi\nuvicorn\n{requirements}")),
            ("main.py", &format!("from fastapi import FastAPI\n{code}\napp = FastAPI()\n")),
        ]);
        kind(&folder.application())
    };
    assert_eq!(app("", ""), Some(DatabaseUse::None));
    assert_eq!(app("", "import sqlite3"), None);
    assert_eq!(app("sqlalchemy\n", ""), None);
    assert_eq!(app("asyncpg\n", ""), Some(DatabaseUse::Postgres));
    assert_eq!(app("motor\n", ""), Some(DatabaseUse::Mongodb));
}

#[test]
fn django_settings_say_what_redis_is_for() {
    let settings = "CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': os.environ['REDIS_URL']}}\n\
                    SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\n\
                    CHANNEL_LAYERS = {'default': {'BACKEND': 'channels_redis.core.RedisChannelLayer'}}\n\
                    CELERY_BROKER_URL = os.environ.get('REDIS_URL')\n";
    let variables = "- {key: REDIS_URL, fromService: {name: cache, type: keyvalue, property: connectionString}}";
    let shop = django(settings, "celery\ndjango-ratelimit\nredis\n", variables);
    assert_eq!(
        roles(&shop),
        [
            ("queue", "celery", Some("render")),
            ("cache", "django-redis", Some("render")),
            ("session", "django-redis", Some("render")),
            ("rate_limit", "django-ratelimit", Some("render")),
            ("channels", "channels-redis", Some("render")),
        ]
    );
}

#[test]
fn a_branch_that_cannot_be_taken_counts_for_nothing() {
    let settings =
        "if 'REDIS_URL' in os.environ:\n    CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache'}}\n";
    assert_eq!(roles(&django(settings, "redis\n", "")), []);
    let prompted = "- {key: REDIS_URL, sync: false}";
    assert_eq!(roles(&django(settings, "redis\n", prompted)), [("cache", "django-redis", None)]);
    let raised = "if os.environ.get('REDIS_URL'):\n    CACHES = {}\nelse:\n    if 'X' not in os.environ:\n        raise ValueError()\n    \
                  CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache'}}\n";
    assert_eq!(roles(&django(raised, "", prompted)), []);
}

#[test]
fn code_says_what_redis_is_for() {
    let app = |files: &[(&str, &str)], variables: &str| {
        let render = blueprint("uvicorn app.main:app", variables);
        let mut all = vec![
            ("render.yaml", render.as_str()),
            ("requirements.txt", "fastapi\nuvicorn\nredis\narq\nslowapi\n"),
            ("app/main.py", "from fastapi import FastAPI\nfrom . import store\napp = FastAPI()\n"),
        ];
        all.extend(files);
        let shop = Folder::new(&all).application();
        roles(&shop)
            .iter()
            .map(|(role, library, provider)| format!("{role} {library} {}", provider.unwrap_or("?")))
            .collect::<Vec<_>>()
    };
    let upstash = "- {key: UPSTASH_REDIS_REST_URL, sync: false}";
    assert_eq!(
        app(
            &[(
                "app/store.py",
                "import redis\nclient = redis.from_url('x')\ndef cached(key):\n    return client.get(key)\n"
            )],
            upstash
        ),
        ["cache redis upstash"]
    );
    assert_eq!(
        app(
            &[(
                "app/store.py",
                "from arq import create_pool\nasync def start():\n    return await create_pool(None)\n"
            )],
            ""
        ),
        ["queue arq render"]
    );
    assert_eq!(
        app(
            &[("app/store.py", "from slowapi import Limiter\nlimiter = Limiter(storage_uri=settings.REDIS_URL)\n")],
            "- {key: REDIS_URL, sync: false}"
        ),
        ["rate_limit slowapi ?"]
    );
    let unused = ("app/unused.py", "import redis\nclient = redis.from_url('x')\nclient.publish('a', 'b')\n");
    assert_eq!(app(&[("app/store.py", ""), unused], ""), Vec::<String>::new());
    let aside = "def save(redis_client: object = None):\n    redis_client.publish('a', 'b')\n";
    assert_eq!(app(&[("app/store.py", aside)], ""), Vec::<String>::new());
    assert_eq!(
        app(&[("app/store.py", "")], "- key: REDIS_URL\n  sync: false # the Upstash one"),
        ["client redis upstash"]
    );
}

#[test]
fn the_object_that_the_server_loads_names_the_framework() {
    let app = |files: &[(&str, &str)]| {
        let render = blueprint("gunicorn wsgi:app --chdir src", "");
        let mut all = vec![("render.yaml", render.as_str()), ("requirements.txt", "flask\nfastapi\ndjango\n")];
        all.extend(files);
        framework(&Folder::new(&all).application())
    };
    assert_eq!(app(&[]), None, "three are listed, none is seen");
    assert_eq!(
        app(&[
            ("src/wsgi.py", "from shop import make\napp = make()\n"),
            ("src/shop/__init__.py", "import flask\ndef make():\n    return flask.Flask('x')\n")
        ]),
        Some(Framework::Flask)
    );
    assert_eq!(
        app(&[(
            "src/wsgi.py",
            "from fastapi import FastAPI\nfrom flask import Flask\ninner = Flask('x')\napp = FastAPI()\n"
        )]),
        Some(Framework::FastApi)
    );
}

#[test]
fn requirements_are_read_as_pip_reads_them() {
    let folder = Folder::new(&[
        (
            "render.yaml",
            &blueprint("gunicorn a:b", "").replace("startCommand", "buildCommand: ./build.sh\n    startCommand"),
        ),
        ("build.sh", "python -m pip install --upgrade pip\npip install -r requirements/prod.txt\n"),
        ("requirements.txt", "unused\n"),
        (
            "requirements/prod.txt",
            "-r base.txt\n-c limits.txt\nGunicorn==23.0 # serve\ncelery[redis]>=5\n-r missing.txt\n",
        ),
        (
            "requirements/base.txt",
            "-r prod.txt\nFlask_Login==0.6 \\\n  --hash=sha256:00\n./local\nhttps://example.invalid/x.whl\n",
        ),
        ("requirements/limits.txt", "django==5\n"),
        ("poetry.lock", "[[package]]\nname = \"locked\"\nversion = \"1\"\n"),
    ]);
    let project = folder.read();
    let shop = &project.applications[0];
    let listed: Vec<String> = shop.dependencies.iter().map(|(name, version)| format!("{name}{version}")).collect();
    assert_eq!(listed, ["celery>=5", "flask-login==0.6", "gunicorn==23.0", "redis"]);
    assert_eq!(shop.dependency_files, ["requirements/prod.txt", "requirements/base.txt", "poetry.lock"]);
    let problems: Vec<_> = project.problems.iter().map(|problem| (problem.id, problem.line())).collect();
    assert_eq!(problems, [("requirements-include-missing", 5)]);
}

#[test]
fn every_manifest_is_read() {
    let names = |files: &[(&str, &str)]| {
        let render = blueprint("gunicorn a:b", "");
        let mut all = vec![("render.yaml", render.as_str())];
        all.extend(files);
        Folder::new(&all).application().dependencies.into_keys().collect::<Vec<_>>().join(" ")
    };
    let poetry = "[tool.poetry.dependencies]\npython = \"^3.12\"\nuvicorn = {extras = [\"standard\"], version = \"^0.3\"}\n\
                  [tool.poetry.group.dev.dependencies]\npytest = \"*\"\n";
    assert_eq!(names(&[("pyproject.toml", poetry)]), "uvicorn");
    let standard =
        "[project]\nname = \"x\"\ndependencies = [\"fastapi[standard]>=0.1\"]\n[dependency-groups]\ndev = [\"ruff\"]\n";
    assert_eq!(names(&[("pyproject.toml", standard)]), "fastapi uvicorn");
    assert_eq!(names(&[("Pipfile", "[packages]\nDjango = \"*\"\n[dev-packages]\nflake8 = \"*\"\n")]), "django");
    assert_eq!(names(&[("Pipfile.lock", "{\"default\": {\"flask\": {\"version\": \"==3\"}}}")]), "flask");
    assert_eq!(names(&[("uv.lock", "version = 1\n[[package]]\nname = \"starlette\"\nversion = \"1\"\n")]), "starlette");
}

#[test]
fn a_celery_worker_is_an_application_without_a_framework() {
    let render = "services:\n  - type: worker\n    name: jobs\n    runtime: python\n    startCommand: celery -A shop worker -c 4\n";
    let jobs = Folder::new(&[("render.yaml", render), ("requirements.txt", "celery\nfastapi\n")]).application();
    assert_eq!(framework(&jobs), Some(Framework::None));
    assert_eq!(jobs.workers.as_ref().map(|found| found.value), Some(4));
    assert_eq!(roles(&jobs), [("queue", "celery", None)]);
}
