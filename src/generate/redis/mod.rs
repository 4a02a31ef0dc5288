//! Redis as the application sees it: settings modules for its framework.

pub mod django;
