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

/// What a bar shows: how much is done and what is left, where that is known; else how long it has taken.
const WITH_SHARE: &str = "{spinner} {wide_msg} {bar:20} {percent:>3} % {elapsed}, {eta} left";
const WITHOUT_SHARE: &str = "{spinner} {wide_msg} {elapsed}";

/// Tells how far a step is.
pub(crate) struct Bar {
    /// The bar of the step that runs; a new one for each.
    bar: Mutex<Option<ProgressBar>>,
    is_watched: bool,
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
        let is_watched = std::io::stderr().is_terminal() && !quiet;
        Self { bar: Mutex::new(None), is_watched, said: Mutex::new(Said::default()), quiet }
    }

    /// Takes the bar away, so that a line can be written.
    pub(crate) fn clear(&self) {
        if let Some(bar) = self.bar.lock().ok().and_then(|mut bar| bar.take()) {
            bar.finish_and_clear();
        }
        if let Ok(mut said) = self.said.lock() {
            *said = Said::default();
        }
    }

    fn draw(&self, what: &str, share: Option<f64>) {
        let Ok(mut slot) = self.bar.lock() else { return };
        let bar = slot.get_or_insert_with(|| ProgressBar::new(PARTS));
        // All of the work is done and it still waits: nobody knows how long.
        let share = share.filter(|share| *share < 0.999);
        // The templates are constants: a broken one shows the default bar.
        if let Ok(style) = ProgressStyle::with_template(if share.is_some() { WITH_SHARE } else { WITHOUT_SHARE }) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        bar.set_position((share.unwrap_or(0.0).clamp(0.0, 1.0) * PARTS as f64) as u64);
        bar.tick();
    }
}

impl Progress for Bar {
    fn tell(&self, what: &str, share: Option<f64>) {
        if self.quiet {
            return;
        }
        if self.is_watched {
            self.draw(what, share);
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
