//! Where files are, where the application runs, and how a change goes live.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an application can run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformName {
    /// Render.
    #[default]
    Render,
    /// Vercel, Node runtime.
    VercelNode,
    /// Vercel, edge runtime.
    VercelEdge,
    /// Cloudflare Workers.
    CloudflareWorkers,
    /// Railway.
    Railway,
    /// Docker on a machine of one's own.
    Docker,
    /// AWS EC2.
    Ec2,
    /// AWS ECS.
    Ecs,
    /// AWS Lambda outside of a VPC.
    Lambda,
    /// AWS Lambda inside a VPC.
    LambdaVpc,
    /// AWS Amplify.
    Amplify,
    /// A developer's machine.
    Local,
}

impl PlatformName {
    /// Whether code there can join an AWS VPC, which is the only way to reach an `ElastiCache`.
    #[must_use]
    pub const fn can_join_vpc(self) -> bool {
        matches!(self, Self::Ec2 | Self::Ecs | Self::LambdaVpc)
    }

    /// Whether code there can hold a TCP connection.
    #[must_use]
    pub const fn can_hold_tcp(self) -> bool {
        !matches!(self, Self::VercelEdge | Self::CloudflareWorkers)
    }

    /// The name as the policy writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Render => "render",
            Self::VercelNode => "vercel-node",
            Self::VercelEdge => "vercel-edge",
            Self::CloudflareWorkers => "cloudflare-workers",
            Self::Railway => "railway",
            Self::Docker => "docker",
            Self::Ec2 => "ec2",
            Self::Ecs => "ecs",
            Self::Lambda => "lambda",
            Self::LambdaVpc => "lambda-vpc",
            Self::Amplify => "amplify",
            Self::Local => "local",
        }
    }
}

/// Where the application runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlatformPolicy {
    /// The platform.
    pub app: PlatformName,
}

/// The ways in which a change can go live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryMode {
    /// A push makes the provider apply everything in the commit at once, in no order.
    #[default]
    Push,
    /// palier makes the changes itself, in order, through the provider's interface.
    Api,
    /// No provider: files, SQL and probes only.
    Local,
}

/// How a change goes live.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// The way.
    pub mode: DeliveryMode,
}

/// Where the journal is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// An object store (`s3://bucket/prefix`); `.palier/` when left out.
    pub url: Option<String>,
}

/// Where files are, relative to the project's root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// The blueprint.
    pub blueprint: String,
    /// The usage.
    pub metrics: String,
    /// The folder of index migrations in plain SQL.
    pub migrations: String,
    /// The folder of provider settings.
    pub settings: String,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            blueprint: "render.yaml".to_owned(),
            metrics: "metrics.yaml".to_owned(),
            migrations: "migrations/palier".to_owned(),
            settings: "infra".to_owned(),
        }
    }
}
