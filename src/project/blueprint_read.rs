//! `render.yaml` as services and databases, wherever in the document they stand.

use super::blueprint::{Blueprint, BlueprintDatabase, EnvSource, EnvVar, Service, ServiceKind};
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{Document, Node, Value};

/// Variables whose values are plain settings that palier needs; every other value stays in the document.
const PLAIN_SETTINGS: &[&str] =
    &["WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "PYTHON_VERSION", "DJANGO_SETTINGS_MODULE", "PORT"];

/// The size of a disk that names none (Render's docs, blueprint-spec: "sizeGB: default 10").
const DEFAULT_DISK_GB: u32 = 10;

impl Blueprint {
    /// Reads the services, databases and groups of a document.
    ///
    /// Keys of the wrong kind are skipped, not refused: a rule of `check` tells them, and Render is the judge.
    #[must_use]
    pub fn from_document(document: Document) -> Self {
        let mut found = Self { document, services: Vec::new(), databases: Vec::new(), groups: Vec::new() };
        let root = found.document.root.clone();
        found.take(&root, &[]);
        for (project_index, project) in list(&root, "projects").iter().enumerate() {
            for (index, environment) in list(project, "environments").iter().enumerate() {
                let path =
                    ["projects", &project_index.to_string(), "environments", &index.to_string()].map(str::to_owned);
                found.take(environment, &path);
            }
        }
        found.services.sort_by_key(|service| service.line);
        found.databases.sort_by_key(|database| database.line);
        found
    }

    /// Takes what one level of the document holds: the top, or an environment of a project.
    fn take(&mut self, level: &Node, at: &[String]) {
        let below = |key: &str, index: usize| {
            let mut path = at.to_vec();
            path.extend([key.to_owned(), index.to_string()]);
            path
        };
        for (index, node) in list(level, "services").iter().enumerate() {
            self.services.push(service(&self.document, node, below("services", index)));
        }
        for (index, node) in list(level, "databases").iter().enumerate() {
            self.databases.push(database(&self.document, node, below("databases", index)));
        }
        for node in list(level, "envVarGroups") {
            let names = list(node, "envVars").iter().filter_map(|variable| text(variable, "key")).collect();
            self.groups.push((text(node, "name").unwrap_or_default(), names));
        }
    }

    /// The node of a service or database, by the path that it carries.
    #[must_use]
    pub fn node(&self, path: &[String]) -> Option<&Node> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.document.node(&path)
    }
}

/// The one problem that makes a well-formed document no blueprint at all.
pub(super) fn shape_problem(document: &Document) -> Option<Diagnostic> {
    let known = ["services", "databases", "envVarGroups", "projects"];
    let held: Vec<(&str, &Node)> = known.iter().filter_map(|key| Some((*key, document.root.get(key)?))).collect();
    let problem = if held.is_empty() {
        Diagnostic::error("not-a-blueprint", "this file holds no services, databases or projects")
            .at(Place::start_of(&document.file))
            .help("a blueprint has a `services:` list at its top")
    } else {
        let (key, wrong) = held.into_iter().find_map(|(key, node)| Some((key, wrong_part(node)?)))?;
        Diagnostic::error("not-a-blueprint", format!("`{key}` is no list of tables"))
            .at(document.place(wrong))
            .help(format!("write for example `{key}:` and below it `  - name: shop`"))
    };
    Some(problem.source("https://render.com/docs/blueprint-spec"))
}

/// What of a list of tables is something else; an empty value is an empty list.
fn wrong_part(list: &Node) -> Option<&Node> {
    match &list.value {
        Value::Null => None,
        Value::List(items) => items.iter().find(|item| !matches!(item.value, Value::Table(_))),
        _ => Some(list),
    }
}

