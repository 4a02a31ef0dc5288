/// The files that are there, as the generators see them. Whoever calls a generator reads them; a generator does not.
pub trait Folder {
    /// The bytes of a file, relative to the project's root; `None` when there is none.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The names of the files directly in a folder, relative to that folder, sorted; empty when there is none.
    fn list(&self, folder: &str) -> Vec<String>;

    /// The text of a file, when it is UTF-8.
    fn text(&self, path: &str) -> Option<String> {
        self.read(path).and_then(|bytes| crate::document::text_of(&bytes).ok())
    }
}
