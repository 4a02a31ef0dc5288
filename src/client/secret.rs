use std::fmt;

/// A value that must never be shown: an address with a password in it, a token.
///
/// It has no `Display`, its `Debug` shows nothing of it, and it cannot be serialized.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the wire alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A text with every occurrence of this secret, and of the password inside of it when it is an address, replaced.
    /// Errors of libraries and outputs of commands may repeat what they were given.
    #[must_use]
    pub fn hide_in(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for part in self.parts() {
            hidden = hidden.replace(&part, "****");
        }
        hidden
    }

    /// What must not be seen: the whole, and the password as it is written and as it is meant.
    fn parts(&self) -> Vec<String> {
        let mut parts = vec![self.0.clone()];
        if let Some(password) = url::Url::parse(&self.0).ok().and_then(|url| url.password().map(str::to_owned)) {
            parts.push(percent_decoded(&password));
            parts.push(password);
        }
        // A short word, or the number of a port, would blank out what has nothing to do with it.
        let is_number = |part: &str| part.len() <= 5 && part.bytes().all(|byte| byte.is_ascii_digit());
        parts.retain(|part| part.len() >= 4 && !is_number(part));
        parts
    }
}

pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn neither_the_address_nor_its_password_is_seen() {
        let secret = Secret::new("postgres://app:p%40ss-word@db.example.com/app");
        assert_eq!(format!("{secret:?}"), "Secret(****)");
        let text = "password \"p@ss-word\" (p%40ss-word) in postgres://app:p%40ss-word@db.example.com/app";
        assert_eq!(secret.hide_in(text), "password \"****\" (****) in ****");
    }
}
