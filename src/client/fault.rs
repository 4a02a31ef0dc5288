use std::fmt;

use serde::{Deserialize, Serialize};

/// Why something cannot be reached or does not behave, by name: what decides the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The address is missing or is none.
    BadAddress,
    /// The name has no address.
    NotResolved,
    /// A name or an address that exists only inside of a private network, asked from outside of it.
    PrivateOnly,
    /// Nothing listens on the port.
    Refused,
    /// No way leads to the host.
    Unreachable,
    /// Nobody answered the attempt to connect.
    TimedOut,
    /// It connects and then says nothing: half-open, paused, or something else behind the port.
    Silent,
    /// It answers, but not within the time that it is given.
    Slow,
    /// The connection was cut in the middle.
    Reset,
    /// The other side closed the connection without an answer.
    Closed,
    /// TLS was asked of a port that speaks without it.
    PlainPort,
    /// A port that speaks TLS was asked without it.
    TlsPort,
    /// The certificate is no longer valid.
    CertificateExpired,
    /// The certificate is not valid yet.
    CertificateNotYetValid,
    /// The certificate is of another name.
    CertificateName,
    /// Nobody who is trusted has signed the certificate.
    CertificateUntrusted,
    /// TLS fails for another reason.
    Tls,
    /// The password, the user or the token is wrong.
    WrongPassword,
    /// A password is needed and none was given.
    PasswordMissing,
    /// The user may not do that.
    NotPermitted,
    /// The address of this machine is not on the list of allowed ones.
    AddressNotAllowed,
    /// No connection is left.
    TooManyConnections,
    /// Memory or storage is full.
    Full,
    /// It accepts no writes.
    ReadOnly,
    /// A free service that sleeps until somebody asks.
    Sleeping,
    /// Its owner or its provider has switched it off.
    Suspended,
    /// It is starting, or loading its data.
    Starting,
    /// A pooler in transaction mode stands where a session is needed.
    Pooled,
    /// What should be there is not.
    Missing,
    /// It answers with another status than expected.
    UnexpectedStatus,
    /// It answers, with something else than expected.
    UnexpectedAnswer,
    /// A figure is outside of its limit.
    OutOfLimit,
    /// Somebody else's work is in the way: an old transaction, a build, a lock.
    Blocked,
    /// A tool that is needed is not on this machine.
    ToolMissing,
    /// None of the others.
    Other,
}

impl Cause {
    /// The name as JSON and messages write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadAddress => "bad-address",
            Self::NotResolved => "not-resolved",
            Self::PrivateOnly => "private-only",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::PlainPort => "plain-port",
            Self::TlsPort => "tls-port",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotYetValid => "certificate-not-yet-valid",
            Self::CertificateName => "certificate-name",
            Self::CertificateUntrusted => "certificate-untrusted",
            Self::Tls => "tls",
            Self::WrongPassword => "wrong-password",
            Self::PasswordMissing => "password-missing",
            Self::NotPermitted => "not-permitted",
            Self::AddressNotAllowed => "address-not-allowed",
            Self::TooManyConnections => "too-many-connections",
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Sleeping => "sleeping",
            Self::Suspended => "suspended",
            Self::Starting => "starting",
            Self::Pooled => "pooled",
            Self::Missing => "missing",
            Self::UnexpectedStatus => "unexpected-status",
            Self::UnexpectedAnswer => "unexpected-answer",
            Self::OutOfLimit => "out-of-limit",
            Self::Blocked => "blocked",
            Self::ToolMissing => "tool-missing",
            Self::Other => "other",
        }
    }
}

/// What went wrong on a wire or at its other end: the cause, what was seen, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Fault {
    /// The cause, by name.
    pub cause: Cause,
    /// What was seen, in one sentence without a full stop; no secrets.
    pub message: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
}

impl Fault {
    /// A fault with what was seen.
    #[must_use]
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), remedy: String::new() }
    }

    /// Says what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.cause.name())
    }
}
