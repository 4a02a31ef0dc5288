use super::{Candidate, Context, Verdict, stated};
use crate::catalog::Provider;
use crate::policy::RedisProviderChoice;

/// The provider that the policy asks for; left open, the one that runs today: another one means moving the data and
/// every address.
pub(super) fn judge(candidate: &Candidate<'_, '_>, context: &Context<'_>) -> Option<Verdict> {
    let offer = candidate.redis?.offer;
    let wanted = match context.inputs.policy.redis.provider {
        RedisProviderChoice::Auto => {
            let today = context.current_redis.as_ref()?.provider;
            return (offer.provider != today).then(|| {
                let other = offer.provider.name();
                let sentence = format!(
                    "the data and every address would have to move; `provider = \"{other}\"` in [redis] asks for that"
                );
                stated("provider", "redis", false, sentence)
            });
        }
        RedisProviderChoice::Upstash => Provider::Upstash,
        RedisProviderChoice::Elasticache => Provider::Elasticache,
        RedisProviderChoice::Render => Provider::Render,
    };
    (offer.provider != wanted).then(|| {
        stated("provider", "redis", false, format!("redis.provider (palier.toml) asks for `{}`", wanted.name()))
    })
}
