//! What a secret looks like, so that one in a user's file never reaches an output.

/// Parts of a variable's name that say that its value is a secret.
const SECRET_WORDS: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "access_key",
    "credential",
    "dsn",
    "auth_key",
    "signing_key",
    "encryption_key",
    "webhook",
    "client_id",
    "license_key",
    "salt",
    "jwt",
    "sentry",
];

/// Beginnings that the issuers of well-known tokens put on them.
const TOKEN_PREFIXES: &[&str] = &[
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "pk_live_",
    "whsec_",
    "sk-",
    "rnd_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "SG.",
    "eyJ",
    "-----BEGIN",
    "django-insecure-",
    "npm_",
    "pypi-",
];

/// Whether a variable of this name holds a secret, judged by the name alone.
#[must_use]
pub fn names_a_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.ends_with("_key")
        || lower.ends_with("_pass")
        || lower.ends_with("_pwd")
        || lower == "key"
        || SECRET_WORDS.iter().any(|word| lower.contains(word))
}

/// Whether a value looks like a secret by itself: an address with a password in it, or a well-known kind of token.
#[must_use]
pub fn looks_like_secret(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    url_password(value).is_some()
        || TOKEN_PREFIXES.iter().any(|prefix| value.len() >= prefix.len() + 8 && value.starts_with(prefix))
        || looks_random(value)
}

/// Long, unbroken and mixed: what generated keys look like and words do not.
fn looks_random(value: &str) -> bool {
    let plain = value.len() >= 24
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-!@#$%^&*()".contains(&byte))
        && !value.starts_with("http");
    plain
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
        && value.bytes().filter(|byte| matches!(byte, b'-' | b'_' | b'/')).count() * 6 <= value.len()
}

/// The bytes of the password inside `scheme://user:password@host`.
fn url_password(text: &str) -> Option<std::ops::Range<usize>> {
    let scheme_end = text.find("://")? + 3;
    let rest = &text[scheme_end..];
    let authority = &rest[..rest.find(['/', '?', '#', ' ', '"', '\'']).unwrap_or(rest.len())];
    let at = authority.rfind('@')?;
    let colon = authority[..at].find(':')?;
    let password = &authority[colon + 1..at];
    let is_reference = password.is_empty() || password.starts_with("${") || password.starts_with('$');
    (!is_reference).then_some(scheme_end + colon + 1..scheme_end + at)
}

/// Replaces every secret in a text by asterisks of the same length, so that places in it still hold.
///
/// Values of variables whose name says that they are secret are masked whole, in `NAME=value` lines, in
/// `name: value` lines, and in the `key:` / `value:` pairs of a blueprint; passwords in addresses everywhere.
#[must_use]
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut pending_key = String::new();
    for line in text.split_inclusive('\n') {
        masked.push_str(&mask_line(line, &mut pending_key));
    }
    masked
}

fn mask_line(line: &str, pending_key: &mut String) -> String {
    let mut line = line.to_owned();
    if let Some((name_range, value_range)) = assignment(&line) {
        let name = line[name_range].trim_matches(['"', '\'', ' ']).to_owned();
        let value = line[value_range.clone()].to_owned();
        let secret = match name.as_str() {
            "key" => {
                value.trim_matches(['"', '\'']).clone_into(pending_key);
                false
            }
            "value" | "previewValue" => names_a_secret(pending_key) || looks_like_secret(&value),
            _ => (names_a_secret(&name) || looks_like_secret(&value)) && url_password(&value).is_none(),
        };
        if secret && !value.starts_with(['{', '[', '&', '*']) && !matches!(value.as_str(), "true" | "false") {
            blank(&mut line, value_range);
        }
    }
    let mut from = 0;
    while let Some(found) = url_password(&line[from..]) {
        let range = from + found.start..from + found.end;
        from = range.end;
        blank(&mut line, range);
    }
    blank_tokens(&mut line);
    line
}

/// The name and the value of `NAME=value` or `name: value`, without comments and line ends.
fn assignment(line: &str) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let body = line.trim_end();
    let separator = body.find(['=', ':'])?;
    let name_start = body[..separator].rfind(|c: char| !(c.is_alphanumeric() || "_-.\"'".contains(c)));
    let name_start = name_start.map_or(0, |index| index + body[index..].chars().next().map_or(1, char::len_utf8));
    let rest = &body[separator + 1..];
    let value_start = separator + 1 + (rest.len() - rest.trim_start().len());
    let value = &body[value_start..];
    let value_end = value_start + value.find(" #").unwrap_or(value.len());
    (name_start < separator && value_start < value_end).then_some((name_start..separator, value_start..value_end))
}

fn blank_tokens(line: &mut String) {
    let words: Vec<std::ops::Range<usize>> = line
        .split(|c: char| c.is_whitespace() || "\"'=,;()".contains(c))
        .map(|word| {
            let start = word.as_ptr() as usize - line.as_ptr() as usize;
            start..start + word.len()
        })
        .filter(|range| {
            let word = &line[range.clone()];
            TOKEN_PREFIXES.iter().any(|prefix| word.len() >= prefix.len() + 8 && word.starts_with(prefix))
        })
        .collect();
    for range in words {
        blank(line, range);
    }
}

/// Overwrites a range with as many asterisks as it has bytes.
fn blank(line: &mut String, range: std::ops::Range<usize>) {
    let length = range.len();
    line.replace_range(range, &"*".repeat(length));
}

#[cfg(test)]
mod tests {
    use super::{looks_like_secret, mask, names_a_secret};

    #[test]
    fn passwords_in_addresses_are_masked_and_lengths_kept() {
        let text = "REDIS_URL=redis://default:hunter22@example.upstash.io:6379 # cache\n";
        let masked = mask(text);
        assert_eq!(masked.len(), text.len());
        assert!(!masked.contains("hunter22"), "{masked}");
        assert!(masked.contains("example.upstash.io"), "{masked}");
    }

    #[test]
    fn values_of_secret_names_are_masked_in_env_files_and_blueprints() {
        assert!(!mask("SECRET_KEY=abc\n").contains("abc"));
        assert!(!mask("  - key: STRIPE_TOKEN\n    value: shortone\n").contains("shortone"));
        assert!(mask("  - key: DEBUG\n    value: False\n").contains("False"));
        assert!(mask("plan: free\n").contains("free"));
    }

    #[test]
    fn names_and_values_are_told_apart_from_ordinary_ones() {
        assert!(names_a_secret("DJANGO_SECRET_KEY") && !names_a_secret("DATABASE_POOL_SIZE"));
        assert!(looks_like_secret("postgres://app:pw123@db/app") && !looks_like_secret("postgres://db/app"));
        assert!(!looks_like_secret("gunicorn main:app --workers 2"));
    }
}
