use serde_json::{Value, json};

use super::figure::grouped;
use crate::generate::template::{Escape, Template, TemplateError};
use crate::units::Money;

static TEMPLATE: Template =
    Template::new("report/cost.svg.hbs", include_str!("../../templates/report/cost.svg.hbs"), Escape::Html);

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 830.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 350.0;

/// A point of a cost curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurvePoint {
    /// Active users.
    pub users: u64,
    /// The cost of a month; `None` when nothing fits any more.
    pub monthly: Option<Money>,
    /// What runs: between two points that run the same, the cost is a slope.
    pub runs: String,
}

/// What a chart shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve {
    /// The project's name.
    pub name: String,
    /// The points, by users.
    pub points: Vec<CurvePoint>,
    /// Today's active users.
    pub today: Option<u64>,
}

/// The cost over users as an SVG that reads by itself: axes, steps, today's point. The users are on a logarithmic axis;
/// the cost is a staircase, because it changes only where the decision does.
///
/// # Errors
/// The template could not be rendered: a defect of palier.
pub fn chart(curve: &Curve) -> Result<String, TemplateError> {
    let geometry = Geometry::of(curve);
    let title = format!("{}: monthly cost over users", curve.name);
    let description: Vec<String> = curve
        .points
        .iter()
        .map(|point| {
            let price = point.monthly.map_or_else(|| "nothing fits".to_owned(), |price| price.to_string());
            format!("{} users: {price}", grouped(float(point.users)))
        })
        .collect();
    TEMPLATE.render(&json!({
        "width": WIDTH, "height": HEIGHT, "left": LEFT, "title": title, "description": description.join("; "),
        "middle": number(f64::midpoint(LEFT, RIGHT)), "axis_y": BOTTOM + 45.0, "center": number(f64::midpoint(TOP, BOTTOM)),
        "rows": geometry.rows(), "columns": geometry.columns(), "path": geometry.path(&curve.points),
        "steps": geometry.steps(curve), "today": geometry.today(curve), "ends": geometry.end(&curve.points),
    }))
}

#[allow(clippy::cast_precision_loss)]
const fn float(value: u64) -> f64 {
    value as f64
}

/// A coordinate with one decimal place, so that the same curve gives the same bytes everywhere.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// How far the axis goes on beyond the last point, as a share of its length.
const BEYOND: f64 = 0.06;

/// About how wide a character of a step's label is.
const CHARACTER: f64 = 6.6;

/// Steps that are closer together than this are labelled as one, unless they are long.
const APART: f64 = 12.0;

/// From this length on a step has a label of its own.
const LONG: f64 = 40.0;

/// One step of the staircase.
struct Tread {
    price: Money,
    left: f64,
    right: f64,
    /// Its height where it begins.
    y: f64,
    /// Its height where it ends.
    end: f64,
}

