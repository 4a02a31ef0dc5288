//! What the steps' probes look for, so far as a figure or a name says it.

use super::{Writer, counted};
use crate::decide::{RedisTarget, Transport};
use crate::plan::step::Probe;

impl Writer<'_, '_> {
    /// A look at a page of a service: its health check where one is known, with patience where it may sleep.
    pub(super) fn http(&self, name: &str, expect: &str) -> Probe {
        let mut probe = Probe::new("http", name, expect);
        if let Some(path) = self.health_path(name) {
            probe = probe.wants("path", path);
        }
        let service = self.end.services.iter().find(|service| service.name == name);
        if service.is_some_and(|service| service.offer.as_deref() == Some("free")) {
            probe = probe.wants("may_sleep", true);
        }
        probe
    }

    /// The path of the blueprint, else that of the code; the policy's own wins and needs no word here.
    fn health_path(&self, name: &str) -> Option<String> {
        if self.context.inputs.policy.verify.health_path.is_some() {
            return None;
        }
        let services = self.context.inputs.project.blueprint.iter().flat_map(|blueprint| &blueprint.services);
        let declared = services.into_iter().find(|service| service.name == name)?.health_check_path.clone();
        let application = self.context.application.filter(|one| one.service.as_deref() == Some(name));
        declared.or_else(|| application?.health_path.as_ref().map(|found| found.value.clone()))
    }

    /// The workers that answer, with the memory that the plan counts on for each.
    pub(super) fn workers(&self, name: &str, count: u32) -> Probe {
        let verb = if count == 1 { "answers" } else { "answer" };
        let probe =
            Probe::new("gunicorn", name, format!("{} {verb}", counted(count, "worker"))).wants("workers", count);
        match &self.context.measured.memory_per_worker {
            Some(memory) => probe.wants("memory_per_worker", memory.value.0),
            None => probe,
        }
    }
}

/// A look at a Redis, over the way that the application takes.
pub(super) fn redis(redis: &RedisTarget, expect: &str) -> Probe {
    let kind = match redis.transport {
        Transport::Tcp => "redis",
        Transport::Rest => "upstash-rest",
    };
    let probe = Probe::new(kind, &redis.name, expect);
    match &redis.eviction {
        Some(policy) if redis.transport == Transport::Tcp => probe.wants("eviction", policy.as_str()),
        _ => probe,
    }
}