fn service(document: &Document, node: &Node, path: Vec<String>) -> Service {
    let runtime = text(node, "runtime").or_else(|| text(node, "env"));
    let scaling = node.get("scaling");
    Service {
        name: text(node, "name").unwrap_or_default(),
        kind: kind(text(node, "type").as_deref(), runtime.as_deref()),
        path,
        line: first_line(document, node),
        plan: text(node, "plan"),
        region: text(node, "region"),
        instances: number(node, "numInstances"),
        scaling: scaling.and_then(|table| Some((number(table, "minInstances")?, number(table, "maxInstances")?))),
        build_command: text(node, "buildCommand"),
        start_command: text(node, "startCommand"),
        docker_command: text(node, "dockerCommand"),
        dockerfile_path: text(node, "dockerfilePath"),
        pre_deploy_command: text(node, "preDeployCommand"),
        root_dir: text(node, "rootDir"),
        health_check_path: text(node, "healthCheckPath"),
        disk_gb: node
            .get("disk")
            .filter(|disk| !disk.entries().is_empty())
            .map(|disk| number(disk, "sizeGB").unwrap_or(DEFAULT_DISK_GB)),
        schedule: text(node, "schedule"),
        max_memory_policy: text(node, "maxmemoryPolicy"),
        has_ip_allow_list: node.get("ipAllowList").is_some(),
        auto_deploy: auto_deploy(node),
        env: list(node, "envVars").iter().filter_map(|variable| env_var(document, variable)).collect(),
        runtime,
    }
}

fn kind(written: Option<&str>, runtime: Option<&str>) -> ServiceKind {
    match written {
        Some("web") if runtime == Some("static") => ServiceKind::Static,
        Some("web") => ServiceKind::Web,
        Some("static") => ServiceKind::Static,
        Some("pserv") => ServiceKind::Private,
        Some("worker") => ServiceKind::Worker,
        Some("cron") => ServiceKind::Cron,
        Some("keyvalue" | "redis") => ServiceKind::KeyValue,
        _ => ServiceKind::Other,
    }
}

fn database(document: &Document, node: &Node, path: Vec<String>) -> BlueprintDatabase {
    BlueprintDatabase {
        name: text(node, "name").unwrap_or_default(),
        path,
        line: first_line(document, node),
        plan: text(node, "plan"),
        region: text(node, "region"),
        disk_gb: number(node, "diskSizeGB"),
        version: node.get("postgresMajorVersion").and_then(Node::scalar_text),
        high_availability: node
            .get("highAvailability")
            .and_then(|table| table.get("enabled"))
            .and_then(Node::as_bool)
            .unwrap_or(false),
        storage_autoscaling: node.get("storageAutoscalingEnabled").and_then(Node::as_bool),
        connection_pool: text(node, "connectionPool"),
        read_replicas: list(node, "readReplicas").len(),
        has_ip_allow_list: node.get("ipAllowList").is_some(),
    }
}

fn env_var(document: &Document, node: &Node) -> Option<EnvVar> {
    let line = first_line(document, node);
    if let Some(group) = text(node, "fromGroup") {
        return Some(EnvVar { key: group.clone(), source: EnvSource::Group(group), line });
    }
    let key = text(node, "key")?;
    let reference = |name: &str| {
        let table = node.get(name)?;
        let property = text(table, "property").or_else(|| text(table, "envVarKey")).unwrap_or_default();
        Some((text(table, "name").unwrap_or_default(), property))
    };
    let source = if let Some((name, property)) = reference("fromDatabase") {
        EnvSource::Database { name, property }
    } else if let Some((name, property)) = reference("fromService") {
        EnvSource::Service { name, property }
    } else if let Some(value) = node.get("value").and_then(Node::scalar_text) {
        EnvSource::Value(PLAIN_SETTINGS.contains(&key.as_str()).then_some(value))
    } else if node.get("generateValue").and_then(Node::as_bool) == Some(true) {
        EnvSource::Generated
    } else {
        // `sync: false`, or a key alone: either way somebody types the value in the dashboard.
        EnvSource::Prompted
    };
    Some(EnvVar { key, source, line })
}

/// `autoDeployTrigger`, or the old `autoDeploy` in its words.
fn auto_deploy(node: &Node) -> Option<String> {
    text(node, "autoDeployTrigger").or_else(|| {
        let old = node.get("autoDeploy").and_then(Node::as_bool)?;
        Some(if old { "commit" } else { "off" }.to_owned())
    })
}

fn first_line(document: &Document, node: &Node) -> usize {
    let span = node.entries().iter().map(|entry| &entry.key_span).min_by_key(|span| span.start);
    Place::new(&document.file, span.unwrap_or(&node.span).clone()).line()
}

fn list<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::scalar_text).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn number(node: &Node, key: &str) -> Option<u32> {
    let node = node.get(key)?;
    node.as_integer().and_then(|number| u32::try_from(number).ok()).or_else(|| node.as_str()?.trim().parse().ok())
}
