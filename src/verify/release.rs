use super::asked::{self, address_or_unknown};
use super::{Around, Seen};
use crate::client::http::{Client, Request, Site};
use crate::client::{Cause, Fault};
use crate::plan::Probe;

/// How much of a commit's name must be shown, at least.
const SHORT_COMMIT: usize = 7;

/// Asks which version answers.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let Some(marker) = &around.policy.verify.release else {
        return Ok(Seen::unknown("the policy does not say which page names the version (`[verify.release]`)"));
    };
    let site = Site::parse(address_or_unknown!(around, asked::variable(probe, "PALIER_WEB_URL")))?;
    let commit = asked::text(probe, "commit").or(around.commit.as_deref());
    if marker.expect.contains("{commit}") && commit.is_none() {
        return Ok(Seen::unknown(
            "which commit should be live is not known: run this in the checkout, or set GITHUB_SHA or CI_COMMIT_SHA",
        ));
    }
    let client = Client::new(&site, around.authorities());
    super::http::wake_first(probe, around, &site, &client)?;
    let answer = client.send(&Request { path: &marker.path, ..Request::default() }, &around.deadline())?;
    let shown = site.shown(&marker.path);
    if !(200..300).contains(&answer.status) {
        return Err(Fault::new(Cause::UnexpectedStatus, format!("{shown} answers {}", answer.status))
            .remedy("name the page that tells the version as `path` in [verify.release]"));
    }
    let found = match &marker.header {
        None => answer.body.as_str(),
        Some(header) => answer.header(header).ok_or_else(|| {
            Fault::new(Cause::Missing, format!("{shown} answers without the header `{header}`"))
                .remedy("let the application send it, or correct `header` in [verify.release]")
        })?,
    };
    let wanted = wanted(&marker.expect, commit);
    if wanted.iter().any(|wanted| found.contains(wanted.as_str())) {
        return Ok(Seen::holds(format!("the new version answers at {shown}")));
    }
    let wanted = around.hidden(wanted.last().map_or("", String::as_str), 60);
    Err(Fault::new(
        Cause::UnexpectedAnswer,
        format!("another version than `{wanted}` answers at {shown}: `{}`", around.hidden(found, 60)),
    )
    .remedy("the deploy has not come to its end, or failed: look at the deploys of the service"))
}

/// The texts that say that the version is the right one: with the whole name of the commit, and with a short one.
fn wanted(expect: &str, commit: Option<&str>) -> Vec<String> {
    let commit = commit.unwrap_or_default();
    let short = commit.get(..SHORT_COMMIT).unwrap_or(commit);
    vec![expect.replace("{commit}", commit), expect.replace("{commit}", short)]
}
