//! A plan in the lines that a reviewer looks at: a change of a word in a reason is no change of the plan.

use serde_json::Value;

/// Target, cost, verdicts, rejected offers, forecast, findings and steps.
pub(crate) fn digest(plan: &Value) -> String {
    let mut out = String::new();
    let mut line = |text: String| out.push_str(&format!("{}\n", text.trim_end()));
    line(format!("{} ({}, {})", text(&plan["outcome"]), text(&plan["mode"]), text(&plan["environment"])));
    line(format!("project: {}", compact(&plan["project"])));
    for (title, kind) in [("services", "services"), ("databases", "databases"), ("redis", "redis")] {
        for row in rows(&plan["target"][kind]) {
            line(format!("target {title}: {}", compact(row)));
        }
    }
    let cost = &plan["cost"];
    line(format!(
        "cost: {} -> {} {}{}",
        text(&cost["current_monthly"]),
        text(&cost["target_monthly"]),
        text(&cost["currency"]),
        if cost["complete"] == true { "" } else { ", incomplete" }
    ));
    for row in rows(&cost["lines"]) {
        line(format!(
            "  {}: {} {} -> {} {}",
            text(&row["component"]),
            text(&row["current_offer"]),
            text(&row["current_monthly"]),
            text(&row["offer"]),
            text(&row["monthly"])
        ));
    }
    line("verdicts:".to_owned());
    for row in rows(&plan["verdicts"]) {
        let fits = if row["fits"] == true { "ok " } else { "NOT" };
        line(format!("  {fits} {}/{} {}", text(&row["component"]), text(&row["constraint"]), share(row)));
    }
    line("rejected:".to_owned());
    for row in rows(&plan["rejected"]) {
        let name = format!("{}/{} {}", text(&row["component"]), text(&row["provider"]), text(&row["offer"]));
        line(format!("  {name} {}: {} {}", text(&row["monthly"]), text(&row["constraint"]), share(row)));
    }
    line(format!("forecast: {}", compact(&plan["forecast"])));
    line("findings:".to_owned());
    for row in rows(&plan["findings"]) {
        let place = if text(&row["path"]).is_empty() { String::new() } else { format!(" {}", text(&row["path"])) };
        line(format!("  {} {}{place}:{}", text(&row["severity"]), text(&row["id"]), text(&row["line"])));
    }
    line("steps:".to_owned());
    for row in rows(&plan["steps"]) {
        let one_way = row["one_way"].as_str().map_or_else(String::new, |why| format!(" ONE WAY {why}"));
        line(format!(
            "  {} {} {} {} {}{one_way}",
            text(&row["flight"]),
            text(&row["kind"]),
            text(&row["id"]),
            text(&row["risk"]),
            text(&row["cost_delta"])
        ));
    }
    line(format!("unknown: {}", compact(&plan["unknown"])));
    out
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One line of JSON without what is null.
fn compact(value: &Value) -> String {
    let Value::Object(object) = value else { return value.to_string() };
    let parts: Vec<String> =
        object.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| format!("{key}: {value}")).collect();
    parts.join(", ")
}

fn share(row: &Value) -> String {
    match (row["used"].as_f64(), row["limit"].as_f64()) {
        (Some(used), Some(limit)) => format!("{used:.4} of {limit:.4} {}", text(&row["unit"])),
        _ => String::new(),
    }
}
