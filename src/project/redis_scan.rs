//! What code does with Redis, file by file.

use std::collections::BTreeSet;
use std::sync::Arc;

use tree_sitter::Node;

use super::python::{Module, children};
use super::tree::{Tree, file_name};
use crate::diagnostic::SourceFile;

/// A role with the library that plays it and where that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The role.
    pub(super) role: &'static str,
    /// The library.
    pub(super) library: &'static str,
    /// `path:line`.
    pub(super) place: String,
}

/// Modules that are a Redis client, with the name of their package.
const CLIENTS: &[(&str, &str)] = &[
    ("redis", "redis"),
    ("aioredis", "aioredis"),
    ("upstash_redis", "upstash-redis"),
    ("valkey", "valkey"),
    ("coredis", "coredis"),
    ("fakeredis", "redis"),
    ("glide", "valkey-glide"),
];

/// Calls that say by themselves what Redis is used for: a name, the module that it must come from, role, library.
const CALLS: &[(&str, &str, &str, &str)] = &[
    ("RedisBroker", "dramatiq", "queue", "dramatiq"),
    ("RedisHuey", "huey", "queue", "huey"),
    ("PriorityRedisHuey", "huey", "queue", "huey"),
    ("ListQueueBroker", "taskiq_redis", "queue", "taskiq"),
    ("RedisStreamBroker", "taskiq_redis", "queue", "taskiq"),
    ("create_pool", "arq", "queue", "arq"),
    ("ArqRedis", "arq", "queue", "arq"),
    ("Queue", "rq", "queue", "rq"),
    ("Queue.from_url", "saq", "queue", "saq"),
    ("FastAPILimiter.init", "fastapi_limiter", "rate_limit", "fastapi-limiter"),
    ("RedisStorage", "limits", "rate_limit", "limits"),
    ("RedisBackend", "fastapi_cache", "cache", "fastapi-cache2"),
    ("RedisCache", "aiocache", "cache", "aiocache"),
    ("RedisCache", "cachelib", "cache", "cachelib"),
    ("RedisJobStore", "apscheduler", "queue", "apscheduler"),
    ("AsyncRedisManager", "socketio", "pubsub", "python-socketio"),
    ("RedisManager", "socketio", "pubsub", "python-socketio"),
    ("Broadcast", "broadcaster", "pubsub", "broadcaster"),
    ("RedisSessionInterface", "flask_session", "session", "flask-session"),
];

/// A file that was looked through.
#[derive(Debug, Default)]
struct Looked {
    imports: BTreeSet<String>,
    /// Methods called on something whose name says Redis, or on anything in a file that imports a client.
    methods: BTreeSet<String>,
    /// The file's name and its classes and functions, in lower case.
    names: String,
    client: Option<&'static str>,
    /// Whether a client is made here.
    creates: bool,
    /// Whether a client is a parameter that may be left out (`redis=None`).
    optional: bool,
    first: Option<String>,
}

/// How clients are made.
const CREATORS: &[&str] = &[
    "from_url",
    "Redis",
    "StrictRedis",
    "ConnectionPool",
    "RedisCluster",
    "Sentinel",
    "from_env",
    "Valkey",
    "from_pool",
];

/// What the files do with Redis.
pub(super) fn scan(tree: &mut Tree, files: &[Arc<SourceFile>]) -> Vec<Seen> {
    let mut found: Vec<Seen> = Vec::new();
    for file in files {
        let text = file.text.as_str();
        let words =
            ["redis", "Redis", "valkey", "celery", "Celery", "arq", "rq", "huey", "dramatiq", "imiter", "ratelimit"];
        if !words.iter().any(|word| text.contains(word)) {
            continue;
        }
        let Some(module) = Module::parse(file) else { continue };
        let seen = one(&module);
        if !seen.is_empty() {
            tree.record(file);
        }
        for use_of in seen {
            if !found.iter().any(|known| known.role == use_of.role && known.library == use_of.library) {
                found.push(use_of);
            }
        }
    }
    found
}

/// Whether the code imports a module.
pub(super) fn imports_module(files: &[Arc<SourceFile>], name: &str) -> bool {
    files.iter().filter(|file| file.text.contains(name)).any(|file| {
        Module::parse(file).is_some_and(|module| imports(&module).iter().any(|import| first_part(import) == name))
    })
}

fn imports(module: &Module) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    module.each(module.root(), |node| match node.kind() {
        "import_statement" => {
            for child in children(node) {
                let name = if child.kind() == "aliased_import" { child.named_child(0).unwrap_or(child) } else { child };
                found.insert(module.text(name).to_owned());
            }
        }
        "import_from_statement" => {
            if let Some(name) = node.child_by_field_name("module_name") {
                found.insert(module.text(name).to_owned());
            }
        }
        _ => {}
    });
    found
}

