//! What a step can do at a provider, behind one trait; the drivers come one file each.
//!
//! A driver decides nothing. It reads a field, asks for a change, and says how far the change is. It may be slow, say
//! yes and do nothing, or fail half-way: whoever uses it reads again afterwards and believes that alone.

use crate::client::Fault;

/// One field of one resource, to be changed from one value to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// The resource's name.
    pub resource: String,
    /// The field.
    pub field: String,
    /// Its value before; `None` when there is none.
    pub from: Option<String>,
    /// Its value then.
    pub to: Option<String>,
}

impl ResourceChange {
    /// The change back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { from: self.to.clone(), to: self.from.clone(), ..self.clone() }
    }
}

/// How far a change is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It still goes on; what the provider says of it.
    Running(String),
    /// It has come to its end.
    Done,
    /// It failed; why.
    Failed(String),
}

/// A provider's interface, as far as a step needs it.
pub trait Provider: Send + Sync {
    /// The name as plans write it.
    fn name(&self) -> &str;

    /// The present value of a field.
    ///
    /// # Errors
    /// The interface cannot be reached or knows no such resource.
    fn read(&self, resource: &str, field: &str) -> Result<Option<String>, Fault>;

    /// Asks for a change. Asking again for one that was made already changes nothing.
    ///
    /// # Errors
    /// The interface cannot be reached, or refuses. A timeout says nothing about whether the change was taken.
    fn change(&self, change: &ResourceChange) -> Result<(), Fault>;

    /// How far a change is that was asked for.
    ///
    /// # Errors
    /// The interface cannot be reached.
    fn progress(&self, change: &ResourceChange) -> Result<Progress, Fault>;
}
