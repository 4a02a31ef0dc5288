use super::line::{self, Flaw};
use super::{Entry, Event, Holder};
use jiff::Timestamp;

/// Below this many bytes another thread costs more than it saves.
const WORTH_A_THREAD: usize = 1 << 20;
const MOST_THREADS: usize = 4;

/// The entries so far, in order and checked.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
}

/// What is wrong with one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    /// Its number, or its line.
    pub(super) line: u64,
    pub(super) what: String,
    /// It is undamaged, and from another version of palier.
    pub(super) is_unknown: bool,
}

/// The newest lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) number: u64,
    pub(super) holder: Holder,
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
    pub(super) released: bool,
}

impl Log {
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The number of the entry that comes next.
    pub(super) fn next(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    /// Takes up the lines of a text that follows what was taken up before, and gives the length of those that are whole;
    /// what is left after them was torn off while it was written.
    pub(super) fn extend(&mut self, text: &[u8]) -> Result<usize, Damage> {
        let mut lines = Vec::new();
        let mut whole = 0;
        while whole < text.len() {
            match line::split(&text[whole..]) {
                Ok((json, length)) => {
                    lines.push(json);
                    whole += length;
                }
                Err(flaw) if flaw.is_torn(&text[whole..]) => break,
                Err(flaw) => return Err(self.damage(lines.len(), &flaw)),
            }
        }
        for entry in parse(&lines, whole) {
            let entry = entry.map_err(|flaw| self.damage(0, &flaw))?;
            self.push(entry)?;
        }
        Ok(whole)
    }

    /// Takes up one entry that is stored alone.
    pub(super) fn take_up(&mut self, stored: &[u8]) -> Result<(), Damage> {
        let parsed = match line::split(stored) {
            Ok((json, length)) if length == stored.len() => line::parse(json),
            Ok(_) => Err(Flaw::Form),
            Err(flaw) => Err(flaw),
        };
        let entry = parsed.map_err(|flaw| self.damage(0, &flaw))?;
        self.push(entry)
    }

    /// Adds an entry, when it is the one that comes next.
    pub(super) fn push(&mut self, entry: Entry) -> Result<(), Damage> {
        let line = self.next();
        let refused = |what: String| Err(Damage { line, what, is_unknown: false });
        if entry.number != line {
            return refused(format!("it has number {}, and {line} should follow", entry.number));
        }
        let current = self.entries.last().map(|last| last.lease);
        let expected = if matches!(entry.event, Event::LeaseTaken { .. }) { Some(line) } else { current };
        if Some(entry.lease) != expected {
            let newest = current.map_or_else(|| "none was taken".to_owned(), |lease| format!("the newest is {lease}"));
            return refused(format!("it was written under lease {}, and {newest}", entry.lease));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// The newest lease, when there was ever one.
    pub(super) fn lease(&self) -> Option<Lease> {
        let number = self.entries.last()?.lease;
        let taken = self.entries.get(usize::try_from(number.checked_sub(1)?).ok()?)?;
        let Event::LeaseTaken { holder, until, .. } = &taken.event else { return None };
        let mut lease = Lease { number, holder: holder.clone(), since: taken.at, until: *until, released: false };
        for entry in self.entries.iter().rev().take_while(|entry| entry.number > number) {
            match &entry.event {
                Event::LeaseReleased => lease.released = true,
                Event::LeaseRenewed { until } => {
                    lease.until = Some(*until);
                    break;
                }
                _ => {}
            }
        }
        Some(lease)
    }

    fn damage(&self, after: usize, flaw: &Flaw) -> Damage {
        let line = self.next() + after as u64;
        Damage { line, what: flaw.said(), is_unknown: matches!(flaw, Flaw::Unknown(_)) }
    }
}

/// The entries of the lines, read side by side when there are many.
fn parse(lines: &[&[u8]], bytes: usize) -> Vec<Result<Entry, Flaw>> {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = (bytes / WORTH_A_THREAD).clamp(1, available.min(MOST_THREADS));
    if threads == 1 {
        return lines.iter().map(|json| line::parse(json)).collect();
    }
    let mut entries = Vec::with_capacity(lines.len());
    std::thread::scope(|scope| {
        let parts = lines.chunks(lines.len().div_ceil(threads));
        let read = |part: &'_ [&[u8]]| part.iter().map(|json| line::parse(json)).collect::<Vec<_>>();
        let workers: Vec<_> = parts.map(|part| (part, scope.spawn(move || read(part)))).collect();
        for (part, worker) in workers {
            // Should a thread ever fail, its part is read here.
            entries.extend(worker.join().unwrap_or_else(|_| read(part)));
        }
    });
    entries
}
