//! In which order Render's documentation writes the fields of a blueprint. New fields are put where a reader looks for
//! them, and new items do not depend on how a JSON map happens to be ordered.

/// The fields of services, databases and environment variables together; no two of them disagree on the order.
const ORDER: &[&str] = &[
    "key",
    "fromGroup",
    "type",
    "name",
    "databaseName",
    "user",
    "runtime",
    "env",
    "repo",
    "branch",
    "rootDir",
    "region",
    "plan",
    "numInstances",
    "scaling",
    "diskSizeGB",
    "storageAutoscalingEnabled",
    "connectionPool",
    "postgresMajorVersion",
    "highAvailability",
    "buildCommand",
    "preDeployCommand",
    "startCommand",
    "dockerCommand",
    "healthCheckPath",
    "maxShutdownDelaySeconds",
    "autoDeploy",
    "autoDeployTrigger",
    "disk",
    "maxmemoryPolicy",
    "persistenceMode",
    "ipAllowList",
    "property",
    "envVarKey",
    "value",
    "generateValue",
    "sync",
    "fromDatabase",
    "fromService",
    "envVars",
    "readReplicas",
    "services",
    "databases",
    "envVarGroups",
];

/// Where a field stands in that order; `None` for one that the order does not know.
pub(super) fn rank(field: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == field)
}

/// The position in `fields` behind which a new field belongs: its nearest predecessor, else the last of all.
pub(super) fn predecessor<'a>(fields: impl Iterator<Item = &'a str> + Clone, new: &str) -> Option<usize> {
    let last = fields.clone().count().checked_sub(1)?;
    let nearest = rank(new).and_then(|new| {
        let before = |(position, field): (usize, &str)| Some((rank(field).filter(|rank| *rank < new)?, position));
        fields.enumerate().filter_map(before).max()
    });
    Some(nearest.map_or(last, |(_, position)| position))
}

#[cfg(test)]
mod tests {
    use super::predecessor;

    #[test]
    fn a_plan_goes_behind_the_region_and_an_unknown_field_last() {
        let service = ["type", "name", "region", "buildCommand", "envVars"];
        assert_eq!(predecessor(service.into_iter(), "plan"), Some(2));
        assert_eq!(predecessor(service.into_iter(), "diskSizeGB"), Some(2));
        assert_eq!(predecessor(service.into_iter(), "somethingNew"), Some(4));
        assert_eq!(predecessor([].into_iter(), "plan"), None);
    }
}
