use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

/// Why a result did not arrive.
static LOST: OnceLock<String> = OnceLock::new();

/// Writes a result to stdout. A reader that goes away early (`| head`) is no error; a full disk is.
pub(crate) fn result(text: &str) {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = LOST.set(error.to_string());
        }
        _ => {}
    }
}

/// Why a part of the result did not arrive, when so.
pub(crate) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// Writes talk to stderr, with a line end.
pub(crate) fn talk(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "{}", text.trim_end());
}
