//! palier: parse the arguments, run, map the result to an exit code.

mod cli;

use std::process::ExitCode;

/// A plan is made of many short texts: with the system's allocator a quarter of the time goes into allocating them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Libraries that speak TLS ask for the process's own provider of cryptography and panic where there is none.
    rustls::crypto::ring::default_provider().install_default().ok();
    cli::run()
}
