use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

use crate::client::{Cause, Fault, Secret};

/// What an error of the library means. Servers repeat what they were sent, so that secrets are looked for in it.
pub(super) fn of(error: &object_store::Error, shown: &str, secrets: &[Secret]) -> Fault {
    let text = chain(error);
    let code = between(&text, "<Code>", "</Code>");
    let (cause, message) = match error {
        object_store::Error::NotFound { .. } => (Cause::Missing, format!("there is no bucket for {shown}")),
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            refused(shown, code)
        }
        _ => match kind(error) {
            Some(HttpErrorKind::Connect) => unreachable(error, &text, shown),
            Some(HttpErrorKind::Timeout) => (Cause::Slow, format!("{shown} did not answer in time")),
            Some(HttpErrorKind::Interrupted | HttpErrorKind::Request) => {
                (Cause::Reset, format!("the connection to {shown} was cut"))
            }
            _ => match code {
                Some(code) => (Cause::UnexpectedStatus, format!("{shown} answers {code}")),
                None => (Cause::Other, format!("{shown} cannot be used: {text}")),
            },
        },
    };
    let message = secrets.iter().fold(message, |message, secret| secret.hide_in(&message));
    Fault::new(cause, message).remedy(remedy(cause))
}

/// It took longer than it is ever given.
pub(super) fn too_slow(shown: &str) -> Fault {
    Fault::new(Cause::Slow, format!("{shown} did not answer in time")).remedy(remedy(Cause::Slow))
}

fn refused(shown: &str, code: Option<&str>) -> (Cause, String) {
    let cause = match code {
        Some("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken") => Cause::WrongPassword,
        _ => Cause::NotPermitted,
    };
    (cause, format!("{shown} refuses these credentials: {}", code.unwrap_or("no reason given")))
}

fn unreachable(error: &object_store::Error, text: &str, shown: &str) -> (Cause, String) {
    let io = causes(error).find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    let text = text.to_lowercase();
    match io {
        Some(std::io::ErrorKind::ConnectionRefused) => {
            (Cause::Refused, format!("nobody listens where {shown} should be"))
        }
        _ if text.contains("dns") || text.contains("lookup") => {
            (Cause::NotResolved, format!("the host of {shown} has no address"))
        }
        _ if text.contains("certificate") => (Cause::Tls, format!("the certificate of {shown} is not trusted")),
        Some(std::io::ErrorKind::TimedOut) => (Cause::TimedOut, format!("the host of {shown} does not answer")),
        _ => (Cause::Unreachable, format!("the host of {shown} cannot be reached")),
    }
}

fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::Missing => "make the bucket, or correct the journal's address",
        Cause::WrongPassword => {
            "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for a temporary key, AWS_SESSION_TOKEN anew"
        }
        Cause::NotPermitted => "allow s3:ListBucket on the bucket, s3:GetObject and s3:PutObject below the prefix",
        Cause::Refused | Cause::NotResolved | Cause::Unreachable | Cause::TimedOut => {
            "correct AWS_ENDPOINT_URL and AWS_REGION, or the way to it from here"
        }
        Cause::Tls => "trust the authority that signed it (SSL_CERT_FILE), or correct the address",
        _ => "run palier again; what was done is kept",
    }
}

fn kind(error: &object_store::Error) -> Option<HttpErrorKind> {
    causes(error).find_map(|cause| cause.downcast_ref::<HttpError>()).map(HttpError::kind)
}

fn causes<'a>(error: &'a object_store::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next: Option<&'a (dyn Error + 'static)> = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

fn chain(error: &object_store::Error) -> String {
    let mut text = String::new();
    for cause in causes(error).map(ToString::to_string) {
        // Most of them repeat what is below them.
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
    }
    text
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let rest = text.split_once(begin)?.1;
    rest.split_once(end).map(|(inner, _)| inner)
}
