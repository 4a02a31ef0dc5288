use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::figure::counted;
use crate::diagnostic::{Diagnostic, Severity, mask};

/// One diagnostic as text: the sentence, the line of the user's file with a caret, why it matters and what to do.
/// Secrets in the line are masked.
#[must_use]
pub fn diagnostic(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let source = diagnostic.place.as_ref().map(|place| mask(&place.file.text));
    let mut group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.id)
        .elements([] as [annotate_snippets::Element<'_>; 0]);
    if let (Some(place), Some(source)) = (&diagnostic.place, &source) {
        if source.is_empty() {
            group = group.element(annotate_snippets::Origin::path(place.file.path.as_str()));
        } else {
            let line = first_line(source, place.span.clone());
            let annotation = AnnotationKind::Primary.span(line).label(diagnostic.label.as_str());
            group =
                group.element(Snippet::source(source.as_str()).path(place.file.path.as_str()).annotation(annotation));
        }
    }
    if !diagnostic.why.is_empty() {
        group = group.element(Level::NOTE.message(diagnostic.why.as_str()));
    }
    if !diagnostic.help.is_empty() {
        group = group.element(Level::HELP.message(diagnostic.help.as_str()));
    }
    if !diagnostic.source.is_empty() {
        group = group.element(Level::INFO.with_name("source").message(diagnostic.source.as_str()));
    }
    format!("{}\n", Renderer::styled().render(&[group]))
}

/// A span cut to its first line: a caret under a whole file helps nobody.
fn first_line(source: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let rest = source.get(span.clone()).unwrap_or_default();
    let length = rest.find('\n').unwrap_or(rest.len());
    span.start..span.start + length
}

/// Several diagnostics, an empty line between them.
#[must_use]
pub fn diagnostics(list: &[Diagnostic]) -> String {
    list.iter().map(diagnostic).collect::<Vec<_>>().join("\n")
}

/// `2 errors, 1 warning`; empty when there is nothing.
#[must_use]
pub fn summary(list: &[Diagnostic]) -> String {
    let count = |severity| list.iter().filter(|one| one.severity == severity).count();
    [(count(Severity::Error), "error"), (count(Severity::Warning), "warning"), (count(Severity::Note), "note")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| counted(count, word))
        .collect::<Vec<_>>()
        .join(", ")
}
