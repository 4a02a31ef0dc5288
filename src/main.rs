//! palier: parse the arguments, run, map the result to an exit code.

mod cli;

use std::process::ExitCode;

/// A plan is made of many short texts: with the system's allocator a quarter of the time goes into allocating them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
