//! The target as files, through `templates/`; edits of existing files.

pub mod blueprint;
pub mod ci;
mod django;
pub mod env;
mod env_files;
mod files;
mod folder;
pub mod gunicorn;
pub mod migrations;
mod new_blueprint;
pub mod redis;
mod requirements;
pub mod template;
mod wanted;
pub mod web;
mod write;

pub use files::{FileChange, FileKind, Generated, NewIndex, Options, files};
pub use folder::Folder;
pub use write::{remove_file, remove_leftovers, stays_inside, write_file};
