//! Steps that change a service.

use super::{Parts, Writer, counted};
use crate::catalog::{Component, Provider};
use crate::decide::ServiceTarget;
use crate::plan::step::{FieldChange, Probe};

impl Writer<'_, '_> {
    pub(super) fn service_path(&self, name: &str) -> Vec<String> {
        let current = self.context.current_web.as_ref().filter(|one| one.name == name);
        current.map(|one| one.path.clone()).unwrap_or_else(|| vec!["services".to_owned(), name.to_owned()])
    }

    pub(super) fn service_offer(&self, name: &str, from: Option<&str>, to: Option<&str>) -> Parts {
        let catalog = self.context.inputs.catalog;
        let memory = |id: Option<&str>| {
            id.and_then(|id| catalog.find(Provider::Render, Component::Compute, id)).and_then(|offer| offer.memory)
        };
        let verb = if memory(to) >= memory(from) { "Move" } else { "Lower" };
        let plan = self.context.current_web.as_ref().and_then(|web| web.plan.clone());
        Parts {
            reason: self.reason("web"),
            risk_reason: "Render starts new instances before it stops the old ones".to_owned(),
            run: self.edit(
                name,
                vec![FieldChange {
                    at: Self::at(&self.service_path(name), "plan"),
                    from: plan.or_else(|| from.map(str::to_owned)),
                    to: to.map(str::to_owned),
                }],
            ),
            verify: vec![
                Probe::new("deploy", name, "the newest deploy is live"),
                self.http(name, "the health check answers"),
            ],
            ..Parts::new(
                "plan",
                format!(
                    "{verb} the service `{name}` from {} to {}",
                    from.unwrap_or("an unknown plan"),
                    to.unwrap_or("an unknown plan")
                ),
            )
        }
    }

    pub(super) fn instances(&self, name: &str, from: u32, to: u32) -> Parts {
        Parts {
            reason: self.reason("web"),
            run: self.edit(
                name,
                vec![FieldChange {
                    at: Self::at(&self.service_path(name), "numInstances"),
                    from: Some(from.to_string()),
                    to: Some(to.to_string()),
                }],
            ),
            verify: vec![Probe::new(
                "deploy",
                name,
                if to == 1 { "1 instance runs".to_owned() } else { format!("{to} instances run") },
            )],
            ..Parts::new("instances", format!("Run {} of `{name}` instead of {from}", counted(to, "instance")))
        }
    }

    pub(super) fn settings(&self, name: &str, from: &ServiceTarget, to: &ServiceTarget) -> Parts {
        let mut verify = vec![self.http(name, "the health check answers")];
        verify.extend(to.workers.map(|count| self.workers(name, count)));
        Parts {
            reason: self.settings_reason(name),
            run: self.edit(
                name,
                vec![FieldChange {
                    at: Self::at(&self.service_path(name), "startCommand"),
                    from: from.start_command.clone(),
                    to: to.start_command.clone(),
                }],
            ),
            risk_reason: "Render keeps the old instances until the new ones answer the health check".to_owned(),
            verify,
            ..Parts::new("workers", settings_title(name, &self.as_it_runs(from), to))
        }
    }

    /// A service with the settings that only its command or its configuration file says.
    fn as_it_runs(&self, service: &ServiceTarget) -> ServiceTarget {
        let mut service = service.clone();
        let main = self.context.current_web.as_ref().is_some_and(|web| web.name == service.name);
        if let Some(application) = self.context.application.filter(|_| main) {
            let server = application.server.as_ref().map(|found| found.value.name().to_owned());
            service.server = service.server.or(server);
            service.timeout = service.timeout.or(application.timeout);
            service.max_requests = service.max_requests.or(application.max_requests);
            service.preload = service.preload.or(application.preload);
        }
        service
    }

    /// The first reason for a service's settings: why it has so many workers.
    pub(super) fn settings_reason(&self, name: &str) -> String {
        let of_service = self.reasons.iter().find(|(component, _)| component == name);
        of_service
            .map_or_else(|| "workers follow from memory, CPU and connections".to_owned(), |(_, reason)| reason.clone())
    }

