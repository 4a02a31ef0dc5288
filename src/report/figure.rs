use crate::units::{Bytes, Money};

/// A figure with its unit, for a person: `411 MiB`, `1,432 ms`, `0.41 cores`.
#[must_use]
pub fn figure(value: Option<f64>, unit: &str) -> String {
    let Some(value) = value else { return "-".to_owned() };
    match unit {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        "bytes" => Bytes(value.max(0.0) as u64).to_string(),
        "ms" if value >= 10_000.0 => format!("{:.1} s", value / 1e3),
        "ms" => format!("{value:.0} ms"),
        "GB" => format!("{} GB", rounded(value, 2)),
        "cores" => format!("{} cores", rounded(value, 3)),
        "utilisation" => format!("{:.0} %", value * 100.0),
        "connections" => format!("{value:.0}"),
        "commands/month" => format!("{}/month", grouped(value)),
        "USD/month" => format!("${value:.2}"),
        "" => rounded(value, 3),
        other => format!("{} {other}", rounded(value, 3)),
    }
}

/// An amount, or `unknown`: a price that is not known is never shown as zero.
#[must_use]
pub fn money(amount: Option<Money>) -> String {
    amount.map_or_else(|| "unknown".to_owned(), |amount| amount.to_string())
}

/// `1 worker`, `2 workers`.
pub(super) fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// At most so many decimal places, without trailing zeros.
fn rounded(value: f64, places: i32) -> String {
    let factor = 10_f64.powi(places);
    format!("{}", (value * factor).round() / factor)
}

/// Thousands separated: `4,103,000`.
pub(super) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{figure, grouped};

    #[test]
    fn figures_read_as_a_person_would_write_them() {
        assert_eq!(figure(Some(431_000_000.0), "bytes"), "411 MiB");
        assert_eq!(figure(Some(0.41), "cores"), "0.41 cores");
        assert_eq!(figure(None, "ms"), "-");
        assert_eq!(grouped(4_103_000.0), "4,103,000");
        assert_eq!(grouped(999.0), "999");
    }
}
