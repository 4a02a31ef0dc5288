use std::sync::OnceLock;

use super::{Policy, environment};
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Document, Node, Value};

/// Reads a policy for one environment.
///
/// Warnings come back beside the policy: lines that have no effect.
///
/// # Errors
/// Every problem of the file: unknown keys, wrong types, quantities without units, contradictions.
pub fn parse(document: &Document, environment: &str) -> Result<(Policy, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut problems = document.check(derived());
    for (name, table) in document
        .root
        .get("environment")
        .map(|node| node.entries())
        .unwrap_or_default()
        .iter()
        .map(|entry| (&entry.key, &entry.node))
    {
        if let Some(inner) = table.get("environment") {
            problems.push(
                Diagnostic::error(
                    "nested-environment",
                    format!("the environment `{name}` holds environments of its own"),
                )
                .at(document.place(inner))
                .help("write every environment at the top: `[environment.NAME]`"),
            );
        }
    }
    if !problems.is_empty() {
        problems.extend(beside_unknown_keys(document, environment, &problems));
        return Err(problems);
    }
    let document = environment::overlay(document, environment)?;
    let mut policy: Policy = document.decode(derived())?;
    for (index, waiver) in policy.waiver.iter_mut().enumerate() {
        waiver.place = Some(document.place_of(&format!("waiver.{index}.expires")));
    }
    let mut found = contradictions(&policy, &document);
    found.extend(impossible(&policy, &document));
    let (errors, warnings): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|problem| problem.severity == Severity::Error);
    if errors.is_empty() { Ok((policy, warnings)) } else { Err(errors) }
}

/// The JSON Schema of `palier.toml`, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = derived().clone();
    schema.insert("title".to_owned(), "palier.toml".into());
    schema.to_value()
}

/// The schema that the type derives: the same for every file, so it is derived once.
fn derived() -> &'static schemars::Schema {
    static SCHEMA: OnceLock<schemars::Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| schemars::schema_for!(Policy))
}

/// What is wrong besides keys that nobody knows, as far as each value says it alone: what an unknown key was meant to
/// be is not known, so that nothing is said of values that depend on others.
fn beside_unknown_keys(document: &Document, environment: &str, problems: &[Diagnostic]) -> Vec<Diagnostic> {
    let unknown: Option<Vec<usize>> = problems
        .iter()
        .map(|one| one.place.as_ref().filter(|_| one.id == "unknown-key").map(|place| place.span.start))
        .collect();
    let Some(unknown) = unknown else { return Vec::new() };
    let mut known = document.clone();
    remove_keys(&mut known.root, &unknown);
    let Ok(document) = environment::overlay(&known, environment) else { return Vec::new() };
    document.decode::<Policy>(derived()).map_or_else(|_| Vec::new(), |policy| impossible(&policy, &document))
}

fn remove_keys(node: &mut Node, starts: &[usize]) {
    match &mut node.value {
        Value::Table(entries) => {
            entries.retain(|entry| !starts.contains(&entry.key_span.start));
            entries.iter_mut().for_each(|entry| remove_keys(&mut entry.node, starts));
        }
        Value::List(items) => items.iter_mut().for_each(|item| remove_keys(item, starts)),
        _ => {}
    }
}

/// What no schema can say: values that contradict each other, lines without effect.
fn contradictions(policy: &Policy, document: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if policy.web.min_instances > policy.web.max_instances {
        let message = format!(
            "`web.min_instances` is {}, above `web.max_instances`, which is {}",
            policy.web.min_instances, policy.web.max_instances
        );
        found.push(
            Diagnostic::error("contradiction", message)
                .at(document.place_of("web.min_instances"))
                .help("raise `web.max_instances`"),
        );
    }
    if policy.redis.vpc.is_some() && !policy.platform.app.can_join_vpc() {
        found.push(
            Diagnostic::warning(
                "line-without-effect",
                format!("`redis.vpc` has no effect on `{}`", policy.platform.app.name()),
            )
            .at(document.place_of("redis.vpc"))
            .why("an ElastiCache is reachable only from inside its VPC, which this platform cannot join"),
        );
    }
    for (index, command) in policy.command.iter().enumerate() {
        if command.run.is_some() == command.hook.is_some() {
            let message = format!("the command `{}` needs either `run` or `hook`", command.name);
            found.push(
                Diagnostic::error("contradiction", message)
                    .at(document.place_of(&format!("command.{index}.name")))
                    .help("`run` is for a shell; `hook` names the variable that holds a deploy hook's address"),
            );
        }
        if policy.command[..index].iter().any(|other| other.name == command.name) {
            found.push(
                Diagnostic::error("contradiction", format!("two commands are called `{}`", command.name))
                    .at(document.place_of(&format!("command.{index}.name")))
                    .help("give each its own name: it is the step's in every plan"),
            );
        }
    }
    for (index, declared) in policy.index.iter().enumerate() {
        if let Some(first) = policy.index[..index].iter().position(|other| other == declared) {
            found.push(
                Diagnostic::warning(
                    "line-without-effect",
                    format!("this index on `{}` is declared twice", declared.table),
                )
                .at(document.place_of(&format!("index.{index}.table")))
                .help(format!("remove one; the first is the {}. `[[index]]`", first + 1)),
            );
        }
    }
    found
}

