use anstyle::Style;
use textwrap::Options;

use super::figure::{counted, figure, money};
use super::table::{Table, WIDTH};
use crate::decide::{CostLine, Rejected, ServiceTarget};
use crate::plan::{Action, Outcome, Plan, Step};
use crate::units::Money;

/// A line that begins a section.
#[must_use]
pub fn heading(title: &str) -> String {
    let bold = Style::new().bold();
    format!("\n{bold}{title}{bold:#}\n")
}

/// A plan as text of at most 80 columns.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    out.push_str(&first_line(plan));
    out.push_str(&stage(plan));
    out.push_str(&target(plan));
    out.push_str(&verdicts(plan));
    out.push_str(&rejected(plan));
    out.push_str(&cost(plan));
    out.push_str(&reasons(plan));
    out.push_str(&steps(plan));
    out.push_str(&landing(plan));
    out.push_str(&findings(plan));
    out.push_str(&unknown(plan));
    out
}

/// The verdict and the money, in one line.
#[must_use]
pub(super) fn first_line(plan: &Plan) -> String {
    let (now, then) = (plan.cost.current_monthly.unwrap_or_default(), plan.cost.target_monthly.unwrap_or_default());
    let at_least = if plan.cost.complete { "" } else { "at least " };
    let name = &plan.project.name;
    let line = match plan.outcome {
        Outcome::NoChange => format!("{name}: nothing to change; it costs {at_least}{then} a month"),
        Outcome::Blocked => format!("{name}: blocked; see the errors below"),
        Outcome::Changes => {
            let flights = plan.steps.iter().map(|step| step.flight).max().unwrap_or(0);
            format!(
                "{name}: {} in {} ({}); {at_least}{then} a month, now {now} ({})",
                counted(plan.steps.len(), "step"),
                counted(number(flights), "flight"),
                if flights == 1 { "one push" } else { "one push each" },
                change(now, then),
            )
        }
    };
    wrapped(&line, "")
}

