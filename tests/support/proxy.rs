//! A way to a server that can be cut and mended, as a network or a restart does it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A port that leads to a server for as long as it is open.
pub(crate) struct Proxy {
    port: u16,
    server: u16,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    is_open: Arc<AtomicBool>,
}

impl Proxy {
    /// Opens one.
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let proxy = Self { port, server, streams: Arc::default(), is_open: Arc::new(AtomicBool::new(true)) };
        proxy.serve(listener);
        proxy
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection; from now on nothing listens.
    pub(crate) fn cut(&self) {
        self.is_open.store(false, Ordering::SeqCst);
        for stream in self.streams.lock().expect("the list").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Longer than the listener takes to notice.
        std::thread::sleep(Duration::from_millis(100));
    }

    /// Listens on the same port again.
    pub(crate) fn mend(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("the same port");
        self.is_open.store(true, Ordering::SeqCst);
        self.serve(listener);
    }

    fn serve(&self, listener: TcpListener) {
        listener.set_nonblocking(true).expect("a listener");
        let (streams, is_open, server) = (Arc::clone(&self.streams), Arc::clone(&self.is_open), self.server);
        std::thread::spawn(move || {
            while is_open.load(Ordering::SeqCst) {
                let Ok((client, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                client.set_nonblocking(false).expect("a stream");
                let Ok(other) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let ends = [&client, &other].map(|stream| stream.try_clone().expect("a stream"));
                streams.lock().expect("the list").extend(ends);
                copy(client.try_clone().expect("a stream"), other.try_clone().expect("a stream"));
                copy(other, client);
            }
        });
    }
}

/// Carries bytes one way until either end closes.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
