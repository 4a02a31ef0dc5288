//! Money, bytes, rates, durations: the quantities that palier reasons about, each with its unit in its type.
//!
//! A quantity is written with its unit (`"480 ms"`, `"212 MiB"`, `"3/s"`) and never without one, because a bare
//! number in a usage file is the most expensive kind of mistake: megabytes read as mebibytes, seconds as milliseconds.

mod bytes;
mod duration;
mod money;
mod ratio;
mod rate;

pub use bytes::Bytes;
pub use duration::Duration;
pub use money::Money;
pub use rate::Rate;
pub use ratio::Ratio;

/// Why a text is not a quantity. `Display` says what was written, what is expected, and gives an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// There is no unit behind the number.
    #[error("`{text}` has no unit; write for example `{example}`")]
    MissingUnit {
        /// What was written.
        text: String,
        /// A right way to write something like it.
        example: &'static str,
    },
    /// There is a unit, but not one of this quantity.
    #[error("`{unit}` is not a unit of {quantity}; known are {known}")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// Which quantity was expected, in plain words.
        quantity: &'static str,
        /// The accepted units.
        known: &'static str,
    },
    /// It is not a number at all.
    #[error("`{text}` is not {quantity}; write for example `{example}`")]
    NotANumber {
        /// What was written.
        text: String,
        /// Which quantity was expected, in plain words.
        quantity: &'static str,
        /// A right way to write something like it.
        example: &'static str,
    },
    /// The number is outside of what this quantity can be.
    #[error("`{text}` is out of range: {rule}")]
    OutOfRange {
        /// What was written.
        text: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
}

/// The keyword in palier's JSON Schemas that names the quantity a string holds; see [`check`].
pub const QUANTITY_KEYWORD: &str = "x-quantity";

/// Checks a text against the quantity named by [`QUANTITY_KEYWORD`] in a schema; unknown names accept everything.
///
/// # Errors
/// The reason why the text is not such a quantity.
pub fn check(quantity: &str, text: &str) -> Result<(), UnitError> {
    match quantity {
        Bytes::QUANTITY => text.parse::<Bytes>().map(drop),
        Duration::QUANTITY => text.parse::<Duration>().map(drop),
        Money::QUANTITY => text.parse::<Money>().map(drop),
        Rate::QUANTITY => text.parse::<Rate>().map(drop),
        _ => Ok(()),
    }
}

/// Cuts `"212 MiB"` into `("212", "MiB")`; the unit is empty when there is none.
fn split_unit(text: &str) -> (&str, &str) {
    let trimmed = text.trim();
    let end =
        trimmed.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '+'))).unwrap_or(trimmed.len());
    (trimmed[..end].trim(), trimmed[end..].trim())
}

/// Reads the number part of a quantity; underscores group digits as in Rust and Python.
fn parse_number(number: &str) -> Option<f64> {
    if number.is_empty() || number.starts_with('_') || number.ends_with('_') {
        return None;
    }
    let value: f64 = number.replace('_', "").parse().ok()?;
    value.is_finite().then_some(value)
}

/// Implements serde and JSON Schema for a quantity that is written as a string with a unit.
macro_rules! string_quantity {
    ($type:ty, $name:literal, $description:literal, $example:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": $description,
                    "examples": [$example],
                    "x-quantity": <$type>::QUANTITY,
                })
            }
        }
    };
}
use string_quantity;
