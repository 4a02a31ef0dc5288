use std::fmt;
use std::str::FromStr;

use super::{UnitError, parse_number, split_unit, string_quantity};

/// A length of time, in seconds. A day is 24 hours: palier plans months, not leap seconds.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Duration(f64);

impl Duration {
    /// The name of this quantity in a schema.
    pub const QUANTITY: &str = "duration";

    /// So many seconds; negative or non-finite values become zero.
    #[must_use]
    pub const fn seconds(seconds: f64) -> Self {
        Self(if seconds.is_finite() && seconds > 0.0 { seconds } else { 0.0 })
    }

    /// So many days.
    #[must_use]
    pub const fn days(days: f64) -> Self {
        Self::seconds(days * 86_400.0)
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> f64 {
        self.0
    }

    /// The length in days.
    #[must_use]
    pub const fn as_days(self) -> f64 {
        self.0 / 86_400.0
    }
}

const UNITS: &[(&[&str], f64)] = &[
    (&["us", "µs"], 1e-6),
    (&["ms", "millisecond", "milliseconds"], 1e-3),
    (&["s", "sec", "second", "seconds"], 1.0),
    (&["m", "min", "minute", "minutes"], 60.0),
    (&["h", "hour", "hours"], 3_600.0),
    (&["d", "day", "days"], 86_400.0),
    (&["w", "week", "weeks"], 604_800.0),
    (&["month", "months"], 2_592_000.0),
];

impl FromStr for Duration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split_unit(text);
        let value = parse_number(number).ok_or_else(|| UnitError::NotANumber {
            text: text.to_owned(),
            quantity: "a duration",
            example: "480 ms",
        })?;
        if unit.is_empty() {
            return Err(UnitError::MissingUnit { text: text.to_owned(), example: "480 ms" });
        }
        let factor =
            UNITS.iter().find(|(names, _)| names.contains(&unit)).map(|(_, factor)| *factor).ok_or_else(|| {
                UnitError::UnknownUnit {
                    unit: unit.to_owned(),
                    quantity: "time",
                    known: "us, ms, s, min, h, days, weeks, months (of 30 days)",
                }
            })?;
        let seconds = value * factor;
        if !(0.0..=3.2e9).contains(&seconds) {
            return Err(UnitError::OutOfRange {
                text: text.to_owned(),
                rule: "a duration is between zero and a hundred years",
            });
        }
        Ok(Self(seconds))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            s if s < 1.0 => (s * 1e3, "ms"),
            s if s < 120.0 => (s, "s"),
            s if s < 7_200.0 => (s / 60.0, "min"),
            s if s < 86_400.0 => (s / 3_600.0, "h"),
            s => (s / 86_400.0, "days"),
        };
        let unit = if unit == "days" && (value - 1.0).abs() < 0.005 { "day" } else { unit };
        let rounded = (value * 100.0).round() / 100.0;
        write!(formatter, "{rounded} {unit}")
    }
}

string_quantity!(
    Duration,
    "Duration",
    "A length of time with its unit: us, ms, s, min, h, days, weeks, months.",
    "480 ms"
);

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn units_from_microseconds_to_months_are_read() {
        assert_eq!("480 ms".parse(), Ok(Duration::seconds(0.48)));
        assert_eq!("15 min".parse(), Ok(Duration::seconds(900.0)));
        assert_eq!("30 days".parse(), Ok(Duration::days(30.0)));
        assert_eq!("1.9s".parse(), Ok(Duration::seconds(1.9)));
    }

    #[test]
    fn a_bare_or_negative_duration_is_refused() {
        assert!("480".parse::<Duration>().is_err());
        assert!("-3 s".parse::<Duration>().is_err());
        assert!("5 parsecs".parse::<Duration>().is_err());
    }

    #[test]
    fn display_picks_a_readable_unit() {
        assert_eq!(Duration::seconds(0.48).to_string(), "480 ms");
        assert_eq!(Duration::seconds(1.9).to_string(), "1.9 s");
        assert_eq!(Duration::days(7.0).to_string(), "7 days");
        assert_eq!(Duration::days(1.0).to_string(), "1 day");
    }
}
