//! A Redis that moves from one provider to another. It is made beside the old one, which stays until a person removes it.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use command::{Project, palier};
use serde_json::Value;

fn steps(project: &Project) -> Vec<String> {
    let plan = palier(project).args(["plan", "--format", "json"]).run().exits(0).json();
    let title = |step: &Value| step["title"].as_str().unwrap().to_owned();
    plan["steps"].as_array().unwrap().iter().map(title).collect()
}

/// The project with another provider in its policy.
fn moved(name: &str, provider: &str) -> Project {
    let project = Project::copy(name, str::to_owned);
    let mut policy = project.read("palier.toml");
    policy = match policy.contains("[redis]") {
        true => policy.replace("provider = \"upstash\"", &format!("provider = \"{provider}\"")),
        false => policy.replacen("[[redis.role]]", &format!("[redis]\nprovider = \"{provider}\"\n\n[[redis.role]]"), 1),
    };
    project.write("palier.toml", policy);
    project
}

#[test]
fn from_render_to_upstash_a_new_instance_is_made_before_the_address_is_switched() {
    let project = moved("django-key-value", "upstash");
    let steps = steps(&project);
    let place = |words: &str| steps.iter().position(|step| step.contains(words));
    let made = place("Create the Upstash");
    assert!(made.is_some() && place("Point REDIS_URL").is_some_and(|switched| made < Some(switched)), "{steps:#?}");
    assert_eq!(place("Remove"), None, "nothing that holds data goes by itself: {steps:#?}");
    let plan = palier(&project).args(["plan", "--format", "json"]).run().exits(0).json();
    let left = plan["findings"].as_array().unwrap().iter().any(|finding| finding["id"] == "redis-left-behind");
    assert!(left, "the old one still runs and costs");
}

#[test]
fn from_upstash_to_render_a_new_instance_is_made_and_the_address_switched() {
    let steps = steps(&moved("fastapi-upstash-file", "render"));
    assert!(steps.iter().any(|step| step.starts_with("Create")), "{steps:#?}");
    assert!(steps.iter().any(|step| step.contains("REDIS_URL")), "{steps:#?}");
}
