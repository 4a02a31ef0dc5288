/// How a figure changes, in units a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The median slope.
    pub slope: f64,
    /// The slope that nine of ten pairs of measurements exceed.
    pub slow: f64,
    /// The slope that one of ten pairs exceeds.
    pub fast: f64,
    /// How many measurements it rests on.
    pub points: usize,
}

impl Trend {
    /// A trend that somebody states instead of a history; its spread is unknown, so it has none.
    #[must_use]
    pub const fn stated(slope: f64) -> Self {
        Self { slope, slow: slope, fast: slope, points: 0 }
    }
}

/// When a figure reaches a limit, in days from now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// By the median slope.
    pub days: f64,
    /// By the fast slope.
    pub earliest: f64,
    /// By the slow slope; `None` when that one never reaches it.
    pub latest: Option<f64>,
}

impl Trend {
    /// When a figure that is `now` reaches `limit`; `None` when it does not grow.
    #[must_use]
    pub fn crossing(&self, now: f64, limit: f64) -> Option<Crossing> {
        let days = |slope: f64| (slope > 0.0).then(|| ((limit - now) / slope).max(0.0));
        let median = days(self.slope)?;
        Some(Crossing { days: median, earliest: days(self.fast).unwrap_or(median), latest: days(self.slow) })
    }
}

/// The trend of a series of (day, value): the median of the slopes of all pairs (Theil 1950, Sen 1968), which one
/// outlier does not move. `None` with fewer than two different days.
#[must_use]
pub fn trend(series: &[(f64, f64)]) -> Option<Trend> {
    let mut slopes: Vec<f64> = Vec::new();
    for (index, (day, value)) in series.iter().enumerate() {
        for (other_day, other_value) in &series[index + 1..] {
            if (other_day - day).abs() > 1e-9 {
                slopes.push((other_value - value) / (other_day - day));
            }
        }
    }
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    Some(Trend {
        slope: quantile(&slopes, 0.5),
        slow: quantile(&slopes, 0.1),
        fast: quantile(&slopes, 0.9),
        points: series.len(),
    })
}

/// A quantile of sorted values, linear between the two nearest (Hyndman and Fan's type 7).
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let low = position.floor() as usize;
    let high = position.ceil() as usize;
    sorted[low] + (sorted[high] - sorted[low]) * (position - low as f64)
}

#[cfg(test)]
mod tests {
    use super::{Trend, trend};

    #[test]
    fn one_outlier_does_not_move_the_trend() {
        let series: Vec<(f64, f64)> =
            (0..10).map(|day| (f64::from(day), if day == 5 { 900.0 } else { 100.0 + 3.0 * f64::from(day) })).collect();
        let trend = trend(&series).expect("ten points");
        assert!((trend.slope - 3.0).abs() < 1e-9, "{trend:?}");
    }

    #[test]
    fn a_shrinking_figure_never_reaches_its_limit() {
        assert_eq!(Trend::stated(-1.0).crossing(10.0, 20.0), None);
        assert_eq!(Trend::stated(2.0).crossing(10.0, 20.0).map(|c| c.days), Some(5.0));
        assert_eq!(trend(&[(1.0, 5.0)]), None);
    }
}