fn number(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// `+$18.00, +129 %`; from nothing there is no percentage.
pub(super) fn change(now: Money, then: Money) -> String {
    let difference = (then - now).signed();
    if now == Money::ZERO || now == then {
        return difference;
    }
    format!("{difference}, {:+.0} %", (then.as_f64() / now.as_f64() - 1.0) * 100.0)
}

/// How text is wrapped: no word is broken, and dates and ids are not cut at their hyphens.
pub(super) fn options<'a>(first: &'a str, rest: &'a str) -> Options<'a> {
    Options::new(usize::from(WIDTH))
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

fn wrapped(line: &str, indent: &str) -> String {
    format!("{}\n", textwrap::fill(line, options(indent, indent)))
}

/// A line of a list, wrapped.
#[must_use]
pub fn item(line: &str) -> String {
    format!("{}\n", textwrap::fill(line, options("  - ", "    ")))
}

fn stage(plan: &Plan) -> String {
    let Some(stage) = &plan.stage else { return String::new() };
    let mut out = heading(&format!("Stage `{}` of the ladder `{}`", stage.name, stage.ladder));
    out.push_str(&item("a ladder is a guide's way to grow, in stages that follow the number of users"));
    out.push_str(&item(&stage.because));
    if let Some(claimed) = stage.claimed_monthly {
        out.push_str(&item(&format!("the guide says {claimed} a month; today's prices are under Cost")));
    }
    match (&stage.next, &stage.next_when) {
        (Some(next), Some(when)) => out.push_str(&item(&format!("next stage: `{next}`, at {when}"))),
        _ => out.push_str(&item("this is the last stage")),
    }
    out.push_str("  checklist:\n");
    for line in &stage.checklist {
        out.push_str(&format!("{}\n", textwrap::fill(line, options("  [ ] ", "      "))));
    }
    out
}

fn target(plan: &Plan) -> String {
    let mut table = Table::new(&["component", "today", "target", "settings"]);
    for service in &plan.target.services {
        let today = plan.current.services.iter().find(|one| one.name == service.name);
        table.row([
            format!("{} {}", service.kind, service.name),
            today.map_or_else(
                || "-".to_owned(),
                |one| one.offer.clone().or_else(|| one.plan.clone()).unwrap_or_else(|| "?".to_owned()),
            ),
            service
                .offer
                .clone()
                .unwrap_or_else(|| if service.kind == "static" { "static".to_owned() } else { "as it is".to_owned() }),
            settings(service),
        ]);
    }
    for database in &plan.target.databases {
        let today = plan.current.databases.iter().find(|one| one.name == database.name);
        table.row([
            format!("database {}", database.name),
            today.map_or_else(
                || "-".to_owned(),
                |one| one.offer.clone().or_else(|| one.plan.clone()).unwrap_or_else(|| "?".to_owned()),
            ),
            database.offer.clone().unwrap_or_else(|| "as it is".to_owned()),
            format!(
                "{}{}",
                database.disk_gb.map_or_else(String::new, |gb| format!("{gb} GB, ")),
                database
                    .max_connections
                    .map_or_else(|| "? connections".to_owned(), |count| counted(number(count), "connection"))
            ),
        ]);
    }
    for redis in &plan.target.redis {
        let today = plan.current.redis.iter().find(|one| one.name == redis.name);
        let offer =
            |provider: &str, offer: Option<&String>| format!("{provider} {}", offer.map_or("?", String::as_str));
        table.row([
            format!("redis {}", redis.name),
            today.map_or_else(
                || "-".to_owned(),
                |one| offer(one.provider.name(), one.offer.as_ref().or(one.plan.as_ref())),
            ),
            offer(redis.provider.name(), redis.offer.as_ref()),
            format!(
                "{}{}",
                redis.roles.join(", "),
                redis.eviction.as_ref().map_or_else(String::new, |policy| format!("; {policy}"))
            ),
        ]);
    }
    if table.is_empty() {
        return format!("{}  nothing that palier knows runs here\n", heading("Target"));
    }
    format!("{}{table}", heading(&format!("Target ({})", plan.mode)))
}

fn settings(service: &ServiceTarget) -> String {
    let mut parts = Vec::new();
    if service.instances != 1 {
        parts.push(counted(number(service.instances), "instance"));
    }
    if let Some(workers) = service.workers {
        parts.push(counted(number(workers), "worker"));
    }
    if let Some(threads) = service.threads.filter(|threads| *threads > 1) {
        parts.push(counted(number(threads), "thread"));
    }
    parts.join(", ")
}

fn verdicts(plan: &Plan) -> String {
    if plan.verdicts.is_empty() {
        return String::new();
    }
    let mut out = heading("Constraints on the target");
    for verdict in &plan.verdicts {
        let mark = match (verdict.fits, verdict.assumed) {
            (false, _) => "NO",
            (true, true) => "? ",
            (true, false) => "ok",
        };
        let figures = match (verdict.used, verdict.limit) {
            (Some(_), Some(_)) => {
                format!(": {} of {}", figure(verdict.used, &verdict.unit), figure(verdict.limit, &verdict.unit))
            }
            _ => String::new(),
        };
        out.push_str(&format!("  {mark}  {} {}{figures}\n", verdict.component, verdict.constraint));
        out.push_str(&wrapped(&verdict.evidence.join("; "), "      "));
    }
    if plan.verdicts.iter().any(|verdict| verdict.fits && verdict.assumed) {
        out.push_str("  ?   means: not measured, judged by what runs today\n");
    }
    out
}

/// The rejections; offers of one provider that fail for the very same reason share a line.
fn rejected(plan: &Plan) -> String {
    let mut groups: Vec<(&Rejected, Vec<String>)> = Vec::new();
    for one in &plan.rejected {
        let label = format!("{} {}", one.offer, money(one.monthly));
        let same = |first: &Rejected| {
            first.component == one.component
                && first.provider == one.provider
                && first.constraint == one.constraint
                && first.used.is_none()
                && one.used.is_none()
                && first.evidence == one.evidence
        };
        match groups.iter_mut().find(|(first, _)| same(first)) {
            Some((_, labels)) => labels.push(label),
            None => groups.push((one, vec![label])),
        }
    }
    if groups.is_empty() {
        return String::new();
    }
    let mut out = heading("Why nothing cheaper");
    for (first, labels) in groups {
        let figures = match (first.used, first.limit) {
            // That a plan cannot be lowered is no matter of amounts.
            (Some(_), Some(_)) if first.constraint != "one-way" => {
                format!(": {} of {}", figure(first.used, &first.unit), figure(first.limit, &first.unit))
            }
            _ => String::new(),
        };
        let fails = if first.constraint == "price" {
            "may be cheaper, price unknown".to_owned()
        } else {
            format!("fails on {}{figures}", first.constraint)
        };
        out.push_str(&item(&format!("{} {} {}: {fails}", first.component, first.provider, labels.join(", "))));
        out.push_str(&wrapped(&first.evidence.join("; "), "      "));
    }
    out
}

fn cost(plan: &Plan) -> String {
    let mut table = Table::new(&["component", "today", "monthly", "target", "monthly", "price of"]).right(&[2, 4]);
    let today = |line: &CostLine| match (&line.current_offer, line.current_monthly) {
        (None, _) => "-".to_owned(),
        (Some(_), amount) => money(amount),
    };
    for line in &plan.cost.lines {
        table.row([
            line.component.clone(),
            line.current_offer.clone().unwrap_or_else(|| "-".to_owned()),
            today(line),
            line.offer.clone(),
            money(line.monthly),
            line.as_of.map_or_else(String::new, |date| date.to_string()),
        ]);
    }
    let at_least = if plan.cost.complete { "" } else { "at least " };
    table.row([
        "together".to_owned(),
        String::new(),
        format!("{at_least}{}", money(plan.cost.current_monthly)),
        String::new(),
        format!("{at_least}{}", money(plan.cost.target_monthly)),
        String::new(),
    ]);
    format!("{}{table}", heading("Cost"))
}

fn reasons(plan: &Plan) -> String {
    if plan.reasons.is_empty() {
        return String::new();
    }
    let lines: String = plan.reasons.iter().map(|one| item(&format!("{}: {}", one.component, one.reason))).collect();
    format!("{}{lines}", heading("Settings"))
}

fn steps(plan: &Plan) -> String {
    if plan.steps.is_empty() {
        return String::new();
    }
    let mut out = heading("Steps");
    let mut flight = 0;
    let mut pushed = false;
    for (number, step) in plan.steps.iter().enumerate() {
        if step.flight != flight {
            flight = step.flight;
            pushed = false;
            let unsafe_one = |one: &Step| one.flight == flight && one.risk_reason.starts_with("no order is safe");
            let order =
                if plan.steps.iter().any(unsafe_one) { "no safe order, see the risk" } else { "safe in any order" };
            out.push_str(&format!("  flight {flight}, one push: {order}\n"));
        }
        // The push and what follows it are in order.
        if !pushed && (matches!(step.run, Action::Wait { .. }) || step.kind == "sql-index") {
            pushed = true;
            out.push_str("  then\n");
        }
        out.push_str(&one_step(number + 1, step));
    }
    out
}

fn one_step(number: usize, step: &Step) -> String {
    let prefix = format!("  {number:>2}. ");
    let first = options(&prefix, "      ");
    let mut out = format!("{}\n", textwrap::fill(&step.title, first));
    let cost = match step.cost_delta.as_deref() {
        Some("0.00") | None => String::new(),
        Some(delta) if delta.starts_with('-') => format!(" · -${} a month", &delta[1..]),
        Some(delta) => format!(" · +${delta} a month"),
    };
    let way = step.one_way.as_ref().map_or_else(|| "can be undone".to_owned(), |why| format!("ONE WAY ({why})"));
    let risk = if step.risk_reason.is_empty() { String::new() } else { format!(" ({})", step.risk_reason) };
    let detail = options("      ", "      ");
    out.push_str(&format!(
        "{}\n",
        textwrap::fill(&format!("{way} · risk {}{risk}{cost}", step.risk.name()), detail.clone())
    ));
    if let Action::ByHand { instruction } = &step.run {
        out.push_str(&format!("{}\n", textwrap::fill(&format!("do: {instruction}"), detail.clone())));
    }
    if step.kind != "wait" && !step.reason.is_empty() {
        out.push_str(&format!("{}\n", textwrap::fill(&format!("why: {}", step.reason), detail.clone())));
    }
    for probe in step.verify.iter().filter(|_| step.kind != "file") {
        out.push_str(&format!(
            "{}\n",
            textwrap::fill(&format!("verify: {} {}: {}", probe.probe, probe.of, probe.expect), detail.clone())
        ));
    }
    out
}

/// The section on the day when the target is outgrown.
const LANDING: &str = "Next landing (when the target is outgrown)";

fn landing(plan: &Plan) -> String {
    let forecast = &plan.forecast;
    let Some(constraint) = &forecast.constraint else {
        return format!(
            "{}{}",
            heading(LANDING),
            item("none in sight: no multiple of today's load up to 1,000 changes the decision")
        );
    };
    let mut line = format!("outgrown by {constraint}");
    // Less than one user: the load says more.
    if let Some(users) = forecast.at_users.filter(|users| *users > 0) {
        line.push_str(&format!(" at {} active users", super::figure::grouped(users_as_float(users))));
    } else if let Some(load) = forecast.at_load {
        line.push_str(&format!(" at {load} times today's load"));
    }
    match (forecast.date, forecast.earliest, forecast.latest) {
        (Some(date), Some(earliest), Some(latest)) => {
            line.push_str(&format!(", about {date} (between {earliest} and {latest})"))
        }
        (Some(date), Some(earliest), None) => line.push_str(&format!(", about {date} (not before {earliest})")),
        (Some(date), _, _) => line.push_str(&format!(", about {date}")),
        (None, _, _) => line.push_str("; when that is, is unknown without a history or growth.monthly"),
    }
    let mut out = heading(LANDING);
    out.push_str(&item(&line));
    if let Some(offer) = &forecast.next_offer {
        let price = forecast.next_monthly.map_or_else(String::new, |price| format!(", {price} a month in all"));
        out.push_str(&item(&format!("then: {offer}{price}")));
    }
    out
}

#[allow(clippy::cast_precision_loss)]
const fn users_as_float(users: u64) -> f64 {
    users as f64
}

/// The findings, but for what blocks the plan: `cli` tells that on stderr, with its place.
fn findings(plan: &Plan) -> String {
    let told = |id: &str| matches!(id, "nothing-fits" | "over-budget" | "expired-waiver");
    let blocks = |severity: &str, id: &str| plan.outcome == Outcome::Blocked && severity == "error" && told(id);
    let rest: Vec<_> = plan.findings.iter().filter(|one| !blocks(&one.severity, &one.id)).collect();
    if rest.is_empty() {
        return String::new();
    }
    let mut out = heading("Findings");
    for finding in rest {
        let place = match (finding.path.as_str(), finding.line) {
            ("", _) => String::new(),
            (path, 0) => format!(" ({path})"),
            (path, line) => format!(" ({path}:{line})"),
        };
        out.push_str(&item(&format!("{}[{}]: {}{place}", finding.severity, finding.id, finding.message)));
        for (name, text) in [("why", &finding.why), ("help", &finding.help), ("source", &finding.source)] {
            if !text.is_empty() {
                out.push_str(&wrapped(&format!("{name}: {text}"), "    "));
            }
        }
    }
    out
}

fn unknown(plan: &Plan) -> String {
    if plan.weakened.is_empty() {
        return String::new();
    }
    let title = heading("Not measured");
    if plan.mode == "ladder" {
        let names: Vec<&str> = plan.unknown.iter().map(String::as_str).collect();
        return format!("{title}{}", item(&format!("{}; the ladder looks at none of them", names.join(", "))));
    }
    let lines: String =
        plan.weakened.iter().map(|one| item(&format!("{} - weakens {}", one.component, one.reason))).collect();
    format!("{title}{lines}")
}
