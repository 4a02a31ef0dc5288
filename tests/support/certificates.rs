//! An authority of a test's own, and certificates by it: good ones, and each kind of bad one.
#![allow(dead_code, clippy::print_stdout, reason = "each test binary uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A certificate with its key, as files.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// An authority.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    /// A new one; `None`, with a message, without the openssl program.
    pub(crate) fn new() -> Option<Self> {
        let is_there = Command::new("openssl").arg("version").stdout(Stdio::null()).status();
        if !is_there.is_ok_and(|status| status.success()) {
            let required = std::env::var_os("PALIER_REQUIRE_TOOLS").is_some_and(|value| value == "1");
            assert!(!required, "there is no openssl");
            println!("skipped: there is no openssl");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Self { folder };
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=Test authority",
            "-keyout",
            "authority.key",
            "-out",
            "authority.crt",
        ]);
        Some(authority)
    }

    /// What clients have to trust, as PEM.
    pub(crate) fn pem(&self) -> Vec<u8> {
        std::fs::read(self.path()).expect("the authority's certificate")
    }

    /// The same as a file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("authority.crt")
    }

    /// A certificate for a name, valid for so many days from now on; negative for one that has expired.
    pub(crate) fn certificate(&self, name: &str, days: i32) -> Pair {
        let stem = format!("{name}{days}");
        let file = |ending: &str| format!("{stem}.{ending}");
        std::fs::write(self.folder.path().join(file("ext")), format!("subjectAltName=DNS:{name}\n")).expect("written");
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            &format!("/CN={name}"),
            "-keyout",
            &file("key"),
            "-out",
            &file("csr"),
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &file("csr"),
            "-CA",
            "authority.crt",
            "-CAkey",
            "authority.key",
            "-CAcreateserial",
            "-days",
            &days.to_string(),
            "-extfile",
            &file("ext"),
            "-out",
            &file("crt"),
        ]);
        let path = |ending: &str| self.folder.path().join(file(ending));
        Pair { certificate: path("crt"), key: path("key") }
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        let output = command.args(arguments).current_dir(self.folder.path()).output().expect("openssl");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A file's bytes.
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}
