use std::fmt;
use std::str::FromStr;

use super::{UnitError, parse_number, split_unit};

/// How often something happens, in events a second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Rate(f64);

impl Rate {
    /// The name of this quantity in a schema.
    pub const QUANTITY: &str = "rate";

    /// So many a second; negative or non-finite values become zero.
    #[must_use]
    pub const fn per_second(value: f64) -> Self {
        Self(if value.is_finite() && value > 0.0 { value } else { 0.0 })
    }

    /// The rate in events a second.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split_unit(text);
        let value = parse_number(number).ok_or_else(|| UnitError::NotANumber {
            text: text.to_owned(),
            quantity: "a rate",
            example: "3/s",
        })?;
        let factor = match unit.trim_start_matches('/').trim() {
            _ if unit.is_empty() => return Err(UnitError::MissingUnit { text: text.to_owned(), example: "3/s" }),
            "s" | "sec" | "second" | "per second" => 1.0,
            "min" | "minute" | "per minute" => 1.0 / 60.0,
            "h" | "hour" | "per hour" => 1.0 / 3_600.0,
            "d" | "day" | "per day" => 1.0 / 86_400.0,
            _ => {
                return Err(UnitError::UnknownUnit {
                    unit: unit.to_owned(),
                    quantity: "rate",
                    known: "/s, /min, /h, /day",
                });
            }
        };
        if !(0.0..=1e9).contains(&(value * factor)) {
            return Err(UnitError::OutOfRange {
                text: text.to_owned(),
                rule: "a rate is between 0 and a billion a second",
            });
        }
        Ok(Self(value * factor))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/s", (self.0 * 1000.0).round() / 1000.0)
    }
}

impl serde::Serialize for Rate {
    /// A plain number of events a second, as the metrics format has it.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Rate {
    /// Reads `14` (a second) and `"120/min"`.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(value) if (0.0..=1e9).contains(&value) => Ok(Self(value)),
            Written::Number(value) => Err(serde::de::Error::custom(format!("{value} is not a rate"))),
            Written::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

impl schemars::JsonSchema for Rate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rate".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["number", "string"],
            "minimum": 0,
            "maximum": 1_000_000_000,
            "description": "A plain number is events a second; a string says its unit: /s, /min, /h, /day.",
            "examples": [14, "120/min"],
            "x-quantity": Rate::QUANTITY,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn rates_are_read_in_every_unit() {
        assert_eq!("3/s".parse(), Ok(Rate::per_second(3.0)));
        assert_eq!("120/min".parse(), Ok(Rate::per_second(2.0)));
        assert_eq!("86400 /day".parse(), Ok(Rate::per_second(1.0)));
        assert!("3".parse::<Rate>().is_err());
        assert!("3/fortnight".parse::<Rate>().is_err());
    }
}
