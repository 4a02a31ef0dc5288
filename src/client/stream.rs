use std::io::{Error, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use super::{Cause, Deadline, Fault, tcp};

/// A plain connection with one deadline for all that happens on it: a server that says one byte a second does not get
/// around it.
#[derive(Debug)]
pub struct Stream {
    inner: TcpStream,
    host: String,
    port: u16,
    deadline: Deadline,
    received: usize,
}

impl Stream {
    /// Connects.
    ///
    /// # Errors
    /// As [`tcp::connect`].
    pub fn open(host: &str, port: u16, deadline: &Deadline) -> Result<Self, Fault> {
        let inner = tcp::connect(host, port, deadline.left())?;
        Ok(Self { inner, host: host.to_owned(), port, deadline: deadline.clone(), received: 0 })
    }

    /// Forgets what was received before: from now on it counts for the next question.
    pub const fn ask_anew(&mut self) {
        self.received = 0;
    }

    /// Puts another deadline in place of the former.
    pub fn set_deadline(&mut self, deadline: &Deadline) {
        self.deadline = deadline.clone();
    }

    /// What a failure of this connection means.
    #[must_use]
    pub fn fault(&self, error: &Error) -> Fault {
        let is_timeout = matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
        if is_timeout && self.received > 0 {
            let seconds = self.deadline.limit().as_secs_f64();
            let at = format!("{}:{}", self.host, self.port);
            return Fault::new(Cause::Slow, format!("{at} began to answer and did not end within {seconds:.1} s"))
                .remedy("it is overloaded or far away: look at its load, or give it more `timeout` in [verify]");
        }
        tcp::of_io(error, &self.host, self.port)
    }

    fn left(&self) -> std::io::Result<std::time::Duration> {
        let left = self.deadline.left();
        if left.is_zero() { Err(Error::from(ErrorKind::TimedOut)) } else { Ok(left) }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.inner.set_read_timeout(Some(self.left()?))?;
        let length = self.inner.read(buffer)?;
        self.received += length;
        Ok(length)
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.inner.set_write_timeout(Some(self.left()?))?;
        self.inner.write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.inner.shutdown(Shutdown::Both);
    }
}
