//! An S3 bucket, or one of a server that speaks as S3 does.

mod address;
mod fault;
mod wire;

pub use wire::{Bucket, Object};