/// What a line or a label covers.
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    /// A line with its width.
    fn around(left: f64, right: f64, top: f64, bottom: f64) -> Self {
        Self { left: left - 2.5, right: right + 2.5, top: top - 2.0, bottom: bottom + 2.0 }
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

struct Geometry {
    least: f64,
    most: f64,
    highest: f64,
    tick: f64,
}

impl Geometry {
    fn of(curve: &Curve) -> Self {
        let users = || curve.points.iter().map(|point| float(point.users.max(1)));
        let highest = curve.points.iter().filter_map(|point| point.monthly).max().map_or(10.0, Money::as_f64).max(10.0);
        let tick = nice(highest / 4.0);
        let least = users().fold(f64::INFINITY, f64::min).min(10.0);
        let most = users().fold(0.0, f64::max).max(100.0);
        Self {
            least,
            // A little beyond the last point, so that its step is seen.
            most: most * (most / least).powf(BEYOND),
            highest: (highest / tick).ceil() * tick,
            tick,
        }
    }

    fn x(&self, users: f64) -> f64 {
        let share = (users.max(self.least) / self.least).ln() / (self.most / self.least).ln();
        LEFT + share * (RIGHT - LEFT)
    }

    fn y(&self, price: Money) -> f64 {
        BOTTOM - price.as_f64() / self.highest * (BOTTOM - TOP)
    }

    fn rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut price = 0.0;
        while price <= self.highest + 1e-9 {
            let y = BOTTOM - price / self.highest * (BOTTOM - TOP);
            rows.push(json!({"x1": LEFT, "x2": RIGHT, "y": number(y), "label_x": LEFT - 8.0, "label_y": number(y + 4.0), "label": format!("${}", grouped(price))}));
            price += self.tick;
        }
        rows
    }

    fn columns(&self) -> Vec<Value> {
        let mut columns = Vec::new();
        let mut users = 10_f64.powf(self.least.log10().ceil());
        while users <= self.most * 1.000_1 {
            columns.push(json!({"x": number(self.x(users)), "y1": TOP, "y2": BOTTOM, "label_y": BOTTOM + 20.0, "label": grouped(users)}));
            users *= 10.0;
        }
        columns
    }

    /// The staircase: the cost of a number of users holds until the next one, the last one to the edge; a price that
    /// follows use is a slope.
    fn path(&self, points: &[CurvePoint]) -> String {
        let mut path = String::new();
        for tread in self.treads(points) {
            let (x, y) = (number(tread.left), number(tread.y));
            path.push_str(&if path.is_empty() { format!("M{x} {y}") } else { format!(" V{y}") });
            let right = number(tread.right);
            path.push_str(&if tread.y == tread.end {
                format!(" H{right}")
            } else {
                format!(" L{right} {}", number(tread.end))
            });
        }
        path
    }

    /// The steps of the staircase, until nothing fits.
    fn treads(&self, points: &[CurvePoint]) -> Vec<Tread> {
        let mut treads: Vec<Tread> = Vec::new();
        for (index, point) in points.iter().enumerate() {
            let Some(price) = point.monthly else { break };
            let next = points.get(index + 1);
            let right = next.map_or(RIGHT, |next| self.x(float(next.users)));
            let same = next.filter(|next| next.runs == point.runs).and_then(|next| next.monthly);
            let (y, end) = (self.y(price), self.y(same.unwrap_or(price)));
            match treads.last_mut().filter(|tread| tread.price == price && y == end) {
                Some(tread) if tread.y == tread.end => tread.right = right,
                _ => treads.push(Tread { price, left: self.x(float(point.users)), right, y, end }),
            }
        }
        treads
    }

    /// The cost beside the steps that differ visibly, where there is room for it.
    fn steps(&self, curve: &Curve) -> Vec<Value> {
        let treads = self.treads(&curve.points);
        let mut taken = Self::covered(&treads);
        if let Some((users, price)) = Self::point_of_today(curve) {
            let (x, y) = (self.x(users), self.y(price));
            taken.push(Area::around(x, x, TOP, BOTTOM));
            taken.push(Area { left: x - 6.0, right: x + 6.0, top: y - 6.0, bottom: y + 6.0 });
        }
        let mut steps = Vec::new();
        for tread in visible(treads) {
            let label = tread.price.to_string();
            let Some((x, anchor, y, area)) = place(&tread, &label, &taken) else { continue };
            taken.push(area);
            steps.push(json!({"x": number(x), "y": number(y), "anchor": anchor, "label": label}));
        }
        steps
    }

    /// What the staircase covers.
    fn covered(treads: &[Tread]) -> Vec<Area> {
        let level =
            |tread: &Tread| Area::around(tread.left, tread.right, tread.y.min(tread.end), tread.y.max(tread.end));
        let risers = treads.iter().zip(treads.iter().skip(1));
        let riser = |(one, next): (&Tread, &Tread)| {
            Area::around(next.left, next.left, one.end.min(next.y), one.end.max(next.y))
        };
        treads.iter().map(level).chain(risers.map(riser)).collect()
    }

    /// Today's users, and what they cost.
    fn point_of_today(curve: &Curve) -> Option<(f64, Money)> {
        let users = curve.today?;
        let price = curve.points.iter().rev().find(|point| point.users <= users)?.monthly?;
        Some((float(users), price))
    }

    fn today(&self, curve: &Curve) -> Vec<Value> {
        let Some((users, price)) = Self::point_of_today(curve) else { return Vec::new() };
        let x = self.x(users);
        let left = x > f64::midpoint(LEFT, RIGHT);
        vec![json!({
            "x": number(x), "y": number(self.y(price)), "y1": TOP, "y2": BOTTOM,
            "label_x": number(if left { x - 8.0 } else { x + 8.0 }), "label_y": TOP - 6.0,
            "anchor": if left { "end" } else { "start" },
            "label": format!("today: {} users, {price}", grouped(users)),
        })]
    }

    fn end(&self, points: &[CurvePoint]) -> Vec<Value> {
        let first = points.iter().find(|point| point.monthly.is_none());
        first
            .map(|point| {
                json!({"x": RIGHT, "y": number(BOTTOM - 8.0), "label": format!("from {} users on nothing fits", grouped(float(point.users)))})
            })
            .into_iter()
            .collect()
    }
}

