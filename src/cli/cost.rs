use serde_json::json;

use super::arguments::{CostArguments, Format, Global};
use super::error::CommandError;
use super::exit::Exit;
use super::load::load;
use super::output;
use palier::decide::{Point, curve, usual_users};
use palier::generate::write_file;
use palier::plan::make;
use palier::report::{self, Curve, CurvePoint, Table};

/// `palier cost`.
pub(crate) fn run(global: &Global, arguments: &CostArguments) -> Result<Exit, CommandError> {
    let loaded = load(global)?;
    let today = loaded.metrics.snapshot.users.active;
    let mut users = if arguments.users.is_empty() { usual_users(today) } else { arguments.users.clone() };
    users.sort_unstable();
    users.dedup();
    let points = curve(&loaded.inputs(), &users)?;
    let name = make(&loaded.request())?.plan.project.name;
    if let Some(path) = &arguments.chart {
        // The staircase needs its borders; the table keeps to the numbers that were asked for.
        let points = Point::with_borders(&loaded.inputs(), &points)?;
        let points = points
            .iter()
            .map(|point| CurvePoint { users: point.users, monthly: point.monthly, runs: point.offers.join(", ") })
            .collect();
        let svg = report::chart(&Curve { name: name.clone(), points, today })?;
        write_file(path, svg.as_bytes()).map_err(CommandError::one)?;
        if !global.quiet {
            output::talk(&format!("wrote {}", path.display()));
        }
    }
    match arguments.format {
        Format::Text => output::result(&text(&name, &points, today)),
        Format::Json => output::result(&json_of(&name, &points, today)),
    }
    Ok(Exit::Done)
}

/// The curve as a table.
pub(crate) fn text(name: &str, points: &[Point], today: Option<u64>) -> String {
    let mut table = Table::new(&["users", "a month", "", "what runs"]).right(&[0, 1]);
    for point in points {
        let price = match point.monthly {
            None => "nothing fits".to_owned(),
            Some(price) if point.complete => price.to_string(),
            Some(price) => format!("from {price}"),
        };
        let marker = if Some(point.users) == today { "today" } else { "" };
        let what = point.obstacle.clone().unwrap_or_else(|| point.offers.join(", "));
        let stage = point.stage.as_ref().map_or_else(String::new, |stage| format!("{stage}: "));
        table.row([point.users.to_string(), price, marker.to_owned(), format!("{stage}{what}")]);
    }
    format!("{}{table}", report::heading(&format!("{name}: cost over active users")))
}

fn json_of(name: &str, points: &[Point], today: Option<u64>) -> String {
    let rows: Vec<serde_json::Value> = points
        .iter()
        .map(|point| {
            json!({
                "users": point.users,
                "monthly": point.monthly,
                "complete": point.complete,
                "offers": point.offers,
                "stage": point.stage,
                "obstacle": point.obstacle,
            })
        })
        .collect();
    let whole = json!({"format_version": "1", "kind": "cost", "project": name, "currency": "USD", "today": today, "points": rows});
    format!("{whole:#}\n")
}
