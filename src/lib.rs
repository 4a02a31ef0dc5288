//! palier: a planner that keeps a small web application on the cheapest infrastructure that carries it.
//!
//! The library is silent: it prints nothing and reads neither the environment nor the clock; those are passed in.
//! ARCHITECTURE.md has the map. A module may use those above it in this list, never those below it.

pub mod units;
pub mod diagnostic;
pub mod document;
pub mod project;
pub mod catalog;
pub mod policy;
pub mod client;
pub mod metrics;
pub mod capacity;
pub mod decide;
pub mod generate;
pub mod plan;
pub mod verify;
pub mod provider;
pub mod apply;
pub mod report;
