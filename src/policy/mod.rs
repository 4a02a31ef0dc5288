//! What the owner wants: `palier.toml`.

mod command;
mod declared;
mod environment;
mod place;
mod read;
mod redis;
mod service;
mod tables;
mod verify;
mod waiver;

pub use command::{CommandMoment, CommandPolicy};
pub use declared::{IndexPolicy, Quota, QuotaPeriod, RateLimit, WaiverPolicy};
pub use place::{Delivery, DeliveryMode, Files, Journal, PlatformName, PlatformPolicy};
pub use read::{parse, schema};
pub use redis::{RedisPolicy, RedisProviderChoice, RedisRole, RoleName};
pub use service::{ConfigureWeb, DatabasePolicy, MigrationFormat, WebPolicy};
pub use tables::{
    Budget, Decide, Growth, Headroom, Mode, OneWayStep, Policy, ProjectPolicy, RollbackScope, ServiceLevel, Steps,
};
pub use verify::{ReleaseMarker, VerifyPolicy, WorkerCount};
pub use waiver::{Waived, apply_waivers};
