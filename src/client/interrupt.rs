use std::sync::atomic::{AtomicU8, Ordering};

/// What a person, or a job that is cancelled, has asked for: nothing, to come to an end, or to stop at once.
#[derive(Debug, Default)]
pub struct Interrupt(AtomicU8);

impl Interrupt {
    /// Nobody has asked for anything.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Notes one more Ctrl-C, or one more signal to end.
    pub fn raise(&self) {
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| Some(count.saturating_add(1)));
    }

    /// Whether the run should come to an end: finish or undo the current step, then exit.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// Whether it should stop at once and leave the rest to `--resume`.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::Interrupt;

    #[test]
    fn the_first_asks_for_an_end_and_the_second_for_an_end_at_once() {
        let interrupt = Interrupt::new();
        assert!(!interrupt.is_raised() && !interrupt.is_urgent());
        interrupt.raise();
        assert!(interrupt.is_raised() && !interrupt.is_urgent());
        interrupt.raise();
        assert!(interrupt.is_urgent());
    }
}
