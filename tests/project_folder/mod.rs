//! A project in a temporary folder.
#![allow(dead_code, clippy::expect_used)] // every test file uses its own part

use std::path::Path;

use palier::project::{Application, Project};

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        for (path, text) in files {
            folder.write(path, text.as_bytes());
        }
        folder
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let full = self.path().join(path);
        std::fs::create_dir_all(full.parent().expect("a parent")).expect("a folder");
        std::fs::write(full, bytes).expect("a file");
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read(&self) -> Project {
        Project::read(self.path(), "render.yaml")
    }

    /// The only application.
    pub(crate) fn application(&self) -> Application {
        let mut project = self.read();
        assert_eq!(project.applications.len(), 1, "{:?}", project.problems);
        project.applications.remove(0)
    }
}
