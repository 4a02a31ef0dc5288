use std::sync::Arc;

use super::change::{Change, EditRefused};
use super::guard::{Opened, Refusal, check, check_way, open};
use super::{expected, fallback, snippet, splice};
use crate::diagnostic::{Place, SourceFile};
use crate::document::{Document, Format, text_of};

/// The byte order mark that Windows editors put before a text.
const MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// Makes changes in a blueprint's text: what need not change stays byte for byte, comments included.
///
/// A change that the file meets already touches nothing. Either all changes are made or none.
///
/// # Errors
/// The file is broken, or one of the changes could not be made safely: the reason and all wanted changes as YAML.
pub fn edit(file: &Arc<SourceFile>, changes: &[Change]) -> Result<String, EditRefused> {
    let Some(first) = changes.first() else { return Ok(file.text.clone()) };
    let mut opened = open(file).map_err(|refusal| refused(file, changes, first, refusal))?;
    for change in changes {
        match make(&opened, change) {
            Ok(None) => {}
            Ok(Some(edited)) => opened = edited,
            Err(refusal) => return Err(refused(file, changes, change, refusal)),
        }
    }
    Ok(opened.file.text.clone())
}

/// Makes changes in a blueprint as it lies on disk; a byte order mark at its beginning stays.
///
/// # Errors
/// As [`edit`]; and when the bytes are not UTF-8 text.
pub fn edit_bytes(path: &str, bytes: &[u8], changes: &[Change]) -> Result<Vec<u8>, EditRefused> {
    let text = text_of(bytes).map_err(|reason| EditRefused {
        reason: format!("this file {reason}"),
        place: Some(Place::start_of(&SourceFile::new(path, ""))),
        snippet: snippet::of(None, changes),
    })?;
    let edited = edit(&SourceFile::new(path, text), changes)?;
    let mark = if bytes.starts_with(MARK) { MARK } else { &[] };
    Ok([mark, edited.as_bytes()].concat())
}

/// One change: `None` when the file meets it already.
fn make(opened: &Opened, change: &Change) -> Result<Option<Opened>, Refusal> {
    check_way(opened, change)?;
    let mut expected = opened.value.clone();
    let differs = expected::apply(&mut expected, change).map_err(|reason| Refusal { reason, place: None })?;
    if !differs {
        return Ok(None);
    }
    attempt(opened, change, &expected).map(Some)
}

fn attempt(opened: &Opened, change: &Change, expected: &serde_yaml::Value) -> Result<Opened, Refusal> {
    let text = opened.file.text.as_str();
    let mut reason = "the place of the change is not certain";
    let ways: [&dyn Fn() -> Option<String>; 2] =
        [&|| splice::apply(text, &opened.layout, change), &|| fallback::apply(text, change)];
    for edited in ways.iter().filter_map(|way| way()) {
        match check(opened, &edited, change, expected) {
            Ok(edited) => return Ok(edited),
            Err(found) => reason = found,
        }
    }
    Err(Refusal { reason: reason.to_owned(), place: None })
}

fn refused(file: &Arc<SourceFile>, changes: &[Change], change: &Change, refusal: Refusal) -> EditRefused {
    let document = Document::parse(file, Format::Yaml).ok();
    // The text may have changed since by the changes before this one; a place must be one of the file on disk.
    let own = refusal.place.filter(|place| Arc::ptr_eq(&place.file, file));
    let place = own.or_else(|| document.as_ref().map(|document| snippet::nearest(document, &change.path).1));
    EditRefused { reason: refusal.reason, place, snippet: snippet::of(document.as_ref(), changes) }
}
