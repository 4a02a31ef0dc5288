//! The cache module that palier writes works on the Django versions and Redis packages that projects have.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/redis.rs"]
#[allow(dead_code)]
mod redis;
#[path = "support/venv.rs"]
mod venv;

use std::path::Path;

use palier::generate::redis::django::{
    DjangoCache, MODULE, cache_module, django_redis_requirement, settings_with_import,
};
use redis::RedisServer;
use venv::Venv;

/// The Django versions that are tested, each without and with django-redis.
fn environments() -> Vec<(&'static str, Venv)> {
    let newest = |major, minor| django_redis_requirement(major, minor).expect("a django-redis for it");
    let wanted: [(&str, Vec<&str>); 4] = [
        ("django-4.2", vec!["Django==4.2.*", "redis"]),
        ("django-4.2-django-redis", vec!["Django==4.2.*", "redis", newest(4, 2)]),
        ("django-5.2", vec!["Django==5.2.*", "redis"]),
        ("django-5.2-django-redis", vec!["Django==5.2.*", "redis", newest(5, 2)]),
    ];
    wanted.into_iter().filter_map(|(name, packages)| Some((name, Venv::with(name, &packages)?))).collect()
}

/// A project whose settings take in the module.
fn project(cache: &DjangoCache) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("mysite");
    std::fs::create_dir(&site).expect("a folder");
    let settings = "SECRET_KEY = 'tests only'\nUSE_TZ = True\nCACHES = {}\n";
    let settings = settings_with_import(settings).expect("the import is added");
    for (name, text) in [("__init__.py", String::new()), ("settings.py", settings)] {
        std::fs::write(site.join(name), text).expect("written");
    }
    std::fs::write(site.join(MODULE), cache_module(cache).expect("renders")).expect("written");
    folder
}

fn run(venv: &Venv, folder: &Path, variables: &[(&str, &str)], code: &str) -> Result<String, String> {
    let code = format!("import django\ndjango.setup()\nfrom django.core.cache import cache, caches\n{code}");
    let settings = ("DJANGO_SETTINGS_MODULE", "mysite.settings");
    let variables: Vec<_> = variables.iter().copied().chain([settings]).collect();
    venv.python(folder, &variables, &code)
}

const USE: &str = "
import time
cache.set('a', {'b': [1, 2]}, 60)
assert cache.get('a') == {'b': [1, 2]}
assert cache.get('absent', 7) == 7
cache.set_many({'x': 1, 'y': 2}, 60)
assert cache.get_many(['x', 'y', 'z']) == {'x': 1, 'y': 2}
assert cache.add('x', 9) is False and cache.incr('x') == 2
cache.set('short', 1, 1)
time.sleep(1.2)
assert cache.get('short') is None
cache.set('by_default', 1)
assert cache.delete('y') is True

";

#[test]
fn values_lists_and_times_work_and_clear_empties() {
    let environments = environments();
    let Some(server) = RedisServer::start() else { return };
    let folder = project(&DjangoCache { key_prefix: "shop".to_owned(), ..DjangoCache::default() });
    for (name, venv) in environments {
        let url = server.url();
        let variables = [("REDIS_URL", url.as_str())];
        run(&venv, folder.path(), &variables, USE).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(server.command("EXISTS shop:1:a").as_deref(), Some(":1"), "{name}: the prefix");
        let seconds = server.command("TTL shop:1:by_default").unwrap_or_default();
        let seconds: i64 = seconds.trim_start_matches(':').parse().expect("a time");
        assert!((290..=300).contains(&seconds), "{name}: the default time, {seconds}");
        let backend = run(&venv, folder.path(), &variables, "print(type(caches['default']).__module__)");
        let expected = if name.ends_with("redis") { "django_redis.cache" } else { "django.core.cache.backends.redis" };
        assert_eq!(backend.expect(name).trim(), expected, "{name}");
        run(&venv, folder.path(), &variables, "cache.clear()\nassert cache.get('a') is None").expect(name);
        assert_eq!(server.command("DBSIZE").as_deref(), Some(":0"), "{name}: clear empties the whole database");
    }
}

