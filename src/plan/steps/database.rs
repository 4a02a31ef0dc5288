//! Steps that change a database.

use super::{Parts, Writer, counted};
use crate::catalog::{Component, OneWay, Provider};
use crate::plan::step::{FieldChange, Probe, Risk};
use crate::policy::OneWayStep;

impl Writer<'_, '_> {
    pub(super) fn database_path(&self, name: &str) -> Vec<String> {
        let current = self.context.current_database.as_ref().filter(|one| one.name == name);
        current.map(|one| one.path.clone()).unwrap_or_else(|| vec!["databases".to_owned(), name.to_owned()])
    }

    pub(super) fn database_offer(
        &self,
        name: &str,
        from: Option<&str>,
        to: Option<&str>,
        disk_gb: Option<u32>,
    ) -> Parts {
        let catalog = self.context.inputs.catalog;
        let find = |id: Option<&str>| id.and_then(|id| catalog.find(Provider::Render, Component::Postgres, id));
        let (today, then) = (find(from), find(to));
        let rises = then.and_then(|offer| offer.memory) >= today.and_then(|offer| offer.memory);
        let verb = if rises { "Raise" } else { "Lower" };
        let plan = self.context.current_database.as_ref().and_then(|database| database.plan.clone());
        let one_way = today.and_then(|offer| {
            if offer.one_way.contains(&OneWay::NoReturn) {
                let name = if offer.creatable { OneWayStep::LeaveFree } else { OneWayStep::LeaveLegacy };
                return Some((name, format!("there is no way back to `{}`", offer.id)));
            }
            (!offer.creatable).then(|| (OneWayStep::LeaveLegacy, format!("`{}` is not sold any more", offer.id)))
        });
        let connections = then.and_then(|offer| offer.max_connections).unwrap_or(0);
        let mut changes = vec![FieldChange {
            at: Self::at(&self.database_path(name), "plan"),
            from: plan.or_else(|| from.map(str::to_owned)),
            to: to.map(str::to_owned),
        }];
        changes.extend(disk_gb.map(|gb| FieldChange {
            at: Self::at(&self.database_path(name), "diskSizeGB"),
            from: None,
            to: Some(gb.to_string()),
        }));
        let storage = disk_gb.map_or_else(String::new, |gb| format!(" with {gb} GB of storage"));
        Parts {
            reason: self.reason("database"),
            one_way,
            risk: Risk::Medium,
            risk_reason: "the database is away for a few minutes while its plan changes (a few seconds with a standby)"
                .to_owned(),
            run: self.edit(name, changes),
            verify: vec![
                Probe::new("postgres", name, format!("it answers and accepts {}", counted(connections, "connection")))
                    .wants("max_connections", connections),
            ],
            ..Parts::new(
                "plan",
                format!(
                    "{verb} the database `{name}` from {} to {}{storage}",
                    from.unwrap_or("an unknown plan"),
                    to.unwrap_or("an unknown plan")
                ),
            )
        }
    }

    pub(super) fn database_disk(&self, name: &str, from: Option<u32>, to: u32) -> Parts {
        let grown = from.is_some_and(|from| to > from);
        Parts {
            reason: self.storage_reason(),
            one_way: grown.then(|| (OneWayStep::DiskGrow, "storage only grows, and only once in 12 hours".to_owned())),
            run: self.edit(
                name,
                vec![FieldChange {
                    at: Self::at(&self.database_path(name), "diskSizeGB"),
                    from: from.map(|gb| gb.to_string()),
                    to: Some(to.to_string()),
                }],
            ),
            verify: vec![Probe::new("postgres", name, format!("it has {to} GB of storage")).wants("storage_gb", to)],
            ..Parts::new(
                "storage",
                match from {
                    Some(from) => format!("Set the storage of `{name}` from {from} GB to {to} GB"),
                    None => format!("Set the storage of `{name}` to {to} GB"),
                },
            )
        }
    }

    /// How much is stored at the end of the horizon.
    pub(super) fn storage_reason(&self) -> String {
        let horizon = self.context.inputs.policy.growth.horizon;
        match self.context.stored_at_horizon() {
            Some(bytes) => {
                let share = self.context.inputs.policy.headroom.storage;
                format!(
                    "{:.1} GB are stored in {horizon}, and no more than {share} of the storage may be used",
                    bytes / 1e9
                )
            }
            None => {
                "a paid database states its storage, because Render's default is larger and never shrinks".to_owned()
            }
        }
    }
}
