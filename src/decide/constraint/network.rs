use super::{Candidate, Context, Verdict, stated};
use crate::catalog::Provider;
use crate::policy::PlatformName;

/// Whether the application can reach the instance at all.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let offer = candidate.redis?.offer;
    let app = context.inputs.policy.platform.app;
    if offer.private_network_only {
        let inside = app.can_join_vpc() && context.inputs.policy.redis.vpc.is_some();
        let sentence = if inside {
            "it is reached inside the VPC of redis.vpc".to_owned()
        } else {
            format!("an ElastiCache is reached only from inside its VPC, and `{}` runs outside of it", app.name())
        };
        return Some(stated("network", "redis", inside, sentence));
    }
    if offer.provider == Provider::Render && app != PlatformName::Render {
        let sentence =
            format!("its internal address is reached only from Render, and the application runs on `{}`", app.name());
        return Some(stated("network", "redis", false, sentence));
    }
    if offer.provider == Provider::Upstash && !app.can_hold_tcp() {
        return Some(stated(
            "network",
            "redis",
            true,
            format!("over its HTTP interface, because `{}` holds no TCP connection", app.name()),
        ));
    }
    Some(stated("network", "redis", true, "it can be reached"))
}