/// What no schema can say of one value alone.
fn impossible(policy: &Policy, document: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (key, share) in [
        ("headroom.memory", policy.headroom.memory),
        ("headroom.cpu", policy.headroom.cpu),
        ("headroom.connections", policy.headroom.connections),
        ("headroom.storage", policy.headroom.storage),
    ] {
        if share.value() <= 0.0 {
            found.push(
                Diagnostic::error("contradiction", format!("`{key}` is 0, so that no offer can ever fit"))
                    .at(document.place_of(key))
                    .help("it is the share of the limit that may be used: 0.8 leaves a fifth free"),
            );
        }
    }
    if policy.growth.horizon.as_days() < 1.0 {
        found.push(
            Diagnostic::error("contradiction", "`growth.horizon` is shorter than a day")
                .at(document.place_of("growth.horizon"))
                .help("write for example \"30 days\""),
        );
    }
    if policy.growth.monthly.is_some_and(|growth| !(-0.99..=100.0).contains(&growth)) {
        found.push(
            Diagnostic::error("contradiction", "`growth.monthly` is not a growth that a month can have")
                .at(document.place_of("growth.monthly"))
                .help("0.1 is ten percent in 30 days"),
        );
    }
    for (index, declared) in policy.index.iter().enumerate() {
        if declared.columns.is_empty() {
            found.push(
                Diagnostic::error(
                    "index-without-columns",
                    format!("the index on `{}` names no column", declared.table),
                )
                .at(document.place_of(&format!("index.{index}.columns")))
                .help("write for example columns = [\"student_id\"]"),
            );
        }
    }
    found.extend(paths_outside(policy, document));
    found
}

/// Paths must stay inside the project: a policy comes with a pull request, perhaps a stranger's.
fn paths_outside(policy: &Policy, document: &Document) -> Vec<Diagnostic> {
    [
        ("files.blueprint", &policy.files.blueprint),
        ("files.metrics", &policy.files.metrics),
        ("files.migrations", &policy.files.migrations),
        ("files.settings", &policy.files.settings),
    ]
    .into_iter()
    .filter(|(_, path)| {
        path.is_empty() || path.starts_with('/') || path.contains('\\') || path.split('/').any(|part| part == "..")
    })
    .map(|(key, path)| {
        Diagnostic::error("path-outside", format!("`{key}` is `{path}`, which is not a path inside the project"))
            .at(document.place_of(key))
            .help("write a path relative to the project's root, without `..`")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::diagnostic::SourceFile;
    use crate::document::{Document, Format};

    fn read(text: &str) -> Result<crate::policy::Policy, Vec<String>> {
        let file = SourceFile::new("palier.toml", text);
        let lines = |list: Vec<crate::diagnostic::Diagnostic>| {
            list.iter().map(|d| format!("{}:{} {} ({})", d.line(), d.id, d.message, d.help)).collect()
        };
        let document = Document::parse(&file, Format::Toml).map_err(lines)?;
        parse(&document, "staging").or_else(|_| parse(&document, "production")).map(|(policy, _)| policy).map_err(lines)
    }

    #[test]
    fn every_problem_of_a_file_is_told_at_once() {
        let problems = read(
            "[project]\nnmae = \"x\"\n[service_level]\np95 = \"500\"\n[budget]\nmonthly = 60\n[headroom]\ncpu = 70\n",
        )
        .expect_err("four problems");
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(problems[0].starts_with("2:unknown-key") && problems[0].contains("did you mean `name`"));
        assert!(problems[1].starts_with("4:invalid-quantity"));
        assert!(problems[2].starts_with("6:wrong-type"));
        assert!(problems[3].starts_with("8:out-of-range") && problems[3].contains("0.7"));
    }

    #[test]
    fn an_environment_changes_only_the_keys_that_it_names() {
        let policy = read("[budget]\nmonthly = \"$60\"\n[service_level]\np95 = \"1 s\"\n[environment.staging.budget]\nmonthly = \"$10\"\n")
            .expect("a valid policy");
        assert_eq!(policy.budget.monthly.map(crate::units::Money::decimal).as_deref(), Some("10.00"));
        assert!(policy.service_level.p95.is_some());
    }

    #[test]
    fn the_tables_of_an_environment_are_checked_as_those_of_the_whole_file() {
        let problems = read("[environment.staging.budget]\nmonthli = \"$5\"\n\n[headroom]\ncpu = 2\n[environment.staging.headroom]\nmemory = \"much\"\n")
            .expect_err("three problems");
        assert_eq!(problems.len(), 3, "{problems:#?}");
        assert!(problems[0].starts_with("2:unknown-key") && problems[0].contains("did you mean `monthly`"));
        assert!(problems[1].starts_with("7:wrong-type"), "{problems:#?}");
        assert!(problems[2].starts_with("5:out-of-range"), "{problems:#?}");
    }

    #[test]
    fn paths_out_of_the_project_are_refused() {
        let problems = read("[files]\nblueprint = \"../render.yaml\"\n").expect_err("a path outside");
        assert!(problems[0].contains("path-outside"), "{problems:?}");
    }
}
