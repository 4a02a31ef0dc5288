use super::{Decision, Inputs, Usage, decide};
use crate::diagnostic::Diagnostic;
use crate::metrics::{Metrics, Snapshot};
use crate::units::{Bytes, Money, Rate};

/// What the project costs at a number of users.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Active users.
    pub users: u64,
    /// The cost of a month; `None` when nothing fits any more.
    pub monthly: Option<Money>,
    /// Whether every price in it is known.
    pub complete: bool,
    /// The offers.
    pub offers: Vec<String>,
    /// The ladder's stage.
    pub stage: Option<String>,
    /// Why nothing fits; `None` when something does.
    pub obstacle: Option<String>,
}

/// The users for which the cost is told: 1, 2, 5 of each power of ten, and today's.
#[must_use]
pub fn usual_users(today: Option<u64>) -> Vec<u64> {
    let mut users: Vec<u64> = (1..=4).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power))).collect();
    users.push(100_000);
    users.extend(today.filter(|today| *today > 0));
    users.sort_unstable();
    users.dedup();
    users
}

/// The decision's cost at each number of users: what users cause (requests, CPU, data, Redis commands) grows with them,
/// what one request or one worker needs stays.
///
/// # Errors
/// The measured mode needs today's active users to relate the figures to users; the ladder may not exist.
pub fn curve(inputs: &Inputs<'_>, users: &[u64]) -> Result<Vec<Point>, Vec<Diagnostic>> {
    let today = inputs.metrics.snapshot.users.active.filter(|users| *users > 0);
    let measured = Usage::of(inputs).is_measured() && inputs.policy.mode.decide != Some(crate::policy::Decide::Ladder)
        || inputs.policy.mode.decide == Some(crate::policy::Decide::Measured);
    if measured && today.is_none() {
        return Err(vec![
            Diagnostic::error("no-users", "the cost over users needs `users.active`, to relate the figures to users")
                .help(format!("add `users: {{active: 812}}` to {}", inputs.policy.files.metrics)),
        ]);
    }
    users.iter().map(|users| point(inputs, today, *users)).collect()
}

/// No border between two points is looked for in more steps than this.
const HALVINGS: u32 = 12;

/// No more borders than this are looked for between two points.
const BORDERS: u32 = 32;

impl Point {
    /// The curve with the borders between its points: the number of users from which on something else runs, by
    /// halving. What lies between two points that run the same stays unseen. Where a price follows use, the last point
    /// before a border comes with it.
    ///
    /// # Errors
    /// As for [`curve`].
    pub fn with_borders(inputs: &Inputs<'_>, points: &[Self]) -> Result<Vec<Self>, Vec<Diagnostic>> {
        let today = inputs.metrics.snapshot.users.active.filter(|users| *users > 0);
        with_borders(points, |users| point(inputs, today, users))
    }

    fn runs_as(&self, other: &Self) -> bool {
        self.monthly.is_some() == other.monthly.is_some() && self.offers == other.offers
    }
}

fn with_borders<E>(points: &[Point], mut at: impl FnMut(u64) -> Result<Point, E>) -> Result<Vec<Point>, E> {
    let mut all: Vec<Point> = Vec::new();
    for right in points {
        for _ in 0..BORDERS {
            let Some(left) = all.last().filter(|left| !left.runs_as(right)) else { break };
            let (before, border) = border(left, right, &mut at)?;
            if before.monthly != left.monthly {
                all.push(before);
            }
            if border.users >= right.users {
                break;
            }
            all.push(border);
        }
        all.push(right.clone());
    }
    Ok(all)
}