    pub(super) fn variables(&self, name: &str, variables: &[String]) -> Parts {
        let at = format!("{}[+]", Self::at(&self.service_path(name), "envVars"));
        let changes =
            variables.iter().map(|variable| FieldChange { at: at.clone(), from: None, to: Some(variable.clone()) });
        Parts {
            run: self.edit(name, changes.collect()),
            reason: "the application finds its Redis by it".to_owned(),
            verify: vec![self.http(name, "the health check answers")],
            ..Parts::new("variables", format!("Give `{name}` the variable {}", variables.join(" and ")))
        }
    }
}

/// What changes about the server, in one line: the workers first, then the rest that differs.
fn settings_title(name: &str, from: &ServiceTarget, to: &ServiceTarget) -> String {
    let differences = settings_differences(from, to).join("; ");
    let change = match (from.workers, to.workers) {
        (Some(from), Some(to)) if from != to => format!("Run {} of `{name}` instead of {from}", counted(to, "worker")),
        (None, Some(to)) => format!("Run {} of `{name}`", counted(to, "worker")),
        _ => {
            let verb = if from.start_command.is_some() { "Change" } else { "Set" };
            let colon = if differences.is_empty() { "" } else { ": " };
            return format!("{verb} the start command of `{name}`{colon}{differences}");
        }
    };
    if differences.is_empty() { change } else { format!("{change}; {differences}") }
}

/// What differs besides the number of workers. A setting that the target leaves open stays as it is.
fn settings_differences(from: &ServiceTarget, to: &ServiceTarget) -> Vec<String> {
    let mut differences = Vec::new();
    if let Some(server) = to.server.as_ref().filter(|_| from.server != to.server) {
        differences.push(from.server.as_ref().map_or_else(
            || format!("start it with {server}"),
            |before| match before.as_str() {
                "development" => format!("{server} instead of the development server"),
                _ => format!("{server} instead of {before}"),
            },
        ));
    }
    let threads = to.threads.unwrap_or(1);
    let other_threads = to.threads.is_some() && from.threads.unwrap_or(1) != threads;
    if other_threads {
        differences.push(format!("{} each", counted(threads, "thread")));
    }
    // gunicorn's own class needs no word, nor does the one that several threads come with.
    let spoken = |class: &&String| !matches!(class.as_str(), "sync" | "gthread") || !other_threads;
    let class = to.worker_class.as_ref().filter(|_| from.worker_class != to.worker_class);
    if let Some(class) = class.filter(spoken).filter(|class| from.worker_class.is_some() || *class != "sync") {
        differences.push(format!("worker class `{class}`"));
    }
    if let Some(seconds) = to.timeout.filter(|_| from.timeout != to.timeout) {
        differences.push(format!("a timeout of {}", counted(seconds, "second")));
    }
    if let Some(count) = to.max_requests.filter(|_| from.max_requests != to.max_requests) {
        differences.push(match count {
            0 => "replace none for its requests".to_owned(),
            _ => format!("replace each after {}", counted(count, "request")),
        });
    }
    match to.preload.filter(|preload| from.preload.unwrap_or(false) != *preload) {
        Some(true) => differences.push("load the application before the workers fork".to_owned()),
        Some(false) => differences.push("load the application in each worker".to_owned()),
        None => {}
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::settings_title;
    use crate::catalog::Provider;
    use crate::decide::ServiceTarget;

    fn service(workers: u32) -> ServiceTarget {
        ServiceTarget {
            name: "x".to_owned(),
            kind: "web".to_owned(),
            provider: Provider::Render,
            offer: None,
            instances: 1,
            server: Some("gunicorn".to_owned()),
            workers: Some(workers),
            threads: None,
            worker_class: Some("sync".to_owned()),
            start_command: Some("gunicorn a:b".to_owned()),
            timeout: None,
            max_requests: None,
            max_requests_jitter: None,
            preload: None,
            variables: Vec::new(),
        }
    }

    #[test]
    fn a_title_says_what_changes() {
        let replaced = ServiceTarget { max_requests: Some(1000), ..service(2) };
        let title = settings_title("x", &service(1), &replaced);
        assert_eq!(title, "Run 2 workers of `x` instead of 1; replace each after 1000 requests");
        assert_eq!(settings_title("x", &service(2), &service(1)), "Run 1 worker of `x` instead of 2");
        let threads = ServiceTarget { threads: Some(5), worker_class: Some("gthread".to_owned()), ..service(1) };
        assert_eq!(settings_title("x", &service(1), &threads), "Change the start command of `x`: 5 threads each");
        assert_eq!(settings_title("x", &service(1), &service(1)), "Change the start command of `x`");
    }
}