/// The steps as a reader tells them apart: what differs by little from the one before belongs to it.
fn visible(treads: Vec<Tread>) -> Vec<Tread> {
    let mut seen: Vec<Tread> = Vec::new();
    for tread in treads {
        let near = |last: &Tread| {
            let apart = (last.y - tread.y).abs();
            apart < APART && (apart < APART / 4.0 || tread.right - tread.left < LONG)
        };
        match seen.last_mut().filter(|last| near(last)) {
            Some(last) => last.right = tread.right,
            None => seen.push(tread),
        }
    }
    seen
}

/// Where a step's label meets nothing: its place, its anchor and what it covers. Without room there is none, and the
/// description alone tells the price.
fn place(tread: &Tread, label: &str, taken: &[Area]) -> Option<(f64, &'static str, f64, Area)> {
    let width = label.chars().map(|_| CHARACTER).sum::<f64>();
    let places = [
        (tread.left + 3.0, "start", tread.y - 6.0),
        (tread.right - 3.0, "end", tread.y - 6.0),
        (tread.left + 3.0, "start", tread.y - 9.0),
        (tread.left - 4.0, "end", tread.y - 6.0),
        (tread.left - 5.0, "end", tread.y + 4.0),
        (tread.left + 5.0, "start", tread.y + 15.0),
        (tread.right + 5.0, "start", tread.y + 4.0),
    ];
    places.into_iter().find_map(|(x, anchor, y)| {
        let left = if anchor == "end" { x - width } else { x };
        let area = Area { left, right: left + width, top: y - 10.0, bottom: y + 2.0 };
        let inside = area.left > LEFT && area.right < WIDTH - 4.0 && area.bottom < BOTTOM && area.top > 0.0;
        (inside && taken.iter().all(|other| !area.meets(other))).then_some((x, anchor, y, area))
    })
}

/// The nearest of 1, 2, 2.5, 5 times a power of ten that is not smaller.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    // A quarter of a ten reads well where it is a whole number.
    let digits = if power >= 10.0 { [1.0, 2.0, 2.5, 5.0, 10.0] } else { [1.0, 2.0, 5.0, 5.0, 10.0] };
    digits.into_iter().map(|digit| digit * power).find(|one| *one + 1e-9 >= value).unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::{Curve, CurvePoint, chart};
    use crate::units::Money;

    #[test]
    fn a_chart_names_its_axes_its_steps_and_today() {
        let points = [(10, 0), (500, 16), (5_000, 100)];
        let points = points
            .map(|(users, price)| CurvePoint { users, monthly: Some(Money::dollars(price)), runs: price.to_string() })
            .to_vec();
        let svg = chart(&Curve { name: "a <b>".to_owned(), points, today: Some(812) }).expect("renders");
        for expected in ["active users", "USD a month", "$16.00", "today: 812 users", "a &lt;b&gt;"] {
            assert!(svg.contains(expected), "{expected} is missing in {svg}");
        }
    }

    #[test]
    fn the_last_step_is_as_long_as_the_axis_and_steps_end_where_nothing_fits() {
        let curve = |last: Option<i64>| Curve {
            name: "a".to_owned(),
            points: [(10, Some(0)), (100, Some(16)), (1_000, last)]
                .map(|(users, price)| CurvePoint {
                    users,
                    monthly: price.map(Money::dollars),
                    runs: format!("{price:?}"),
                })
                .to_vec(),
            today: None,
        };
        let svg = chart(&curve(Some(100))).expect("renders");
        assert!(svg.contains(" H830.0\""), "{svg}");
        let svg = chart(&curve(None)).expect("renders");
        assert!(!svg.contains(" H830.0\"") && svg.contains("from 1,000 users on nothing fits"), "{svg}");
    }
}
