//! Steps that change a Redis instance.

use super::{Parts, Writer, probe};
use crate::catalog::Provider;
use crate::decide::RedisTarget;
use crate::plan::step::{Action, FieldChange, Probe, Risk};
use crate::policy::OneWayStep;

impl Writer<'_, '_> {
    pub(super) fn redis_offer(&self, name: &str, from: &RedisTarget, to: &RedisTarget) -> Parts {
        let was_free = from.offer.as_deref() == Some("free") && from.provider == Provider::Render;
        let changes_offer = from.offer != to.offer;
        let one_way = (changes_offer && to.provider == Provider::Render)
            .then(|| (OneWayStep::KeyValueGrow, "a Key Value plan can never be lowered".to_owned()));
        let (risk, risk_reason) = match (changes_offer, was_free) {
            (true, true) => (
                Risk::High,
                "the data of a free Key Value instance are lost, and it is away for 1-2 minutes".to_owned(),
            ),
            (true, false) => (Risk::Medium, "it is away for 1-2 minutes".to_owned()),
            (false, _) => (Risk::Low, String::new()),
        };
        let title = if changes_offer {
            format!(
                "Move `{name}` from {} to {}",
                from.offer.as_deref().unwrap_or("an unknown plan"),
                to.offer.as_deref().unwrap_or("an unknown plan")
            )
        } else {
            format!("Set the eviction of `{name}` to {}", to.eviction.as_deref().unwrap_or("the provider's own"))
        };
        let path = self
            .context
            .current_redis
            .as_ref()
            .filter(|one| one.name == name)
            .map(|one| one.path.clone())
            .unwrap_or_default();
        let field = |key: &str, from: &Option<String>, to: &Option<String>| FieldChange {
            at: Self::at(&path, key),
            from: from.clone(),
            to: to.clone(),
        };
        let mut changes = Vec::new();
        if changes_offer {
            changes.push(field("plan", &from.offer, &to.offer));
        }
        if from.eviction != to.eviction {
            changes.push(field("maxmemoryPolicy", &from.eviction, &to.eviction));
        }
        let run = if to.provider == Provider::Render {
            self.edit(name, changes)
        } else {
            Action::ByHand {
                instruction: format!(
                    "change the plan of `{name}` to {} in the {} console",
                    to.offer.as_deref().unwrap_or_default(),
                    to.provider.name()
                ),
            }
        };
        Parts {
            reason: self.reason("redis"),
            one_way,
            risk,
            risk_reason,
            run,
            verify: vec![probe::redis(to, "it answers, and its eviction policy is as planned")],
            ..Parts::new("plan", title)
        }
    }

    pub(super) fn redis_create(&self, name: &str) -> Parts {
        let redis = self.end.redis.iter().find(|one| one.name == name);
        let provider = redis.map_or(Provider::Render, |redis| redis.provider);
        let offer = redis.and_then(|redis| redis.offer.clone()).unwrap_or_default();
        let run = if provider == Provider::Render {
            self.edit(
                name,
                vec![FieldChange {
                    at: "services[+]".to_owned(),
                    from: None,
                    to: Some(format!("keyvalue {name} {offer}")),
                }],
            )
        } else {
            Action::ByHand {
                instruction: format!(
                    "create the {} database `{name}` on the plan {offer}, and give its address to the service as REDIS_URL",
                    provider.name()
                ),
            }
        };
        Parts {
            reason: self.reason("redis"),
            run,
            verify: redis
                .map(|redis| probe::redis(redis, "it answers PING over the address that the service will use"))
                .into_iter()
                .collect(),
            ..Parts::new("create", format!("Create the {} `{name}` on {offer}", instance(provider)))
        }
    }
}

/// What a provider calls a Redis instance of its own.
const fn instance(provider: Provider) -> &'static str {
    match provider {
        Provider::Render => "Key Value instance",
        Provider::Upstash => "Upstash database",
        Provider::Elasticache => "ElastiCache",
    }
}

/// A person gives every service the address of the new instance.
pub(super) fn redis_switch(name: &str, variables: &[(String, String)]) -> Parts {
    let list: Vec<String> = variables.iter().map(|(service, variable)| format!("{variable} of `{service}`")).collect();
    let title = format!("Point {} to `{name}`", list.join(" and "));
    Parts {
        reason: "the application reads the old instance until then".to_owned(),
        risk: Risk::Medium,
        risk_reason: "what the old instance holds (jobs, sessions, locks) is not moved: let it run empty first"
            .to_owned(),
        run: Action::ByHand { instruction: format!("set {} to the address of `{name}`", list.join(" and ")) },
        verify: vec![switched(name, variables)],
        ..Parts::new("switch", title)
    }
}

/// The new instance answers under the variable that the services read.
fn switched(name: &str, variables: &[(String, String)]) -> Probe {
    let probe = Probe::new("redis", name, "the services are connected to it");
    match variables.first() {
        Some((_, variable)) => probe.wants("url_variable", variable.as_str()),
        None => probe,
    }
}
