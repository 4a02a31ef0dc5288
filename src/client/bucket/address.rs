use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use crate::client::{Cause, Fault, Secret};

const CONNECT: Duration = Duration::from_secs(4);
const REQUEST: Duration = Duration::from_secs(8);
const RETRY: Duration = Duration::from_secs(12);

/// The bucket, what stands before all names in it, and how it is reached.
pub(super) struct Address {
    pub(super) store: AmazonS3,
    pub(super) prefix: String,
    /// `s3://BUCKET/PREFIX`.
    pub(super) shown: String,
    /// What no message may repeat.
    pub(super) secrets: Vec<Secret>,
}

impl Address {
    /// From `s3://BUCKET/PREFIX` and the usual variables. Credentials come from these alone: nothing on this machine or
    /// in its network is asked for others.
    pub(super) fn read(url: &str, options: &[(String, String)]) -> Result<Self, Fault> {
        let (bucket, prefix) = parts(url)?;
        let option = |name: &str| {
            options.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
        };
        let needed = |name: &str| {
            option(name).ok_or_else(|| {
                Fault::new(Cause::PasswordMissing, format!("the variable {name} is not set")).remedy(
                    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN for a temporary key",
                )
            })
        };
        let (key, secret) = (needed("AWS_ACCESS_KEY_ID")?, needed("AWS_SECRET_ACCESS_KEY")?);
        let endpoint = option("AWS_ENDPOINT_URL_S3").or_else(|| option("AWS_ENDPOINT_URL"));
        let token = option("AWS_SESSION_TOKEN");
        let secrets = [Some(key), Some(secret), token, endpoint.filter(|url| url.contains('@'))];
        let secrets: Vec<Secret> = secrets.into_iter().flatten().map(Secret::new).collect();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket)
            .with_region(option("AWS_REGION").or_else(|| option("AWS_DEFAULT_REGION")).unwrap_or("us-east-1"))
            .with_access_key_id(key)
            .with_secret_access_key(secret)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_client_options(ClientOptions::new().with_timeout(REQUEST).with_connect_timeout(CONNECT))
            .with_retry(retries());
        if let Some(token) = token {
            builder = builder.with_token(token);
        }
        if let Some(endpoint) = endpoint {
            let is_allowed = option("AWS_ALLOW_HTTP").is_some_and(|value| value.eq_ignore_ascii_case("true"));
            builder = builder.with_endpoint(endpoint).with_allow_http(allow_http(endpoint, is_allowed)?);
        }
        // Tells which provider of cryptography the program has; without one the client would stop the program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shown = format!("s3://{bucket}/{prefix}").trim_end_matches('/').to_owned();
        let store = builder.build().map_err(|error| super::fault::of(&error, &shown, &secrets))?;
        Ok(Self { store, prefix, shown, secrets })
    }
}

fn parts(url: &str) -> Result<(String, String), Fault> {
    let refused = |what: &str| {
        Err(Fault::new(Cause::BadAddress, what.to_owned()).remedy("write s3://BUCKET/PREFIX; keys belong in variables"))
    };
    let Ok(parsed) = url::Url::parse(url) else { return refused("the bucket's address is none") };
    let Some(bucket) = parsed.host_str().filter(|host| !host.is_empty() && parsed.scheme() == "s3") else {
        return refused("the bucket's address does not begin with s3://BUCKET");
    };
    if url.contains('@') || parsed.query().is_some() {
        return refused("the bucket's address holds more than a bucket and a prefix");
    }
    Ok((bucket.to_owned(), parsed.path().trim_matches('/').to_owned()))
}

/// Keys go out in the open only where that is asked for, or where nobody else can listen.
fn allow_http(endpoint: &str, is_allowed: bool) -> Result<bool, Fault> {
    let remedy = "write https://HOST, or set AWS_ALLOW_HTTP=true when the way to it is safe";
    let Ok(parsed) = url::Url::parse(endpoint) else {
        return Err(Fault::new(Cause::BadAddress, "AWS_ENDPOINT_URL is no address").remedy(remedy));
    };
    let is_here = match parsed.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match parsed.scheme() {
        "https" => Ok(false),
        "http" if is_here || is_allowed => Ok(true),
        _ => Err(Fault::new(Cause::BadAddress, "AWS_ENDPOINT_URL leads over a connection without TLS").remedy(remedy)),
    }
}

fn retries() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 2.0 };
    RetryConfig { backoff, max_retries: 5, retry_timeout: RETRY }
}
