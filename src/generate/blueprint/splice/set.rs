use super::{Source, Splice};
use crate::generate::blueprint::change::ScalarValue;
use crate::generate::blueprint::layout::{Kind, Node};
use crate::generate::blueprint::scalar::{like, scalar};

/// Another value for a scalar that is there.
pub(super) fn set(source: &Source<'_>, parent: &Node, key: &str, node: &Node, value: &ScalarValue) -> Option<Splice> {
    let quotes = source.quotes(parent);
    match &node.kind {
        Kind::Plain | Kind::Quoted(_) => {
            Some(Splice { range: node.span.clone(), text: like(&node.kind, value, quotes) })
        }
        Kind::Block { .. } => {
            let written = &source.text[node.span.clone()];
            let header = written.lines().next().unwrap_or_default();
            // A comment behind the `|` stays behind the new value.
            let comment = header.find('#').map_or("", |hash| {
                let gap = header[..hash].len() - header[..hash].trim_end().len();
                &header[hash - gap..]
            });
            let length = written.trim_end().len();
            let range = node.span.start..node.span.start + length;
            Some(Splice { range, text: format!("{}{comment}", scalar(value, quotes)) })
        }
        Kind::Empty => {
            let at = parent.entry(key)?.after_colon(source.text)?;
            Some(Splice { range: at..at, text: format!(" {}", scalar(value, quotes)) })
        }
        Kind::Alias | Kind::List { .. } | Kind::Table { .. } => None,
    }
}
