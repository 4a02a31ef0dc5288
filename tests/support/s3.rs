//! An S3 server of a test's own, on a free port of this machine. The test binary also has `support/venv.rs`.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::venv::Venv;

/// A server with the bucket `journals`, which runs until this is dropped.
pub(crate) struct S3Server {
    child: Child,
    port: u16,
}

impl S3Server {
    /// Starts a server. `None`, with a message, when its package cannot be had; with `PALIER_REQUIRE_TOOLS=1` that fails
    /// the test instead.
    pub(crate) fn start() -> Option<Self> {
        let venv = Venv::with("s3", &["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"])?;
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/s3_server.py");
        let mut command = Command::new(venv.program("python"));
        command.arg(program).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its port");
        let server = Self { child, port: line.trim().parse().expect("a port") };
        server.send("PUT", "/journals", "");
        Some(server)
    }

    /// What a client needs to know besides the bucket, with credentials that the server takes.
    pub(crate) fn options(&self) -> Vec<(String, String)> {
        let options = [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIAPLANTEDKEY000001".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "planted/secret+key/of-a-test".to_owned()),
            ("AWS_SESSION_TOKEN", "planted-session-token".to_owned()),
        ];
        options.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    /// Moves the server's clock.
    pub(crate) fn pass(&self, time: Duration) {
        self.send("GET", &format!("/_test/ahead?seconds={}", time.as_secs()), "");
    }

    /// The next writes are done and answered with an error.
    pub(crate) fn stumble(&self, writes: u32) {
        self.send("GET", &format!("/_test/stumble?writes={writes}"), "");
    }

    /// Stores an object below the bucket, whatever is there.
    pub(crate) fn put(&self, key: &str, body: &str) {
        self.send("PUT", &format!("/journals/{key}"), body);
    }

    /// Removes an object of the bucket.
    pub(crate) fn delete(&self, key: &str) {
        self.send("DELETE", &format!("/journals/{key}"), "");
    }

    fn send(&self, method: &str, path: &str, body: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        // Nobody checks the signature; without one, what is there already is not for everybody.
        let signed =
            "AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nAuthorization: {signed}\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(status.starts_with('2'), "{method} {path}: {answer}");
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
