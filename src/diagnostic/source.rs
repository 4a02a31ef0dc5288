use std::ops::Range;
use std::sync::Arc;

/// A file that was read: the path as a user would write it, and its text.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path relative to the project's root where it lies inside, else as it was given.
    pub path: String,
    /// The text, without a byte order mark.
    pub text: String,
}

impl SourceFile {
    /// A file with its path and text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }
}

/// A place in a file: a range of bytes of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The bytes that the place covers; always on character borders inside the text.
    pub span: Range<usize>,
}

impl Place {
    /// A place in a file; a range that lies outside of the text, or cuts a character, is moved inside.
    #[must_use]
    pub fn new(file: &Arc<SourceFile>, span: Range<usize>) -> Self {
        let start = floor_boundary(&file.text, span.start);
        let end = floor_boundary(&file.text, span.end).max(start);
        Self { file: Arc::clone(file), span: start..end }
    }

    /// The first byte of a file.
    #[must_use]
    pub fn start_of(file: &Arc<SourceFile>) -> Self {
        Self::new(file, 0..0)
    }

    /// The line on which the place begins, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.file.text.as_bytes()[..self.span.start].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// The column on which the place begins, counted in characters from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        let before = &self.file.text[..self.span.start];
        let line_start = before.rfind('\n').map_or(0, |index| index + 1);
        before[line_start..].chars().count() + 1
    }
}

impl std::fmt::Display for Place {
    /// `path:line`, the form that terminals and editors make clickable.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.file.path, self.line())
    }
}

fn floor_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::{Place, SourceFile};

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let file = SourceFile::new("a.toml", "é = 1\nname = \"x\"\n");
        let place = Place::new(&file, 7..11);
        assert_eq!((place.line(), place.column()), (2, 1));
        assert_eq!(Place::new(&file, 3..4).column(), 3);
        assert_eq!(Place::new(&file, 900..950).line(), 3);
    }
}
