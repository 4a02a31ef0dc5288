//! Secrets that the test projects hold. They are put together here, so that no file of the repository looks like it
//! held a real one.

/// Each mark of the test projects' files with the secret that takes its place: first what is in it whatever happens,
/// then what makes it a secret of its kind.
fn secrets() -> [(&'static str, String); 4] {
    [
        ("@stripe@", format!("sk_{}_{}", "live", "51PlantedByTheTests4eC39HqLyjWDarjtT1zdp7dc")),
        ("@database@", format!("postgres://user:{}@db.example.com:5432/app", "hunter2secret")),
        ("@redis@", format!("rediss://default:{}@eu1.example.com:6379", "AXplantedUpstashPassword91")),
        ("@secret-key@", "django-insecure-planted-k3y-7f3b2c9d8e1a4f60".to_owned()),
    ]
}

/// What of them must never be seen.
const GIVEAWAYS: [&str; 4] =
    ["51PlantedByTheTests", "hunter2secret", "AXplantedUpstashPassword91", "insecure-planted-k3y"];

/// Puts the secrets in the place of their marks.
pub(crate) fn plant(text: &str) -> String {
    secrets().iter().fold(text.to_owned(), |text, (mark, secret)| text.replace(mark, secret))
}

/// Takes them out again: a file that the user has keeps its secrets, a snapshot does not.
pub(crate) fn unplant(text: &str) -> String {
    secrets().iter().fold(text.to_owned(), |text, (mark, secret)| text.replace(secret, mark))
}

/// Nothing of a planted secret is in a text.
pub(crate) fn assert_none_shown(text: &str) {
    for giveaway in GIVEAWAYS {
        assert!(!text.contains(giveaway), "`{giveaway}` is shown in:\n{text}");
    }
}
