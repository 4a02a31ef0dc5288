use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A constraint applied to a candidate: fits or not, used, limit, and what that rests on. The JSON contract's
/// `verdicts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The constraint's id.
    pub constraint: Cow<'static, str>,
    /// `web`, `database`, `redis` or `project`.
    pub component: Cow<'static, str>,
    /// Whether the candidate meets it.
    pub fits: bool,
    /// How much is used; null when it is not known or not a number.
    pub used: Option<f64>,
    /// How much may be used; null when it is not known or not a number.
    pub limit: Option<f64>,
    /// The unit of both.
    pub unit: Cow<'static, str>,
    /// Whether nothing measured it: the judgement then rests on what runs today, or is left open.
    pub assumed: bool,
    /// What it rests on.
    pub evidence: Vec<String>,
}

impl Verdict {
    /// How far the limit is exceeded: 1 at the limit; for constraints without figures 0 when met and 1 when not.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        match (self.used, self.limit) {
            (Some(used), Some(limit)) if limit > 0.0 => used / limit,
            (Some(used), Some(_)) if used > 0.0 => f64::INFINITY,
            _ => f64::from(u8::from(!self.fits)),
        }
    }
}

/// An offer that costs less than the chosen one, with the one constraint that rejects it. The JSON contract's
/// `rejected`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// `web`, `database` or `redis`.
    pub component: String,
    /// The offer's id, with the number of instances when there are several (`0.5c-512mb x 2`).
    pub offer: String,
    /// Who sells it.
    pub provider: String,
    /// What it would cost a month; null when unknown.
    pub monthly: Option<crate::units::Money>,
    /// The constraint that rejects it.
    pub constraint: String,
    /// How much would be used.
    pub used: Option<f64>,
    /// How much may be used.
    pub limit: Option<f64>,
    /// The unit of both.
    pub unit: String,
    /// What it rests on.
    pub evidence: Vec<String>,
}
