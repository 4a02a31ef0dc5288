use super::finding::sentences;
use super::verdict::verdict;
use crate::plan::{FindingOfPlan, Plan};

/// GitHub shows no more annotations of one kind of one step than this.
const MOST_OF_A_KIND: usize = 10;

/// A plan as GitHub's workflow commands: its verdict as a notice, and one annotation for each finding, as many of a kind
/// as GitHub shows. A last notice counts the others.
#[must_use]
pub fn github(plan: &Plan) -> String {
    let of = |severity: &str| plan.findings.iter().filter(|one| one.severity == severity).collect::<Vec<_>>();
    // One notice is the verdict's. The one that counts what is left out takes another, which leaves one note less.
    let kinds = |notices: usize| {
        [
            ("error", "errors", of("error"), MOST_OF_A_KIND),
            ("warning", "warnings", of("warning"), MOST_OF_A_KIND),
            ("notice", "notes", of("note"), MOST_OF_A_KIND - notices),
        ]
    };
    let all_fit = kinds(1).iter().all(|(_, _, found, room)| found.len() <= *room);
    let title = [("title", format!("palier plan of {}", plan.project.name))];
    let mut out = command("notice", &title, &verdict(plan));
    let mut left_out = Vec::new();
    for (kind, name, found, room) in kinds(if all_fit { 1 } else { 2 }) {
        out.extend(found.iter().take(room).map(|finding| annotation(kind, finding)));
        if found.len() > room {
            left_out.push(format!("{} of {} {name}", found.len() - room, found.len()));
        }
    }
    if !left_out.is_empty() {
        let message = format!("not shown here: {}; `palier plan` shows them", left_out.join(", "));
        out.push_str(&command("notice", &title, &message));
    }
    out
}

fn annotation(kind: &str, finding: &FindingOfPlan) -> String {
    let mut properties = Vec::new();
    if !finding.path.is_empty() {
        properties.push(("file", finding.path.strip_prefix("./").unwrap_or(&finding.path).to_owned()));
        properties.push(("line", finding.line.max(1).to_string()));
    }
    properties.push(("title", format!("palier {}", finding.id)));
    command(kind, &properties, &sentences(finding, "\n"))
}

/// `::error file=render.yaml,line=3,title=palier old-offer::message`.
fn command(kind: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{kind} {}::{}\n", properties.join(","), data(message))
}

/// Text that ends neither the command nor its line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same inside of the properties, where `:` and `,` mean something too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn no_text_ends_a_command_or_begins_another() {
        let hostile = "100 %\n::error::no\r, a:b";
        let written = command("notice", &[("title", hostile.to_owned())], hostile);
        let property = "100 %25%0A%3A%3Aerror%3A%3Ano%0D%2C a%3Ab";
        assert_eq!(written, format!("::notice title={property}::100 %25%0A::error::no%0D, a:b\n"));
    }
}
