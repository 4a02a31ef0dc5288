use std::fmt;
use std::str::FromStr;

use super::{UnitError, parse_number, split_unit, string_quantity};

/// An amount of memory or storage, in bytes.
///
/// `KiB`, `MiB`, `GiB`, `TiB` are powers of 1024; `kB`, `MB`, `GB`, `TB` are powers of 1000 (IEC 80000-13).
/// Providers say "512 MB" and mean 512 MiB of a container's limit; the catalog writes the binary unit for those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

impl Bytes {
    /// The name of this quantity in a schema.
    pub const QUANTITY: &str = "bytes";

    /// So many mebibytes.
    #[must_use]
    pub const fn mebibytes(count: u64) -> Self {
        Self(count << 20)
    }

    /// So many gibibytes.
    #[must_use]
    pub const fn gibibytes(count: u64) -> Self {
        Self(count << 30)
    }

    /// The amount as a floating-point number, for ratios.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// A share of the amount, rounded down.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn scaled(self, factor: f64) -> Self {
        Self((self.as_f64() * factor.max(0.0)) as u64)
    }
}

const UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split_unit(text);
        let value = parse_number(number).ok_or_else(|| UnitError::NotANumber {
            text: text.to_owned(),
            quantity: "a size",
            example: "212 MiB",
        })?;
        if unit.is_empty() {
            return Err(UnitError::MissingUnit { text: text.to_owned(), example: "212 MiB" });
        }
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .or_else(|| UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)))
            .map(|(_, factor)| *factor)
            .ok_or_else(|| UnitError::UnknownUnit {
                unit: unit.to_owned(),
                quantity: "size",
                known: "B, KiB, MiB, GiB, TiB, kB, MB, GB, TB",
            })?;
        #[allow(clippy::cast_precision_loss)]
        let bytes = value * factor as f64;
        if !(0.0..9.0e18).contains(&bytes) {
            return Err(UnitError::OutOfRange { text: text.to_owned(), rule: "a size is between 0 B and 8 EiB" });
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Ok(Self(bytes.round() as u64))
    }
}

impl fmt::Display for Bytes {
    /// The largest binary unit that leaves at least 1, with at most one decimal place.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = match self.0 {
            0..1024 => return write!(formatter, "{} B", self.0),
            1024..1_048_576 => ("KiB", 1_u64 << 10),
            1_048_576..1_073_741_824 => ("MiB", 1 << 20),
            1_073_741_824..1_099_511_627_776 => ("GiB", 1 << 30),
            _ => ("TiB", 1 << 40),
        };
        let tenths = (u128::from(self.0) * 10 + u128::from(factor) / 2) / u128::from(factor);
        match (tenths / 10, tenths % 10) {
            (whole, 0) => write!(formatter, "{whole} {unit}"),
            (whole, tenth) => write!(formatter, "{whole}.{tenth} {unit}"),
        }
    }
}

string_quantity!(Bytes, "Bytes", "A size with its unit: B, KiB, MiB, GiB, TiB or kB, MB, GB, TB.", "212 MiB");

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn binary_and_decimal_units_differ() {
        assert_eq!("1 MiB".parse(), Ok(Bytes(1_048_576)));
        assert_eq!("1MB".parse(), Ok(Bytes(1_000_000)));
        assert_eq!("1.5 GiB".parse(), Ok(Bytes(1_610_612_736)));
    }

    #[test]
    fn a_size_without_a_unit_is_refused() {
        let error = "212".parse::<Bytes>().map_err(|e| e.to_string());
        assert_eq!(error, Err("`212` has no unit; write for example `212 MiB`".to_owned()));
        assert!("-1 MiB".parse::<Bytes>().is_err());
        assert!("3 apples".parse::<Bytes>().is_err());
    }

    #[test]
    fn display_uses_the_unit_that_reads_best() {
        assert_eq!(Bytes::mebibytes(512).to_string(), "512 MiB");
        assert_eq!(Bytes(1_610_612_736).to_string(), "1.5 GiB");
        assert_eq!(Bytes(17).to_string(), "17 B");
    }
}
