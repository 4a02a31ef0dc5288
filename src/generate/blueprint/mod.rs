//! `render.yaml`: a new one from a template, or an existing one edited in place.
//!
//! An edit ([`edit`]) replaces as few bytes as it can and goes through a guard that reads the result again; whatever
//! the guard does not like leaves the file as it was, and the wanted change is shown to be pasted by hand.
//! [`changes`](changes::changes) says which edits a blueprint needs.

mod change;
pub mod changes;
mod edit;
mod emit;
mod environment;
mod expected;
mod fallback;
mod guard;
mod layout;
mod new;
mod order;
mod promise;
mod scalar;
mod snippet;
mod splice;
mod view;

pub use change::{Change, EditRefused, ScalarValue, Wanted};
pub use edit::{edit, edit_bytes};
pub use environment::{WantedEnv, WantedSource};
pub use new::{
    AllowedAddress, NewBlueprint, NewDatabase, NewDisk, NewKeyValue, NewKind, NewService, Previews, render_new,
};
