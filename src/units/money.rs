use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::UnitError;

/// An amount of US dollars, the currency in which Render, Upstash and AWS bill. Decimal, never floating point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(Decimal);

impl Money {
    /// The name of this quantity in a schema.
    pub const QUANTITY: &str = "money";
    /// No money at all.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// An amount from a decimal number of dollars.
    #[must_use]
    pub const fn new(dollars: Decimal) -> Self {
        Self(dollars)
    }

    /// So many whole dollars.
    #[must_use]
    pub fn dollars(dollars: i64) -> Self {
        Self(Decimal::from(dollars))
    }

    /// The amount as a decimal number of dollars.
    #[must_use]
    pub const fn amount(self) -> Decimal {
        self.0
    }

    /// The amount as a floating-point number, for charts and percentages alone.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0.to_f64().unwrap_or_default()
    }

    /// Rounded to the cent, half away from zero, as bills are.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self(self.0.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero))
    }

    /// The amount with two decimal places and no sign of currency: the form of the JSON contract.
    #[must_use]
    pub fn decimal(self) -> String {
        format!("{:.2}", self.rounded().0)
    }

    /// The amount with its sign, for differences: `+$7.00`, `-$3.00`, `$0.00`.
    #[must_use]
    pub fn signed(self) -> String {
        let sign = if self.rounded().0.is_zero() {
            ""
        } else if self.0.is_sign_negative() {
            "-"
        } else {
            "+"
        };
        format!("{sign}${:.2}", self.rounded().0.abs())
    }
}

impl FromStr for Money {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let trimmed = text.trim();
        let number = trimmed.strip_prefix('$').or_else(|| trimmed.strip_suffix("USD"));
        let Some(number) = number.map(str::trim) else {
            let bare = Decimal::from_str(trimmed).is_ok();
            return Err(if bare {
                UnitError::MissingUnit { text: text.to_owned(), example: "$60" }
            } else {
                UnitError::NotANumber { text: text.to_owned(), quantity: "an amount of dollars", example: "$60" }
            });
        };
        let amount = Decimal::from_str(&number.replace(['_', ','], "")).map_err(|_| UnitError::NotANumber {
            text: text.to_owned(),
            quantity: "an amount of dollars",
            example: "$60",
        })?;
        if amount.is_sign_negative() || amount > Decimal::from(1_000_000_000_i64) {
            return Err(UnitError::OutOfRange {
                text: text.to_owned(),
                rule: "an amount is between $0 and a billion dollars",
            });
        }
        Ok(Self(amount))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.rounded().0.is_sign_negative() && !self.rounded().0.is_zero() { "-" } else { "" };
        formatter.pad(&format!("{sign}${:.2}", self.rounded().0.abs()))
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Money {
    type Output = Self;
    fn mul(self, count: u64) -> Self {
        Self(self.0.saturating_mul(Decimal::from(count)))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl serde::Serialize for Money {
    /// A decimal string with two places, as the JSON contract has it.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.decimal())
    }
}

impl<'de> serde::Deserialize<'de> for Money {
    /// Reads `"$60"` as a person writes it and `"60.00"` as the JSON contract has it.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match Decimal::from_str(&text) {
            Ok(amount) => Ok(Self(amount)),
            Err(_) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

impl schemars::JsonSchema for Money {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "An amount of US dollars.",
            "examples": ["$60"],
            "x-quantity": Money::QUANTITY,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Money;

    #[test]
    fn dollars_are_read_with_their_sign_only() {
        assert_eq!("$60".parse(), Ok(Money::dollars(60)));
        assert_eq!("1,200.50 USD".parse::<Money>().map(Money::decimal), Ok("1200.50".to_owned()));
        assert!("60".parse::<Money>().is_err());
        assert!("$-3".parse::<Money>().is_err());
        assert!("60 EUR".parse::<Money>().is_err());
    }

    #[test]
    fn money_shows_cents_and_sign() {
        assert_eq!(Money::dollars(7).to_string(), "$7.00");
        assert_eq!((Money::dollars(3) - Money::dollars(10)).signed(), "-$7.00");
        assert_eq!((Money::dollars(3) - Money::dollars(3)).signed(), "$0.00");
    }
}
