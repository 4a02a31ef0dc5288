//! The application object and the health path of repositories whose commands name none.
#![allow(clippy::expect_used, reason = "tests")]

mod project_folder;

use palier::project::Framework;
use project_folder::Folder;

fn found(files: &[(&str, &str)]) -> (Option<String>, Option<String>) {
    let requirements = [("requirements.txt", "fastapi\n")];
    let application = Folder::new(&[&requirements, files].concat()).application();
    (application.entry_point, application.health_path.map(|path| path.value))
}

fn entry(files: &[(&str, &str)]) -> Option<String> {
    found(files).0
}

const FASTAPI: &str = "from fastapi import FastAPI\n\napp = FastAPI(title=\"shop\")\n";

#[test]
fn an_application_object_is_found_where_projects_keep_it() {
    for (path, expected) in [
        ("main.py", Some("main:app")),
        ("asgi.py", Some("asgi:app")),
        ("app/main.py", Some("app.main:app")),
        ("shop/main.py", Some("shop.main:app")),
        ("src/main.py", Some("src.main:app")),
        ("src/shop/main.py", None),
        ("tests/main.py", None),
        ("a-b/main.py", None),
        ("deep/down/main.py", None),
    ] {
        assert_eq!(entry(&[(path, FASTAPI)]).as_deref(), expected, "{path}");
    }
    assert_eq!(entry(&[("src/shop/main.py", FASTAPI), ("setup.py", "")]).as_deref(), Some("shop.main:app"));
    assert_eq!(
        entry(&[("main.py", "import fastapi\napi: fastapi.FastAPI = fastapi.FastAPI()\n")]).as_deref(),
        Some("main:api")
    );
    assert_eq!(
        entry(&[("main.py", "from app.main import app\n"), ("app/main.py", FASTAPI)]).as_deref(),
        Some("app.main:app")
    );
}

#[test]
fn several_or_hidden_objects_stay_unknown() {
    assert_eq!(entry(&[("main.py", FASTAPI), ("app/main.py", FASTAPI)]), None);
    assert_eq!(entry(&[("main.py", "from fastapi import FastAPI\nadmin = FastAPI()\napp = FastAPI()\n")]), None);
    assert_eq!(
        entry(&[("main.py", "from fastapi import FastAPI\ndef create():\n    app = FastAPI()\n    return app\n")]),
        None
    );
    assert_eq!(entry(&[("main.py", "# app = FastAPI()\ntext = \"app = FastAPI()\"\n")]), None);
    // Another framework than the one that the packages name.
    assert_eq!(entry(&[("main.py", "from flask import Flask\napp = Flask(__name__)\n")]), None);
}

#[test]
fn a_command_is_never_changed() {
    let files = [("main.py", FASTAPI), ("Procfile", "web: uvicorn other:api\n")];
    assert_eq!(entry(&files).as_deref(), Some("other:api"));
    let files = [("main.py", FASTAPI), ("Procfile", "web: gunicorn\n")];
    assert_eq!(entry(&files), None);
}

#[test]
fn django_is_served_by_the_module_beside_its_settings() {
    let project = [("requirements.txt", "django\n"), ("manage.py", ""), ("shop/settings.py", "DEBUG = False\n")];
    let of = |more: &[(&str, &str)]| Folder::new(&[&project, more].concat()).application();
    let both = of(&[("shop/wsgi.py", ""), ("shop/asgi.py", "")]);
    assert_eq!(both.entry_point.as_deref(), Some("shop.wsgi:application"));
    assert_eq!((both.asgi, both.framework.map(|found| found.value)), (Some(false), Some(Framework::Django)));
    let asgi = of(&[("shop/asgi.py", "")]);
    assert_eq!((asgi.entry_point.as_deref(), asgi.asgi), (Some("shop.asgi:application"), Some(true)));
    assert_eq!(of(&[("other/wsgi.py", "")]).entry_point, None);
    let urls =
        "urlpatterns = [path(\"admin/\", admin.site.urls), path(\"health/\", ok), path(\"ping\", include(\"p\"))]\n";
    let health = of(&[("shop/wsgi.py", ""), ("shop/urls.py", urls)]).health_path.expect("a health path");
    assert_eq!((health.value.as_str(), health.evidence.as_str()), ("/health/", "shop/urls.py:1"));
}

#[test]
fn a_health_path_is_the_one_route_that_is_named_so() {
    let route = |text: &str| found(&[("main.py", &format!("{FASTAPI}{text}"))]).1;
    let of = |lines: &[&str]| route(&lines.iter().map(|line| format!("\n@{line}\ndef f(): ...\n")).collect::<String>());
    assert_eq!(of(&["app.get(\"/\")", "app.get(\"/healthz\")"]).as_deref(), Some("/healthz"));
    assert_eq!(of(&["app.route(\"/ping\", methods=[\"GET\"])"]).as_deref(), Some("/ping"));
    assert_eq!(of(&["app.post(\"/health\")"]), None);
    assert_eq!(of(&["app.route(\"/health\", methods=[\"POST\"])"]), None);
    assert_eq!(of(&["router.get(\"/health\")"]), None);
    assert_eq!(of(&["app.get(\"/health\")", "app.get(\"/healthz\")"]), None);
    assert_eq!(of(&["app.get(\"/health-insurance\")"]), None);
    // The image's own check goes first.
    let files = [
        ("main.py", "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get(\"/ping\")\ndef f(): ...\n"),
        ("Dockerfile", "FROM python:3.12\nHEALTHCHECK CMD curl -f http://localhost:8000/ready\nCMD uvicorn main:app\n"),
    ];
    assert_eq!(found(&files).1.as_deref(), Some("/ready"));
}
