//! A plan or a result as text, Markdown or SVG. Strings only: `cli` prints them.

mod chart;
mod diagnostics;
mod figure;
mod markdown;
mod run;
mod table;
mod text;

pub use chart::{Curve, CurvePoint, chart};
pub use diagnostics::{diagnostic, diagnostics, summary};
pub use figure::{figure, money};
pub use markdown::{COMMENT_LIMIT, markdown};
pub use run::{history_json, history_text, run_json, run_text};
pub use table::Table;
pub use text::{heading, item, text};
