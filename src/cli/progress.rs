//! How far a long step is: a bar on a terminal, a line every half minute where nobody watches.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use palier::apply::steps::Progress;

/// Between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// Parts of a bar.
const PARTS: u64 = 1000;

/// Tells how far a step is.
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
    said: Mutex<Said>,
    quiet: bool,
}

#[derive(Default)]
struct Said {
    what: String,
    at: Option<Instant>,
}

impl Bar {
    /// A bar on a terminal; lines elsewhere; nothing when quiet.
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = (std::io::stderr().is_terminal() && !quiet).then(|| {
            let bar = ProgressBar::new(PARTS);
            // The template is a constant: a broken one shows the default bar.
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {wide_msg} {bar:20} {percent:>3} % {elapsed}, {eta} left")
            {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, said: Mutex::new(Said::default()), quiet }
    }

    /// Takes the bar away, so that a line can be written.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            bar.reset();
        }
        if let Ok(mut said) = self.said.lock() {
            *said = Said::default();
        }
    }
}

impl Progress for Bar {
    fn tell(&self, what: &str, share: Option<f64>) {
        if self.quiet {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let position = (share.unwrap_or(0.0).clamp(0.0, 1.0) * PARTS as f64) as u64;
            bar.set_position(position);
            bar.tick();
            return;
        }
        let Ok(mut said) = self.said.lock() else { return };
        let due = said.at.is_none_or(|at| at.elapsed() >= BETWEEN_LINES);
        // What somebody has to do is said at once, without its share; how far it is, now and then.
        if due || (share.is_none() && said.what != what) {
            let percent = share.map_or_else(String::new, |share| format!(" ({:.0} %)", share * 100.0));
            output::talk(&format!("    ... {what}{percent}"));
            *said = Said { what: what.to_owned(), at: Some(Instant::now()) };
        }
    }
}
