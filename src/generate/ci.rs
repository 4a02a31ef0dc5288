//! What runs palier in CI: the plan on a pull request, its apply on the merge.

use serde::Serialize;

use super::template::{Escape, Template, TemplateError};
use crate::policy::{DeliveryMode, Policy};

/// A service that runs workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CiService {
    /// GitHub Actions.
    Github,
    /// GitLab CI/CD.
    Gitlab,
}

/// What a workflow is made from.
#[derive(Debug, Clone, Copy)]
pub struct CiRequest<'a> {
    /// The service.
    pub service: CiService,
    /// The policy of the environment.
    pub policy: &'a Policy,
    /// The environment.
    pub environment: &'a str,
    /// The branch whose pushes are applied; GitLab knows its default branch by itself.
    pub branch: &'a str,
    /// The hidden mark of the comment.
    pub marker: &'a str,
}

static GITHUB: Template =
    Template::new("ci/github.yml.hbs", include_str!("../../templates/ci/github.yml.hbs"), Escape::Json);
static GITLAB: Template =
    Template::new("ci/gitlab.yml.hbs", include_str!("../../templates/ci/gitlab.yml.hbs"), Escape::Json);

/// Actions by commit, because a tag can be moved; the version stands beside it.
const CHECKOUT: &str = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";
const UPLOAD: &str = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0";

/// The lines around the one that a user adapts: what stands between them is kept.
const ADAPT: &str =
    "# >>> Adapt this: it installs palier, and is to install what the project's migrations need. It is kept.";
const ADAPTED: &str = "# <<<";

/// What applying and verifying read from the environment: the name, what it is, and whether only applying needs it.
const SECRETS: [(&str, &str, Need); 7] = [
    ("DATABASE_URL", "the address of the database", Need::Verify),
    ("REDIS_URL", "the address of Redis", Need::Verify),
    ("PALIER_WEB_URL", "the public address of the application", Need::Verify),
    ("AWS_ACCESS_KEY_ID", "for the journal", Need::Journal),
    ("AWS_SECRET_ACCESS_KEY", "for the journal", Need::Journal),
    ("AWS_REGION", "for the journal", Need::Journal),
    ("RENDER_API_KEY", "for the changes at Render", Need::Provider),
];

/// What needs a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// The probes.
    Verify,
    /// The journal.
    Journal,
    /// A provider's interface.
    Provider,
}

#[derive(Serialize)]
struct Secret {
    name: String,
    what: String,
    #[serde(skip)]
    need: Need,
}

#[derive(Serialize)]
struct Data {
    header: String,
    branch: String,
    environment: String,
    journal: bool,
    secrets: Vec<Secret>,
    apply_env: Vec<String>,
    verify_env: Vec<String>,
    adapt: &'static str,
    install: String,
    adapted: &'static str,
    checkout: &'static str,
    upload: &'static str,
    marker: String,
    merged: String,
    group: String,
    palier: String,
}

impl CiService {
    /// The name as the command line writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }

    /// The file, relative to the root of the repository.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Github => ".github/workflows/palier.yml",
            Self::Gitlab => ".gitlab-ci.palier.yml",
        }
    }

    /// The first line of a file of ours: what tells it from a user's.
    fn mark(self) -> String {
        format!("# Written by `palier ci {}`", self.name())
    }

    /// Whether palier wrote this file.
    #[must_use]
    pub fn is_ours(self, text: &str) -> bool {
        text.starts_with(&self.mark())
    }

    /// The lines that install palier, with their indentation.
    fn install(self) -> String {
        match self {
            Self::Github => format!("  INSTALL_PALIER: {INSTALL}"),
            Self::Gitlab => format!("    - {INSTALL}"),
        }
    }
}

/// The line that installs palier, until somebody has adapted it. It stops the job: a name of a package that nobody has
/// published yet could be anybody's tomorrow, and these jobs hold the address of the database.
pub const INSTALL: &str =
    "echo 'adapt the line that installs palier, for example to cargo install --locked --path vendor/palier' && exit 1";

/// The text of a workflow. What a user made of the line that installs palier is kept from the file of before.
///
/// # Errors
/// The template is broken: a defect of palier.
pub fn workflow(request: &CiRequest<'_>, before: Option<&str>) -> Result<String, TemplateError> {
    let CiRequest { service, policy, environment, branch, marker } = *request;
    let journal = policy.journal.url.is_some();
    let secrets = secrets(policy);
    let passed = |secret: &Secret| format!("{0}: ${{{{ secrets.{0} }}}}", secret.name);
    let is_usual = environment == "production";
    let data = Data {
        header: format!(
            "{}. Run it again after an upgrade of palier: it replaces this file, but for\n\
             # what stands between the arrows.\n#",
            service.mark()
        ),
        branch: branch.to_owned(),
        environment: environment.to_owned(),
        journal,
        apply_env: secrets.iter().map(passed).collect(),
        verify_env: secrets.iter().filter(|secret| secret.need == Need::Verify).map(passed).collect(),
        secrets,
        adapt: ADAPT,
        install: before.and_then(adapted).unwrap_or_else(|| service.install()),
        adapted: ADAPTED,
        checkout: CHECKOUT,
        upload: UPLOAD,
        marker: marker.to_owned(),
        merged: format!("github.event_name != 'pull_request' && github.ref_name == '{}'", branch.replace('\'', "''")),
        group: format!("palier-{environment}"),
        palier: if is_usual { "palier".to_owned() } else { format!("palier --env {}", environment) },
    };
    match service {
        CiService::Github => GITHUB.render(&data),
        CiService::Gitlab => GITLAB.render(&data),
    }
}

/// The secrets that the jobs of a policy read, the addresses of its deploy hooks among them.
fn secrets(policy: &Policy) -> Vec<Secret> {
    let journal = policy.journal.url.is_some();
    let is_used = |need: Need| match need {
        Need::Verify => true,
        Need::Journal => journal,
        Need::Provider => journal && policy.delivery.mode == DeliveryMode::Api,
    };
    let known = SECRETS.iter().filter(|(_, _, need)| is_used(*need));
    let mut secrets: Vec<Secret> = known
        .map(|(name, what, need)| Secret { name: (*name).to_owned(), what: (*what).to_owned(), need: *need })
        .collect();
    // A name that is none would be a line of its own in the workflow.
    let is_name = |name: &&String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    for hook in policy.command.iter().filter_map(|command| command.hook.as_ref()).filter(is_name) {
        if journal && secrets.iter().all(|secret| secret.name != *hook) {
            let what = "the address of a deploy hook".to_owned();
            secrets.push(Secret { name: hook.clone(), what, need: Need::Provider });
        }
    }
    secrets
}

/// What stands between the arrows of a file.
fn adapted(before: &str) -> Option<String> {
    let mut lines = before.lines().skip_while(|line| line.trim() != ADAPT).skip(1);
    let kept: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != ADAPTED).collect();
    let is_closed = before.lines().any(|line| line.trim() == ADAPTED);
    (is_closed && !kept.is_empty()).then(|| kept.join("\n"))
}
