use serde_json::{Value, json};

use super::arguments::{CatalogArguments, Format, Global};
use super::error::CommandError;
use super::exit::Exit;
use super::load;
use super::output;
use palier::catalog::{Catalog, Component, Offer, Provider};
use palier::diagnostic::{Diagnostic, did_you_mean};
use palier::report::{self, Table};
use palier::units::Money;

/// `palier catalog`.
pub(crate) fn run(global: &Global, arguments: &CatalogArguments) -> Result<Exit, CommandError> {
    let catalog = load::catalog()?;
    let most = load::policy(global)?.catalog_max_age.as_days();
    let today = load::now()?.to_zoned(jiff::tz::TimeZone::UTC).date();
    let offers = match &arguments.name {
        None => catalog.offers.iter().collect(),
        Some(name) => named(&catalog, name)?,
    };
    let text = match (arguments.format, arguments.name.is_some()) {
        (Format::Json, _) => {
            let rows: Vec<Value> = offers.iter().map(|offer| json_of(offer, today)).collect();
            format!("{:#}\n", json!({"format_version": "1", "kind": "catalog", "offers": rows}))
        }
        (Format::Text, false) => list(&offers, today, most),
        (Format::Text, true) => offers.iter().map(|offer| one(offer, today)).collect(),
    };
    output::result(&text);
    Ok(Exit::Done)
}

/// Every offer that a name means; the same name can mean a web plan and a database plan.
fn named<'a>(catalog: &'a Catalog, name: &str) -> Result<Vec<&'a Offer>, CommandError> {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let provider = name.split_once('/').map(|(provider, _)| provider);
    let found: Vec<&Offer> = catalog
        .offers
        .iter()
        .filter(|offer| offer.is_named(bare) && provider.is_none_or(|provider| offer.provider.name() == provider))
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let names: Vec<&str> = catalog
        .offers
        .iter()
        .flat_map(|offer| std::iter::once(&offer.id).chain(&offer.aliases))
        .map(String::as_str)
        .collect();
    let help = did_you_mean(bare, names.iter().copied())
        .map_or_else(|| "`palier catalog` lists every offer".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(CommandError::one(Diagnostic::error("unknown-offer", format!("the catalog has no offer `{name}`")).help(help)))
}

fn price(offer: &Offer) -> String {
    match (&offer.monthly, &offer.metered) {
        (Some(price), _) => price.to_string(),
        (None, Some(_)) => "by use".to_owned(),
        (None, None) => "unknown".to_owned(),
    }
}

fn list(offers: &[&Offer], today: jiff::civil::Date, most: f64) -> String {
    let mut out = String::new();
    let mut groups: Vec<(Provider, Component)> = offers.iter().map(|offer| (offer.provider, offer.component)).collect();
    groups.dedup();
    for (provider, component) in groups {
        let mut table = Table::new(&["offer", "CPU", "memory", "a month", "as of", "days old"]).right(&[1, 2, 3, 5]);
        for offer in offers.iter().filter(|offer| offer.provider == provider && offer.component == component) {
            let age = offer.age_days(today);
            table.row([
                if offer.creatable { offer.id.clone() } else { format!("{} (not sold any more)", offer.id) },
                offer.cpu.map_or_else(String::new, |cpu| cpu.to_string()),
                offer.memory.map_or_else(String::new, |memory| memory.to_string()),
                price(offer),
                offer.as_of.to_string(),
                if f64::from(age) > most { format!("{age} (old)") } else { age.to_string() },
            ]);
        }
        out.push_str(&format!("{}{table}", report::heading(&format!("{} {}", provider.name(), component.name()))));
    }
    let mut sources: Vec<&str> = offers.iter().map(|offer| offer.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let lines: String = sources.iter().map(|source| report::item(source)).collect();
    format!("{out}{}{lines}", report::heading("Sources"))
}

fn one(offer: &Offer, today: jiff::civil::Date) -> String {
    let mut rows: Vec<(&str, String)> = vec![("other names", offer.aliases.join(", ")), ("a month", price(offer))];
    let mut add = |name, value: Option<String>| {
        if let Some(value) = value {
            rows.push((name, value));
        }
    };
    add("CPU", offer.cpu.map(|cpu| format!("{cpu} cores")));
    add("memory", offer.memory.map(|memory| memory.to_string()));
    add("usable memory", offer.usable_memory.map(|memory| memory.to_string()));
    add("connections", offer.max_connections.map(|count| count.to_string()));
    add("storage included", offer.included_storage.map(|storage| format!("{} GB", storage.0 / 1_000_000_000)));
    add("storage if a file names none", offer.default_storage_gb.map(|gb| format!("{gb} GB")));
    add("commands a month", offer.commands_per_month.map(|count| count.to_string()));
    add("sleeps after", offer.sleeps_after.map(|after| after.to_string()));
    add("ends after", offer.expires_after.map(|after| after.to_string()));
    add("engine", offer.engine.clone());
    add("standby possible", offer.high_availability.then(|| "yes".to_owned()));
    add("data survive a restart", offer.persistence.map(|yes| if yes { "yes" } else { "no" }.to_owned()));
    add("regions", (!offer.regions.is_empty()).then(|| offer.regions.join(", ")));
    for (name, amount) in metered(offer) {
        rows.push((name, amount.amount().normalize().to_string()));
    }
    let one_way: Vec<String> = offer.one_way.iter().map(|one| one.sentence().to_owned()).collect();
    rows.push(("cannot be undone", if one_way.is_empty() { "nothing".to_owned() } else { one_way.join("; ") }));
    rows.push(("true on", format!("{} ({} days ago)", offer.as_of, offer.age_days(today))));
    rows.push(("source", offer.source.clone()));
    rows.extend(offer.notes.iter().map(|note| ("note", note.clone())));
    let mut table = Table::new(&[]);
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        table.row([name.to_owned(), value]);
    }
    let title = format!("{} {} `{}`", offer.provider.name(), offer.component.name(), offer.id);
    format!("{}{table}", report::heading(&title))
}

fn metered(offer: &Offer) -> Vec<(&'static str, Money)> {
    let Some(metered) = &offer.metered else { return Vec::new() };
    [
        ("USD for 100,000 commands", metered.per_100k_commands),
        ("USD for a GB and month", metered.storage_per_gb_month),
        ("USD for a GB of traffic", metered.bandwidth_per_gb),
        ("USD for a GB and hour", metered.per_gb_hour),
        ("USD for a million units", metered.per_million_units),
        ("USD a month at least", metered.minimum_monthly),
        ("USD a minute", metered.per_minute),
        ("USD an hour", metered.per_hour),
    ]
    .into_iter()
    .filter_map(|(name, amount)| Some((name, amount?)))
    .collect()
}

fn json_of(offer: &Offer, today: jiff::civil::Date) -> Value {
    json!({
        "provider": offer.provider.name(),
        "component": offer.component.name(),
        "id": offer.id,
        "aliases": offer.aliases,
        "creatable": offer.creatable,
        "cpu": offer.cpu,
        "memory_bytes": offer.memory.map(|memory| memory.0),
        "monthly": offer.monthly,
        "by_use": offer.metered.is_some(),
        "max_connections": offer.max_connections,
        "as_of": offer.as_of.to_string(),
        "age_days": offer.age_days(today),
        "source": offer.source,
    })
}