fn first_part(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn one(module: &Module) -> Vec<Seen> {
    let imports = imports(module);
    let client = CLIENTS
        .iter()
        .find(|(name, _)| imports.iter().any(|import| first_part(import) == *name))
        .map(|(_, name)| *name);
    let mut looked =
        Looked { client, imports, names: file_name(&module.file.path).to_lowercase(), ..Looked::default() };
    let mut seen = Vec::new();
    module.each(module.root(), |node| match node.kind() {
        "call" => call(module, node, &mut looked, &mut seen),
        "typed_default_parameter" | "default_parameter" => {
            let none = node.child_by_field_name("value").is_some_and(|value| value.kind() == "none");
            looked.optional |= none && module.text(node).to_lowercase().contains("redis");
        }
        "class_definition" | "function_definition" => {
            if let Some(name) = node.child_by_field_name("name") {
                looked.names.push(' ');
                looked.names.push_str(&module.text(name).to_lowercase());
                if module.text(name) == "WorkerSettings" && has_import(&looked, "arq") {
                    seen.push(Seen { role: "queue", library: "arq", place: module.place(node) });
                }
            }
        }
        _ => {}
    });
    by_methods(&looked, &mut seen);
    seen
}

fn has_import(looked: &Looked, module: &str) -> bool {
    looked.imports.iter().any(|import| first_part(import) == module)
}

fn call(module: &Module, node: Node<'_>, looked: &mut Looked, seen: &mut Vec<Seen>) {
    let called = module.called(node);
    for (name, from, role, library) in CALLS {
        let named = called == *name || called.strip_suffix(name).is_some_and(|before| before.ends_with('.'));
        if named && has_import(looked, from) {
            seen.push(Seen { role, library, place: module.place(node) });
        }
    }
    let last = called.rsplit('.').next().unwrap_or(called);
    let about = |keyword: &str| module.keyword(node, keyword).map(|value| module.text(value).to_lowercase());
    match last {
        "Celery" if has_import(looked, "celery") => {
            let broker = about("broker").or_else(|| about("broker_url")).unwrap_or_default();
            let other = ["amqp", "rabbit", "sqs", "memory://"].iter().any(|name| broker.contains(name));
            if !other {
                seen.push(Seen { role: "queue", library: "celery", place: module.place(node) });
            }
        }
        "Limiter" => {
            let storage = about("storage_uri").unwrap_or_default();
            let library = if has_import(looked, "slowapi") { "slowapi" } else { "flask-limiter" };
            if storage.contains("redis") {
                seen.push(Seen { role: "rate_limit", library, place: module.place(node) });
            }
        }
        _ => {}
    }
    looked.creates |= looked.client.is_some() && CREATORS.contains(&last);
    let function = node.child_by_field_name("function").filter(|node| node.kind() == "attribute");
    let Some(function) = function else { return };
    // A chain of calls is as long as the line; only its end would be the client.
    let object = function.child_by_field_name("object").filter(|object| object.byte_range().len() < 200);
    let object = object.map(|object| module.text(object).to_lowercase()).unwrap_or_default();
    let on_redis = object.contains("redis") || object.contains("valkey");
    if (on_redis || looked.client.is_some())
        && let Some(method) = function.child_by_field_name("attribute")
    {
        let method = module.text(method);
        let key = Module::arguments(node).first().map(|key| module.text(*key).to_lowercase()).unwrap_or_default();
        if matches!(method, "lpush" | "rpush") && ["queue", "jobs", "tasks"].iter().any(|name| key.contains(name)) {
            looked.names.push_str(" queue");
        }
        looked.methods.insert(method.to_owned());
        looked.first.get_or_insert_with(|| module.place(node));
    }
}

/// Roles that follow from the commands that are sent and from what the code calls itself.
fn by_methods(looked: &Looked, seen: &mut Vec<Seen>) {
    let Some(place) = &looked.first else { return };
    // A class that takes a client or none is a use only where somebody gives it one.
    if looked.optional && !looked.creates {
        return;
    }
    let library = looked.client.unwrap_or("redis");
    let has = |names: &[&str]| names.iter().any(|name| looked.methods.contains(*name));
    let named = |parts: &[&str]| parts.iter().any(|part| looked.names.contains(part));
    let mut roles = Vec::new();
    if has(&["publish", "pubsub", "subscribe", "psubscribe"]) {
        roles.push("pubsub");
    }
    let pushes = has(&["lpush", "rpush"]);
    let takes = has(&["lpop", "rpop", "blpop", "brpop", "brpoplpush", "rpoplpush", "lmove", "blmove"]);
    if has(&["xadd", "xreadgroup"]) || (pushes && (takes || named(&["queue"]))) {
        roles.push("queue");
    }
    let counts = has(&["incr", "incrby", "zadd", "zremrangebyscore", "pipeline", "evalsha", "eval", "register_script"]);
    if counts && named(&["rate_limit", "ratelimit", "limiter", "throttle"]) {
        roles.push("rate_limit");
    }
    let stores = has(&["get", "set", "setex", "mget", "hset", "hget", "delete"]);
    if stores && named(&["cache"]) {
        roles.push("cache");
    }
    if stores && named(&["session_store", "sessionstore", "sessionmanager", "session_manager", "session_backend"]) {
        roles.push("session");
    }
    for role in roles {
        seen.push(Seen { role, library, place: place.clone() });
    }
    if looked.client.is_some() && !seen.iter().any(|known| known.library == library) {
        seen.push(Seen { role: "client", library, place: place.clone() });
    }
}