#[test]
fn the_time_limits_reach_the_connection() {
    let Some(server) = RedisServer::start() else { return };
    let cache =
        DjangoCache { connect_timeout: 3, socket_timeout: 4, max_connections: Some(7), ..DjangoCache::default() };
    let folder = project(&cache);
    let code = "
client = cache.client.get_client() if hasattr(cache, 'client') else cache._cache.get_client()
pool = client.connection_pool
kwargs = pool.connection_kwargs
print(kwargs['socket_connect_timeout'], kwargs['socket_timeout'], kwargs['health_check_interval'], pool.max_connections)";
    for (name, venv) in environments() {
        let printed = run(&venv, folder.path(), &[("REDIS_URL", &server.url())], code).expect(name);
        assert_eq!(printed.trim(), "3 4 30 7", "{name}");
    }
}

#[test]
fn tls_is_spoken_and_the_certificate_is_checked() {
    let Some(server) = RedisServer::start_tls() else { return };
    let folder = project(&DjangoCache::default());
    let url = server.url();
    let certificate = server.certificate().display().to_string();
    let code = "cache.set('a', 1, 60)\nprint(cache.get('a'))";
    for (name, venv) in environments() {
        let trusted = [("REDIS_URL", url.as_str()), ("SSL_CERT_FILE", certificate.as_str())];
        assert_eq!(run(&venv, folder.path(), &trusted, code).expect(name).trim(), "1", "{name}");
        let error = run(&venv, folder.path(), &trusted[..1], code).expect_err("an unknown certificate");
        assert!(error.contains("CERTIFICATE_VERIFY_FAILED"), "{name}: {error}");
    }
}

#[test]
fn a_socket_in_the_file_system_works_too() {
    let Some(server) = RedisServer::start() else { return };
    let folder = project(&DjangoCache::default());
    let url = server.socket_url();
    for (name, venv) in environments() {
        let code = "cache.set('a', 1, 60)\nassert cache.get('a') == 1";
        run(&venv, folder.path(), &[("REDIS_URL", &url)], code).expect(name);
    }
}

#[test]
fn the_caches_own_variable_wins_over_the_common_one() {
    let Some(server) = RedisServer::start() else { return };
    let folder = project(&DjangoCache::default());
    let url = server.url();
    let variables = [("REDIS_CACHE_URL", url.as_str()), ("REDIS_URL", "redis://127.0.0.1:1")];
    for (name, venv) in environments() {
        run(&venv, folder.path(), &variables, "cache.set('a', 1, 60)\nassert cache.get('a') == 1").expect(name);
    }
}

#[test]
fn without_an_address_the_cache_is_in_memory_and_says_so() {
    let folder = project(&DjangoCache::default());
    let code = "cache.set('a', 1)\nassert cache.get('a') == 1\nprint(type(caches['default']).__name__)";
    let strict = "import warnings\nwarnings.simplefilter('error')\nimport mysite.settings";
    for (name, venv) in environments() {
        for variables in [&[][..], &[("REDIS_URL", "")]] {
            let printed = run(&venv, folder.path(), variables, code).expect(name);
            assert_eq!(printed.trim(), "LocMemCache", "{name}");
            let warning = venv.python(folder.path(), variables, strict).expect_err("a warning");
            assert!(warning.contains("none of REDIS_CACHE_URL, REDIS_URL is set"), "{name}: {warning}");
        }
    }
}

#[test]
fn an_address_that_cannot_work_is_refused_at_the_start_without_showing_it() {
    let folder = project(&DjangoCache::default());
    for (name, venv) in environments() {
        for (url, expected) in [
            ("https://hunter22.upstash.io", "is an HTTP address"),
            ("redis://default:hunter22@eu1-x.upstash.io:6379", "Upstash speaks TLS only"),
            ("hunter22:6379", "must begin with redis://"),
            ("redis://[hunter22", "is not an address that can be read"),
        ] {
            let error = run(&venv, folder.path(), &[("REDIS_URL", url)], "").expect_err(url);
            assert!(error.contains(expected) && !error.contains("hunter22"), "{name}: {error}");
        }
    }
}

#[test]
fn an_outage_is_survived_only_with_django_redis_and_when_asked() {
    let folder = project(&DjangoCache { ignore_exceptions: true, ..DjangoCache::default() });
    let code = "print(cache.get('a', 'default'))";
    for (name, venv) in environments() {
        let result = run(&venv, folder.path(), &[("REDIS_URL", "redis://127.0.0.1:1")], code);
        if name.ends_with("redis") {
            assert!(matches!(result.as_deref().map(str::trim), Ok("default" | "None")), "{name}: {result:?}");
        } else {
            assert!(result.is_err(), "{name}");
        }
    }
}

#[test]
fn the_module_reads_well() {
    insta::assert_snapshot!("palier_cache_py", cache_module(&DjangoCache::default()).expect("renders"));
}
