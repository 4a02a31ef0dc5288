use comfy_table::{CellAlignment, ContentArrangement, presets};

/// The width that text output keeps to, so that it reads in a terminal, a log and a mail alike.
pub(super) const WIDTH: u16 = 80;

/// A table of plain text without lines, at most 80 columns wide.
#[derive(Debug)]
pub struct Table {
    inner: comfy_table::Table,
    indent: usize,
}

impl Table {
    /// A table with headings; empty headings make one without a head.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        let mut inner = comfy_table::Table::new();
        inner.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH - 2);
        if headings.iter().any(|heading| !heading.is_empty()) {
            inner.set_header(headings);
        }
        Self { inner, indent: 1 }
    }

    /// Aligns columns to the right, as figures are.
    #[must_use]
    pub fn right(mut self, columns: &[usize]) -> Self {
        // The alignment of a column holds for rows that come later, so it is set on an empty first row's columns.
        if self.inner.column_count() == 0 {
            return self;
        }
        for column in columns {
            if let Some(column) = self.inner.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        self
    }

    /// Adds a row.
    pub fn row<I: IntoIterator<Item = S>, S: Into<String>>(&mut self, cells: I) {
        self.inner.add_row(cells.into_iter().map(Into::into).collect::<Vec<String>>());
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let indent = " ".repeat(self.indent);
        for line in self.inner.to_string().lines() {
            writeln!(formatter, "{indent}{}", line.trim_end())?;
        }
        Ok(())
    }
}