/// The last point that runs what the left one does, and the first one that does not, as far as halving finds them.
fn border<E>(left: &Point, right: &Point, at: &mut impl FnMut(u64) -> Result<Point, E>) -> Result<(Point, Point), E> {
    let (mut low, mut high) = (left.clone(), right.clone());
    for _ in 0..HALVINGS {
        if high.users - low.users < 2 {
            break;
        }
        let middle = at(u64::midpoint(low.users, high.users))?;
        if middle.runs_as(left) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok((low, high))
}

fn point(inputs: &Inputs<'_>, today: Option<u64>, users: u64) -> Result<Point, Vec<Diagnostic>> {
    #[allow(clippy::cast_precision_loss)]
    let factor = today.map_or(1.0, |today| users as f64 / today as f64);
    let mut metrics = Metrics::new(scaled(&inputs.metrics.snapshot, factor, users), None);
    metrics.measured_on.clone_from(&inputs.metrics.measured_on);
    let decision = decide(&Inputs { metrics: &metrics, ..*inputs })?;
    Ok(of_decision(users, &decision))
}

fn of_decision(users: u64, decision: &Decision) -> Point {
    let obstacle = decision.blocked.iter().find(|one| one.id == "nothing-fits").map(|one| one.message.clone());
    let fits = obstacle.is_none();
    let services = decision.target.services.iter().filter_map(|one| {
        let offer = one.offer.as_ref()?;
        Some(if one.instances > 1 { format!("{offer} x {}", one.instances) } else { offer.clone() })
    });
    let databases = decision.target.databases.iter().filter_map(|one| {
        one.disk_gb.map_or_else(|| one.offer.clone(), |gb| Some(format!("{} + {gb} GB", one.offer.as_ref()?)))
    });
    let redis =
        decision.target.redis.iter().filter_map(|one| Some(format!("{} {}", one.provider.name(), one.offer.as_ref()?)));
    Point {
        users,
        monthly: decision.cost.target_monthly.filter(|_| fits),
        complete: decision.cost.complete,
        offers: if fits { services.chain(databases).chain(redis).collect() } else { Vec::new() },
        stage: decision.stage.as_ref().map(|stage| stage.name.clone()),
        obstacle,
    }
}

/// A snapshot at another number of users.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn scaled(snapshot: &Snapshot, factor: f64, users: u64) -> Snapshot {
    let count = |value: Option<u64>| value.map(|value| (value as f64 * factor).round() as u64);
    let small = |value: Option<u32>| value.map(|value| (f64::from(value) * factor).round() as u32);
    let rate = |value: Option<Rate>| value.map(|value| Rate::per_second(value.value() * factor));
    let bytes = |value: Option<Bytes>| value.map(|value| value.scaled(factor));
    let cores = |value: Option<f64>| value.map(|value| value * factor);
    let mut then = snapshot.clone();
    then.history.clear();
    then.users.active = Some(users);
    then.users.registered = count(snapshot.users.registered);
    then.users.concurrent_peak = count(snapshot.users.concurrent_peak);
    then.requests.per_second.peak = rate(snapshot.requests.per_second.peak);
    // The demand of a request is CPU over rate: both stay as they were measured, only the peak moves.
    then.web.cpu.peak = cores(snapshot.web.cpu.peak);
    if then.requests.per_second.peak.is_none() {
        then.requests.per_second.peak = rate(snapshot.requests.per_second.mean);
    }
    if then.web.cpu.peak.is_none() {
        then.web.cpu.peak = cores(snapshot.web.cpu.mean);
    }
    // Kills happened at today's load.
    then.web.out_of_memory_kills = snapshot.web.out_of_memory_kills.filter(|_| factor >= 1.0);
    then.database.size = bytes(snapshot.database.size);
    then.database.growth_per_day = bytes(snapshot.database.growth_per_day);
    then.database.connections_peak = small(snapshot.database.connections_peak);
    then.database.cpu.peak = cores(snapshot.database.cpu.peak);
    then.redis.memory = bytes(snapshot.redis.memory);
    then.redis.commands_per_day = count(snapshot.redis.commands_per_day);
    then.redis.connections_peak = small(snapshot.redis.connections_peak);
    then
}

#[cfg(test)]
mod tests {
    use super::{Point, with_borders};
    use crate::units::Money;

    fn at(users: u64) -> Point {
        let monthly = match users {
            ..=36 => Some(Money::dollars(0)),
            37..=41 => Some(Money::dollars(7)),
            42..=7_000 => Some(Money::dollars(25)),
            _ => None,
        };
        let offers = monthly.map(|price| price.to_string()).into_iter().collect();
        Point { users, monthly, complete: true, offers, stage: None, obstacle: None }
    }

    #[test]
    fn a_price_by_use_has_no_borders_but_the_one_where_it_ends() {
        let at = |users: u64| {
            let by_use = users < 700;
            let price = if by_use { i64::try_from(users).unwrap_or(0) } else { 1_000 };
            Point { monthly: Some(Money::dollars(price)), offers: vec![by_use.to_string()], ..at(users) }
        };
        let points = [100, 200, 1_000].map(at);
        let all = with_borders(&points, |users| Ok::<_, ()>(at(users))).expect("no errors");
        let users: Vec<u64> = all.iter().map(|point| point.users).collect();
        assert_eq!(users, [100, 200, 699, 700, 1_000]);
    }

    #[test]
    fn every_border_between_two_points_is_found() {
        let points = [10, 20, 50, 5_000, 10_000].map(at);
        let all = with_borders(&points, |users| Ok::<_, ()>(at(users))).expect("no errors");
        let users: Vec<u64> = all.iter().map(|point| point.users).collect();
        assert_eq!(users[..5], [10, 20, 37, 42, 50]);
        // 5,000 halved twelve times leaves two users open.
        assert!((7_001..=7_003).contains(&users[6]), "{users:?}");
    }
}
