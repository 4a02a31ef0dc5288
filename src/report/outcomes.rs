use anstyle::{AnsiColor, Style};
use textwrap::Options;

use super::figure::counted;
use super::table::WIDTH;
use crate::verify::{Outcome, Status};

/// The outcomes of probes as text of at most 80 columns: one line each, with cause and remedy where one fails.
#[must_use]
pub fn outcomes(outcomes: &[Outcome]) -> String {
    let mut out: String = outcomes.iter().map(one).collect();
    out.push_str(&total(outcomes));
    out
}

fn one(outcome: &Outcome) -> String {
    let (mark, color) = match outcome.status {
        Status::Holds => ("ok", AnsiColor::Green),
        Status::Fails => ("NO", AnsiColor::Red),
        Status::Unknown => ("?", AnsiColor::Yellow),
    };
    let line = format!("{} {}, {} ms: {}", outcome.probe, outcome.of, outcome.milliseconds, outcome.note);
    let body = wrapped(&line, "     ", "       ");
    let style = Style::new().fg_color(Some(color.into()));
    // The mark is put in after wrapping: colours have no width.
    let mut out = format!(" {style}{mark:>2}{style:#}  {}\n", body.trim_start());
    if let Some(fault) = &outcome.fault {
        let remedy = if fault.remedy.is_empty() { String::new() } else { format!("; {}", fault.remedy) };
        let cause = format!("{}{remedy}", fault.cause.name());
        out.push_str(&wrapped(&cause, "       ", "       "));
        out.push('\n');
    }
    out
}

fn total(outcomes: &[Outcome]) -> String {
    let count = |status: Status| outcomes.iter().filter(|outcome| outcome.status == status).count();
    let (hold, fail, unknown) = (count(Status::Holds), count(Status::Fails), count(Status::Unknown));
    let verb = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut parts = vec![verb(hold, "holds", "hold")];
    if fail > 0 {
        parts.push(verb(fail, "fails", "fail"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} cannot be seen from here"));
    }
    format!("{}: {}\n", counted(outcomes.len(), "probe"), parts.join(", "))
}

fn wrapped(line: &str, first: &str, rest: &str) -> String {
    textwrap::fill(
        line,
        Options::new(usize::from(WIDTH)).initial_indent(first).subsequent_indent(rest).break_words(false),
    )
}

#[cfg(test)]
mod tests {
    use super::outcomes;
    use crate::client::{Cause, Fault};
    use crate::verify::{Outcome, Status};

    #[test]
    fn a_failure_is_told_with_its_cause_and_what_to_do() {
        let outcome = |status, note: &str, fault| Outcome {
            probe: "redis".to_owned(),
            of: "REDIS_URL".to_owned(),
            expect: "it answers".to_owned(),
            status,
            note: note.to_owned(),
            figures: Vec::new(),
            fault,
            milliseconds: 12,
        };
        let fault = Fault::new(Cause::Refused, "nothing listens on host:1").remedy("start it");
        let shown = outcomes(&[
            outcome(Status::Holds, "Redis 7", None),
            outcome(Status::Fails, "nothing listens on host:1", Some(fault)),
            outcome(Status::Unknown, "not set", None),
        ]);
        insta::assert_snapshot!(anstream::adapter::strip_str(&shown), @r"
         ok  redis REDIS_URL, 12 ms: Redis 7
         NO  redis REDIS_URL, 12 ms: nothing listens on host:1
               refused; start it
          ?  redis REDIS_URL, 12 ms: not set
        3 probes: 1 holds, 1 fails, 1 cannot be seen from here
        ");
    }
}
