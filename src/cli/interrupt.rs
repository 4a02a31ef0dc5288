//! Ctrl-C, and the signal that ends a cancelled job: once, the current step is finished or undone; twice, it is left to
//! `--resume`.

use std::sync::Arc;

use super::output;
use palier::client::Interrupt;

/// Listens for signals from here on.
pub(crate) fn listen() -> Arc<Interrupt> {
    let interrupt = Arc::new(Interrupt::new());
    let raised = Arc::clone(&interrupt);
    let listening = ctrlc::set_handler(move || {
        raised.raise();
        output::talk(if raised.is_urgent() {
            "stopping at once; `palier apply --resume` goes on from here"
        } else {
            "coming to an end: the current step is finished or undone (again to stop at once)"
        });
    });
    if listening.is_err() {
        output::talk("warning: Ctrl-C ends palier at once here; `palier apply --resume` goes on from there");
    }
    interrupt
}
