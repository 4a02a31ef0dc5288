use crate::client::{Cause, Fault, Secret};

/// Where a database is, as a `DATABASE_URL` says it, checked.
#[derive(Debug, Clone)]
pub struct Address {
    url: Secret,
    /// The host, for messages.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The database.
    pub database: String,
}

impl Address {
    /// Reads an address; SQLAlchemy's and Django's forms (`postgresql+asyncpg://`) count as what they mean.
    ///
    /// # Errors
    /// It is no address, of something else, or names no user.
    pub fn parse(url: &Secret) -> Result<Self, Fault> {
        let bad = |what: &str, remedy: &str| Err(Fault::new(Cause::BadAddress, what).remedy(remedy));
        let form = "write postgresql://USER:PASSWORD@HOST:5432/DATABASE";
        let text = url.expose().trim();
        let Some((scheme, rest)) = text.split_once("://") else {
            return bad("the database's address has no scheme", form);
        };
        let base = scheme.split('+').next().unwrap_or(scheme);
        if !matches!(base, "postgres" | "postgresql") {
            return bad(&format!("the database's address begins with `{scheme}://`, which is not Postgres"), form);
        }
        let plain = format!("postgresql://{rest}");
        let Ok(parsed) = url::Url::parse(&plain) else {
            return bad("the database's address cannot be read", form);
        };
        // Behind a `#` in the password the rest would be cut off, and a part of the password taken for the host.
        if parsed.fragment().is_some() {
            return bad(
                "the database's address holds a `#`",
                "write `%23` for a `#`, `%40` for an `@` and `%2F` for a `/` in a password",
            );
        }
        let Some(host) = parsed.host_str().filter(|host| !host.is_empty()) else {
            return bad("the database's address names no host", form);
        };
        if parsed.username().is_empty() {
            return bad("the database's address names no user", form);
        }
        let database = parsed.path().trim_start_matches('/');
        Ok(Self {
            url: Secret::new(plain.clone()),
            host: host.to_owned(),
            port: parsed.port().unwrap_or(5432),
            user: parsed.username().to_owned(),
            database: if database.is_empty() { parsed.username() } else { database }.to_owned(),
        })
    }

    /// The whole address, for the wire alone.
    pub(super) const fn secret(&self) -> &Secret {
        &self.url
    }

    /// Host, port and database: what may be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;
    use crate::client::Secret;

    #[test]
    fn the_forms_of_sqlalchemy_are_understood_and_nothing_secret_is_shown() {
        let address =
            Address::parse(&Secret::new("postgresql+asyncpg://app:pw-word@db:6000/shop")).expect("an address");
        assert_eq!((address.host.as_str(), address.port, address.database.as_str()), ("db", 6000, "shop"));
        assert!(!format!("{address:?}").contains("pw-word"));
    }

    #[test]
    fn what_is_no_address_of_postgres_is_told_without_repeating_it() {
        for wrong in ["mysql://a:pw-word@b/c", "postgres://db/app", "pw-word", "postgres://a:pw-word@/x"] {
            let fault = Address::parse(&Secret::new(wrong)).expect_err(wrong);
            assert!(!fault.to_string().contains("pw-word") && !fault.remedy.is_empty(), "{fault:?}");
        }
    }
}
