//! What is known of the environment variables of a service, while it is being read.
//!
//! Values live here and nowhere else: no conclusion carries one out, except the plain settings of `EnvSource::Value`.

use std::collections::BTreeMap;

use super::blueprint::{Blueprint, EnvSource, Service};
use crate::document::Node;

/// What a variable holds, as far as the repository shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setting {
    /// This value.
    Known(String),
    /// It is not set.
    Unset,
    /// It is set elsewhere (dashboard, another service), or may be.
    Unknown,
}

/// The variables of one service.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    variables: BTreeMap<String, Option<String>>,
    /// Whether a variable that is not listed is not set: false without a blueprint, or with a group whose variables
    /// the repository does not hold.
    closed: bool,
    /// Whether the service runs on Render.
    on_render: bool,
    /// Whether it is Render's native Python runtime.
    native: bool,
    /// Whether the plan has at most one CPU.
    single_cpu: bool,
    /// The file that sets the variables, for evidence.
    pub(super) file: String,
}

/// Plans with at most one CPU, new and legacy names; the default (none written) is one of them.
/// Source: <https://render.com/pricing>, and the plan names of the blueprint's JSON schema.
const SINGLE_CPU_PLANS: &[&str] = &["free", "starter", "0.5c-512mb", "standard", "1c-2g"];

/// `GUNICORN_CMD_ARGS` as Render's native Python runtime presets it (Render's docs, environment-variables).
const GUNICORN_PRESET: &str = "--preload --access-logfile - --bind=0.0.0.0:10000";

/// The name under which evidence speaks of that preset.
pub(super) const PRESET_NAME: &str = "Render's preset of GUNICORN_CMD_ARGS";

impl Environment {
    /// What a service of a blueprint is given.
    pub(super) fn of_service(blueprint: &Blueprint, service: &Service) -> Self {
        let runtime = service.runtime.as_deref();
        let plan = service.plan.as_deref();
        let mut environment = Self {
            variables: BTreeMap::new(),
            closed: true,
            on_render: true,
            native: !matches!(runtime, Some("docker" | "image")),
            single_cpu: plan.is_none_or(|plan| SINGLE_CPU_PLANS.contains(&plan)),
            file: blueprint.document.file.path.clone(),
        };
        let nodes = blueprint.node(&service.path).and_then(|node| node.get("envVars")).map(Node::items);
        let literals = Literals::of(nodes.unwrap_or_default());
        for variable in &service.env {
            match &variable.source {
                EnvSource::Group(name) => environment.take_group(blueprint, name),
                EnvSource::Value(_) => {
                    environment.variables.insert(variable.key.clone(), literals.value(&variable.key));
                }
                _ => {
                    environment.variables.insert(variable.key.clone(), None);
                }
            }
        }
        environment
    }

    fn take_group(&mut self, blueprint: &Blueprint, name: &str) {
        let Some(group) = group_node(&blueprint.document.root, name) else {
            self.closed = false;
            return;
        };
        let variables = group.get("envVars").map(Node::items).unwrap_or_default();
        // A group that is written without variables is filled in the dashboard.
        self.closed &= !variables.is_empty();
        let literals = Literals::of(variables);
        for key in variables.iter().filter_map(|node| node.get("key").and_then(Node::scalar_text)) {
            let value = literals.value(&key);
            self.variables.entry(key).or_insert(value);
        }
    }

    /// What a container image sets; the service's own variables win.
    pub(super) fn add_image_variables(&mut self, variables: &[(String, Option<String>)]) {
        for (name, value) in variables {
            self.variables.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Looks up a variable.
    pub(super) fn get(&self, name: &str) -> Setting {
        match self.variables.get(name) {
            Some(Some(value)) => return Setting::Known(value.clone()),
            Some(None) => return Setting::Unknown,
            None => {}
        }
        match name {
            // Render's docs, environment-variables: set for every service.
            "RENDER" if self.on_render => Setting::Known("true".to_owned()),
            "GUNICORN_CMD_ARGS" if self.native => Setting::Known(GUNICORN_PRESET.to_owned()),
            // Render's docs, environment-variables: for services created after 2025-12-08 it is the number of
            // processes that the CPUs carry; older services have none. One CPU makes both the same.
            "WEB_CONCURRENCY" if self.on_render && self.single_cpu => Setting::Unset,
            "PORT" | "WEB_CONCURRENCY" => Setting::Unknown,
            // Whoever leaves it out of the blueprint sets it in the dashboard, or runs production in debug mode; the
            // repository does not say which.
            "DEBUG" | "DJANGO_DEBUG" | "FLASK_DEBUG" => Setting::Unknown,
            _ if name.starts_with("RENDER_") && self.on_render => Setting::Unknown,
            _ if self.closed => Setting::Unset,
            _ => Setting::Unknown,
        }
    }

    /// Whether Render's preset of `GUNICORN_CMD_ARGS` is in force.
    pub(super) fn has_preset(&self) -> bool {
        self.native && !self.variables.contains_key("GUNICORN_CMD_ARGS")
    }

    /// What `WEB_CONCURRENCY` holds for a server that falls back to one worker without it.
    ///
    /// Without a blueprint, or with a group kept in the dashboard, "not set" is what the repository shows.
    pub(super) fn web_concurrency(&self) -> Setting {
        match self.get("WEB_CONCURRENCY") {
            Setting::Unknown if !self.variables.contains_key("WEB_CONCURRENCY") && !self.on_render => Setting::Unset,
            setting => setting,
        }
    }

    /// Whether the service is given this variable.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// The names of the variables that the service is given.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Whether there may be variables that the repository does not show.
    pub(super) const fn is_open(&self) -> bool {
        !self.closed
    }
}

/// The literal values of a list of variables.
struct Literals<'a>(&'a [Node]);

impl<'a> Literals<'a> {
    const fn of(nodes: &'a [Node]) -> Self {
        Self(nodes)
    }

    fn value(&self, key: &str) -> Option<String> {
        self.0
            .iter()
            .find(|node| node.get("key").and_then(Node::scalar_text).as_deref() == Some(key))
            .and_then(|node| node.get("value"))
            .and_then(Node::scalar_text)
    }
}

/// The node of a group, at the top or in an environment of a project.
fn group_node<'a>(root: &'a Node, name: &str) -> Option<&'a Node> {
    let list = |node: &'a Node, key: &str| node.get(key).map(Node::items).unwrap_or_default();
    let nested = list(root, "projects").iter().flat_map(|project| list(project, "environments"));
    std::iter::once(root)
        .chain(nested)
        .flat_map(|level| list(level, "envVarGroups"))
        .find(|group| group.get("name").and_then(Node::scalar_text).as_deref() == Some(name))
}
