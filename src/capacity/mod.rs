//! How much a given offer can carry: workers, queueing, memory, connections, growth. Pure arithmetic.

mod connections;
mod growth;
mod memory;
mod queueing;
mod workers;

pub use connections::{ConnectionDemand, DEPLOY_OVERLAP};
pub use growth::{Crossing, Trend, trend};
pub use memory::{ASSUMED_BASE, InstanceMemory};
pub use queueing::{LARGEST_UTILISATION, Latency, Load, Station, erlang_c, predict, processing};
pub use workers::{Choice, MOST_THREADS, Needs, choose};
