use crate::diagnostic::Diagnostic;
use crate::generate::template::TemplateError;

/// Why index migrations cannot be written. Nothing is written then, not even the others.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// An index is declared in a way that no index can be built from.
    #[error("{origin}: {reason}")]
    Index {
        /// Where the index is declared.
        origin: String,
        /// What is wrong with it.
        reason: String,
        /// What to write instead.
        help: String,
    },
    /// Another index has the name already.
    #[error("{origin}: the index name `{name}` is taken by another index, of `{by}`")]
    NameTaken {
        /// Where the index is declared.
        origin: String,
        /// The name.
        name: String,
        /// The migration, or the declaration, that has the name.
        by: String,
    },
    /// The migrations of the folder branch, so that there is no last one to continue from.
    #[error("the migrations in `{folder}` have several heads: {}", heads.join(", "))]
    SeveralHeads {
        /// The folder.
        folder: String,
        /// The migrations that no other continues.
        heads: Vec<String>,
        /// The command that joins them.
        remedy: &'static str,
    },
    /// A migration's place in the order does not show.
    #[error("`{path}` {reason}")]
    Order {
        /// The file.
        path: String,
        /// What cannot be read, as the rest of a sentence.
        reason: String,
    },
    /// The Django application is not known.
    #[error("Django migrations need the application whose folder takes them")]
    NoApplication,
    /// A template is broken: a defect of palier.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl MigrationError {
    pub(super) fn index(origin: &str, reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Index { origin: origin.to_owned(), reason: reason.into(), help: help.into() }
    }

    /// The same error as a diagnostic with its remedy; the caller knows the place.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let (id, help) = match self {
            Self::Index { help, .. } => ("index-unreadable", help.clone()),
            Self::NameTaken { .. } => ("index-name-taken", "give one of the two another `name`".to_owned()),
            Self::SeveralHeads { remedy, .. } => ("several-migration-heads", format!("join them: `{remedy}`")),
            Self::Order { .. } => {
                ("migration-order-unknown", "write it as a literal, as the framework does".to_owned())
            }
            Self::NoApplication => ("no-django-app", "name it: `django_app = \"...\"` under `[database]`".to_owned()),
            Self::Template(_) => ("template-broken", "this is a defect of palier: please report it".to_owned()),
        };
        Diagnostic::error(id, self.to_string()).help(help)
    }
}
