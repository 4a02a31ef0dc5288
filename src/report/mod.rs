//! A plan or a result as text, Markdown or SVG. Strings only: `cli` prints them.

mod chart;
mod diagnostics;
mod figure;
mod markdown;
mod outcomes;
mod table;
mod text;

pub use chart::{Curve, CurvePoint, chart};
pub use diagnostics::{diagnostic, diagnostics, summary};
pub use figure::{figure, money};
pub use markdown::{COMMENT_LIMIT, markdown};
pub use outcomes::outcomes;
pub use table::Table;
pub use text::{heading, item, text};
