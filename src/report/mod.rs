//! A plan or a result as text, Markdown, SVG, or in the form that a CI service reads. Strings only: `cli` prints them.

mod chart;
mod diagnostics;
mod escape;
mod figure;
mod finding;
mod fit;
mod github;
mod gitlab;
mod junit;
mod markdown;
mod run;
mod sarif;
mod outcomes;
mod table;
mod text;
mod verdict;

pub use chart::{Curve, CurvePoint, chart};
pub use diagnostics::{diagnostic, diagnostics, summary};
pub use figure::{figure, money};
pub use github::github;
pub use gitlab::gitlab;
pub use junit::junit;
pub use markdown::{COMMENT_LIMIT, COMMENT_MARKER, markdown};
pub use outcomes::outcomes;
pub use run::{history_json, history_text, run_json, run_text};
pub use sarif::sarif;
pub use table::Table;
pub use text::{heading, item, text};
