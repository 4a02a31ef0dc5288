use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::address::Address;
use super::fault;
use crate::client::{Cause, Fault, Secret};

/// What one question may take, with all its repetitions.
const LIMIT: Duration = Duration::from_secs(20);
/// What the list of all names may take: it comes in parts of a thousand.
const LIST_LIMIT: Duration = Duration::from_secs(60);
const SIDE_BY_SIDE: usize = 32;
const TRIES: usize = 3;

/// An object and when the store says it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What is in it.
    pub body: Vec<u8>,
    /// When it was written, by the store's clock.
    pub written: Timestamp,
}

/// The objects of a bucket below a prefix.
#[derive(Debug)]
pub struct Bucket {
    store: Arc<AmazonS3>,
    runtime: Runtime,
    prefix: String,
    shown: String,
    secrets: Vec<Secret>,
}

impl Bucket {
    /// For `s3://BUCKET/PREFIX`, with region, endpoint and credentials by the names of the usual variables. Nothing is
    /// asked yet.
    ///
    /// # Errors
    /// The address is none, or there are no credentials.
    pub fn open(url: &str, options: &[(String, String)]) -> Result<Self, Fault> {
        let Address { store, prefix, shown, secrets } = Address::read(url, options)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Fault::new(Cause::Other, format!("no connection can be made here: {error}")))?;
        Ok(Self { store: Arc::new(store), runtime, prefix, shown, secrets })
    }

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// The store refuses, or is out of reach.
    pub fn list(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let path = self.path(folder);
        let listed = self.ask(LIST_LIMIT, self.store.list_with_delimiter(Some(&path)))?;
        let listed = listed.map_err(|error| self.fault(&error))?;
        let mut names: Vec<String> =
            listed.objects.iter().filter_map(|object| object.location.filename().map(str::to_owned)).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// One object; `None` when there is none.
    ///
    /// # Errors
    /// The store refuses, or is out of reach.
    pub fn read(&self, name: &str) -> Result<Option<Object>, Fault> {
        let path = self.path(name);
        let read = self.ask(LIMIT, fetch(&self.store, &path))?;
        read.map_err(|error| self.fault(&error))
    }

    /// Many objects, in the order of their names here.
    ///
    /// # Errors
    /// The store refuses, or is out of reach.
    pub fn read_all(&self, names: &[String]) -> Result<Vec<Option<Object>>, Fault> {
        self.runtime.block_on(async {
            let mut found = vec![None; names.len()];
            let (mut reading, mut rest) = (JoinSet::new(), names.iter().enumerate());
            loop {
                while reading.len() < SIDE_BY_SIDE
                    && let Some((at, name)) = rest.next()
                {
                    let (store, path) = (Arc::clone(&self.store), self.path(name));
                    reading.spawn(async move { (at, tokio::time::timeout(LIMIT, fetch(&store, &path)).await) });
                }
                match reading.join_next().await {
                    None => return Ok(found),
                    Some(Ok((at, Ok(object)))) => found[at] = object.map_err(|error| self.fault(&error))?,
                    Some(Ok((_, Err(_)))) => return Err(fault::too_slow(&self.shown)),
                    Some(Err(error)) => return Err(Fault::new(Cause::Other, error.to_string())),
                }
            }
        })
    }

    /// Makes an object. `false` when there is one of this name already, with something else in it.
    ///
    /// An answer may be lost although the object was made; then it is found here as it was meant, which is as good.
    ///
    /// # Errors
    /// The store refuses, or is out of reach. The object may come into being nevertheless.
    pub fn create(&self, name: &str, body: &[u8]) -> Result<bool, Fault> {
        let path = self.path(name);
        for rest in (0..TRIES).rev() {
            let options = PutOptions::from(PutMode::Create);
            let put = self.ask(LIMIT, self.store.put_opts(&path, body.to_vec().into(), options));
            let (fault, may_help) = match put {
                Ok(Ok(_)) => return Ok(true),
                // S3 also answers so while another write to the name is under way, which may fail yet.
                Ok(Err(error @ Error::AlreadyExists { .. })) => (self.fault(&error), true),
                Ok(Err(error)) => {
                    let fault = self.fault(&error);
                    let may_help = matches!(fault.cause, Cause::Slow | Cause::Reset);
                    (fault, may_help)
                }
                Err(fault) => (fault, true),
            };
            match self.read(name) {
                Ok(Some(found)) => return Ok(found.body == body),
                Ok(None) if may_help && rest > 0 => {}
                Ok(None) | Err(_) => return Err(fault),
            }
        }
        Ok(false)
    }

    /// What time it is by the store's clock, give or take a second, by writing this object anew.
    ///
    /// # Errors
    /// The store refuses, or is out of reach.
    pub fn time(&self, name: &str) -> Result<Timestamp, Fault> {
        let path = self.path(name);
        let asked = async {
            self.store.put(&path, "The time of this object is the time.\n".into()).await?;
            self.store.head(&path).await
        };
        let meta = self.ask(LIMIT, asked)?.map_err(|error| self.fault(&error))?;
        Ok(instant(meta.last_modified.timestamp_millis()))
    }

    fn ask<T>(&self, limit: Duration, question: impl Future<Output = T>) -> Result<T, Fault> {
        let answer = self.runtime.block_on(async { tokio::time::timeout(limit, question).await });
        answer.map_err(|_| fault::too_slow(&self.shown))
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    fn fault(&self, error: &Error) -> Fault {
        fault::of(error, &self.shown, &self.secrets)
    }
}

async fn fetch(store: &AmazonS3, path: &Path) -> Result<Option<Object>, Error> {
    match store.get(path).await {
        Ok(found) => {
            let written = instant(found.meta.last_modified.timestamp_millis());
            Ok(Some(Object { body: found.bytes().await?.to_vec(), written }))
        }
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn instant(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}
