//! A server that behaves as badly as a test wants, with and without TLS, on a free port of this machine.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::{Pair, bytes};

/// How long a silent server keeps a connection: longer than any probe waits.
const LONG: Duration = Duration::from_secs(8);

/// Half of an answer of HTTP.
pub(crate) const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";

/// A request, as far as these servers read it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
    /// The how-manieth request of this server it is, counted from 1.
    pub(crate) number: usize,
}

/// What a server does with a connection.
#[derive(Clone)]
pub(crate) enum Manner {
    /// It answers each request with what the function says: the whole text of the response.
    Answers(Arc<dyn Fn(&Asked) -> String + Send + Sync>),
    /// It takes the connection and says nothing.
    Silent,
    /// It begins to answer, and goes on one byte at a time.
    Slow,
    /// It says something, and then nothing any more.
    Dribbles(&'static str),
    /// It begins an answer and cuts the connection in the middle.
    Resets(&'static str),
    /// It closes the connection without a word.
    Closes,
    /// It says something and hangs up.
    Says(&'static str),
}

impl Manner {
    /// It answers each request with a status, headers (each ended by a line end) and a body.
    pub(crate) fn answers(answer: impl Fn(&Asked) -> (u16, String, String) + Send + Sync + 'static) -> Self {
        Self::Answers(Arc::new(move |asked| {
            let (status, headers, body) = answer(asked);
            format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
        }))
    }
}

/// A server that runs until this is dropped.
pub(crate) struct Stub {
    port: u16,
    ended: Arc<AtomicBool>,
    /// How many requests it has had.
    pub(crate) count: Arc<AtomicUsize>,
}

impl Stub {
    /// A server without TLS.
    pub(crate) fn plain(manner: Manner) -> Self {
        Self::start(manner, None)
    }

    /// A server with TLS.
    pub(crate) fn tls(manner: Manner, pair: &Pair) -> Self {
        let chain = CertificateDer::pem_slice_iter(&bytes(&pair.certificate)).map(|one| one.expect("PEM")).collect();
        let key = PrivateKeyDer::from_pem_slice(&bytes(&pair.key)).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate");
        Self::start(manner, Some(Arc::new(config)))
    }

    fn start(manner: Manner, config: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let (ended, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let stub = Self { port, ended: Arc::clone(&ended), count: Arc::clone(&count) };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                if matches!(manner, Manner::Resets(_)) {
                    // Whatever is left to send is thrown away at the end, and the other side is told.
                    let linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };
                    nix::sys::socket::setsockopt(&stream, nix::sys::socket::sockopt::Linger, &linger).expect("set");
                }
                let (manner, config, count) = (manner.clone(), config.clone(), Arc::clone(&count));
                std::thread::spawn(move || match config {
                    None => behave(stream, &manner, &count),
                    Some(config) => {
                        let connection = ServerConnection::new(config).expect("a connection");
                        behave(StreamOwned::new(connection, stream), &manner, &count);
                    }
                });
            }
        });
        stub
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn behave(mut stream: impl Read + Write, manner: &Manner, count: &AtomicUsize) {
    match manner {
        Manner::Silent => std::thread::sleep(LONG),
        Manner::Dribbles(words) => {
            let _ = stream.write_all(words.as_bytes());
            let _ = stream.flush();
            std::thread::sleep(LONG);
        }
        Manner::Closes => {
            // Reading it all first makes it a close, and not a reset.
            let _ = asked(&mut stream, count);
        }
        Manner::Says(words) => {
            let _ = stream.write_all(words.as_bytes());
            let _ = stream.flush();
            // What the other side has sent is read: left unread it would turn the close into a reset.
            let _ = stream.read(&mut [0; 4096]);
        }
        Manner::Resets(words) => {
            let _ = stream.read(&mut [0; 4]);
            let _ = stream.write_all(words.as_bytes());
            let _ = stream.flush();
            std::thread::sleep(Duration::from_millis(20));
        }
        Manner::Slow => {
            let _ = asked(&mut stream, count);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            for _ in 0..80 {
                if stream.write_all(b".").and_then(|()| stream.flush()).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        Manner::Answers(answer) => {
            while let Some(asked) = asked(&mut stream, count) {
                if asked.method == "TLS" {
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                    return;
                }
                if stream.write_all(answer(&asked).as_bytes()).and_then(|()| stream.flush()).is_err() {
                    return;
                }
            }
        }
    }
}

/// Reads one request with its body; `None` at the end of the connection.
fn asked(stream: &mut impl Read, count: &AtomicUsize) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        // A TLS client says hello in one piece and waits.
        if bytes.first() == Some(&0x16) {
            return Some(Asked { method: "TLS".to_owned(), ..Asked::default() });
        }
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let length = stream.read(&mut buffer).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&buffer[..length]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    while bytes.len() < end + length.unwrap_or(0) {
        let more = stream.read(&mut buffer).ok().filter(|more| *more > 0)?;
        bytes.extend_from_slice(&buffer[..more]);
    }
    let mut first = head.split(' ');
    Some(Asked {
        method: first.next()?.to_owned(),
        path: first.next()?.to_owned(),
        body: String::from_utf8_lossy(&bytes[end..]).into_owned(),
        number: count.fetch_add(1, Ordering::SeqCst) + 1,
        head,
    })
}

/// A port on which nothing listens.
pub(crate) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}
