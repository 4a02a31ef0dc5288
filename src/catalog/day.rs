use jiff::civil::Date;
use serde::Deserialize;
use toml::value::Datetime;

/// A day as TOML writes it: `2026-10-01` without quotes. jiff's own reader expects a string.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Datetime")]
pub(super) struct Day(pub(super) Date);

impl TryFrom<Datetime> for Day {
    type Error = String;

    fn try_from(value: Datetime) -> Result<Self, String> {
        let Datetime { date: Some(_), time: None, .. } = value else {
            return Err(format!("`{value}` is not a day; write for example `2026-10-01`"));
        };
        value.to_string().parse().map(Self).map_err(|error: jiff::Error| error.to_string())
    }
}
