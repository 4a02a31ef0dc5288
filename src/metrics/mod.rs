//! What usage looks like: `metrics.yaml`, and one file for each source that it can be read from.

mod observation;
mod read;
mod snapshot;

pub use observation::{MeasuredOn, Metrics};
pub use read::{parse, schema};
pub use snapshot::{Database, Endpoint, Latency, MeanPeak, Redis, Requests, Snapshot, StartPeakBytes, Users, Web};
