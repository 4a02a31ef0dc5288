//! Django's `CACHES` as a module beside the user's settings, and the one line that takes it in.

use serde::Serialize;

use crate::generate::template::{Escape, Template, TemplateError};

/// The module's file name; it lies beside the settings module.
pub const MODULE: &str = "palier_cache.py";

/// The line that the user's settings need, at their end: a later `CACHES` would win over it.
pub const IMPORT_LINE: &str = "from .palier_cache import CACHES  # noqa: F401";

static CACHE: Template = Template::new(
    "django/palier_cache.py.hbs",
    include_str!("../../../templates/django/palier_cache.py.hbs"),
    Escape::Python,
);

/// How Django's cache is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DjangoCache {
    /// Environment variables that may hold the address; the first with a value is taken.
    pub variables: Vec<String>,
    /// Goes before every key.
    pub key_prefix: String,
    /// Seconds for which an entry is kept; `None` is for ever.
    pub timeout: Option<u32>,
    /// Seconds after which a connection is given up.
    pub connect_timeout: u32,
    /// Seconds after which an answer is given up.
    pub socket_timeout: u32,
    /// Connections of one process, at most.
    pub max_connections: Option<u32>,
    /// Whether the application goes on without its cache when Redis does not answer; django-redis only.
    pub ignore_exceptions: bool,
}

impl Default for DjangoCache {
    fn default() -> Self {
        Self {
            variables: vec!["REDIS_CACHE_URL".to_owned(), "REDIS_URL".to_owned()],
            key_prefix: "cache".to_owned(),
            timeout: Some(300),
            connect_timeout: 5,
            socket_timeout: 5,
            max_connections: None,
            ignore_exceptions: false,
        }
    }
}

#[derive(Serialize)]
struct Data<'a> {
    variables: &'a [String],
    key_prefix: &'a str,
    timeout: String,
    connect_timeout: u32,
    socket_timeout: u32,
    health_check_interval: u32,
    max_connections: String,
    ignore_exceptions: &'static str,
}

/// The text of `palier_cache.py`. It works on Django 4.0 and later, with and without django-redis.
///
/// # Errors
/// The template is malformed: a defect of palier.
pub fn cache_module(cache: &DjangoCache) -> Result<String, TemplateError> {
    let number = |value: Option<u32>| value.map_or_else(|| "None".to_owned(), |value| value.to_string());
    CACHE.render(&Data {
        variables: &cache.variables,
        key_prefix: &cache.key_prefix,
        timeout: number(cache.timeout),
        connect_timeout: cache.connect_timeout,
        socket_timeout: cache.socket_timeout,
        health_check_interval: 30,
        max_connections: number(cache.max_connections),
        ignore_exceptions: if cache.ignore_exceptions { "True" } else { "False" },
    })
}

/// The user's settings with the import line at their end; `None` when they have it.
#[must_use]
pub fn settings_with_import(settings: &str) -> Option<String> {
    let is_import =
        |line: &str| line.split('#').next().is_some_and(|code| code.trim() == "from .palier_cache import CACHES");
    if settings.lines().any(is_import) {
        return None;
    }
    let end = if settings.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if settings.is_empty() || settings.ends_with('\n') { "" } else { end };
    Some(format!("{settings}{gap}{end}{IMPORT_LINE}{end}"))
}

/// The change of the user's settings as a unified diff; empty when they have the line.
#[must_use]
pub fn import_diff(path: &str, settings: &str) -> String {
    let Some(changed) = settings_with_import(settings) else { return String::new() };
    let diff = similar::TextDiff::from_lines(settings, &changed);
    diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}

/// What to put into the requirements for a version of Django: the newest django-redis that supports it. `None` for
/// versions that none of them supports.
///
/// django-redis 7.0 requires Django 5.2, 6.0 requires 4.2, 5.4 requires 3.2 (their metadata on PyPI). pip obeys by
/// raising Django itself, so a project on Django 4.2 that asks for `django-redis` alone is moved to 5.2 unasked.
#[must_use]
pub const fn django_redis_requirement(major: u32, minor: u32) -> Option<&'static str> {
    match (major, minor) {
        (6.., _) | (5, 2..) => Some("django-redis>=7.0,<8"),
        (5, _) | (4, 2..) => Some("django-redis>=6.0,<7"),
        (4, _) | (3, 2..) => Some("django-redis>=5.4,<6"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{DjangoCache, IMPORT_LINE, cache_module, import_diff, settings_with_import};

    #[test]
    fn the_import_is_added_once_and_last() {
        let settings = "DEBUG = False\nCACHES = {}\n";
        let changed = settings_with_import(settings).expect("is added");
        assert_eq!(changed, format!("{settings}\n{IMPORT_LINE}\n"));
        assert_eq!(settings_with_import(&changed), None);
        assert_eq!(
            settings_with_import("A = 1\r\nB = 2").expect("is added"),
            format!("A = 1\r\nB = 2\r\n\r\n{IMPORT_LINE}\r\n")
        );
        assert_eq!(import_diff("mysite/settings.py", &changed), "");
        let diff = import_diff("mysite/settings.py", settings);
        let expected =
            "--- a/mysite/settings.py\n+++ b/mysite/settings.py\n@@ -1,2 +1,4 @@\n DEBUG = False\n CACHES = {}\n+\n";
        assert_eq!(diff, format!("{expected}+{IMPORT_LINE}\n"));
    }

    #[test]
    fn a_prefix_with_quotes_stays_one_python_string() {
        let cache = DjangoCache { key_prefix: "a\"; import os; \"\n".to_owned(), ..DjangoCache::default() };
        let module = cache_module(&cache).expect("renders");
        assert!(module.contains("KEY_PREFIX = \"a\\\"; import os; \\\"\\n\"\n"), "{module}");
    }
}
