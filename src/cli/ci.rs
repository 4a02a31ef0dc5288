use std::path::Path;

use super::arguments::{CiArguments, CiName, Global};
use super::error::CommandError;
use super::exit::Exit;

use super::{load, output};
use palier::diagnostic::{Diagnostic, Place, SourceFile};
use palier::generate::ci::{CiRequest, CiService, workflow};
use palier::generate::{stays_inside, write_file};
use palier::report;

/// The branch of a repository that names none.
const USUAL_BRANCH: &str = "main";

/// `palier ci`.
pub(crate) fn run(global: &Global, arguments: &CiArguments) -> Result<Exit, CommandError> {
    let service = match arguments.service {
        CiName::Github => CiService::Github,
        CiName::Gitlab => CiService::Gitlab,
    };
    if !global.root.is_dir() {
        let message = format!("there is no folder `{}`", global.root.display());
        let problem = Diagnostic::error("no-project", message);
        return Err(CommandError::one(problem.help("give the project's folder with --root")));
    }
    let policy = load::policy(global)?;
    for (what, name) in [("environment", Some(&global.env)), ("branch", arguments.branch.as_ref())] {
        name.map_or(Ok(()), |name| plain_name(what, name))?;
    }
    let path = global.root.join(service.path());
    let before = read(&path)?;
    let ours = before.as_deref().filter(|text| service.is_ours(text));
    let branch = arguments.branch.clone().or_else(|| default_branch(&global.root));
    let branch = branch.as_deref().unwrap_or(USUAL_BRANCH);
    let marker = report::COMMENT_MARKER;
    let text = workflow(&CiRequest { service, policy: &policy, environment: &global.env, branch, marker }, ours)?;
    if arguments.stdout {
        output::result(&text);
        return Ok(Exit::Done);
    }
    if before.is_some() && ours.is_none() {
        return Err(CommandError::one(not_ours(service)));
    }
    if before.as_deref() == Some(text.as_str()) {
        output::result("nothing to change\n");
    } else {
        stays_inside(&global.root, &path)
            .and_then(|()| write_file(&path, text.as_bytes()))
            .map_err(CommandError::one)?;
        let verb = if before.is_some() { "changed" } else { "wrote  " };
        output::result(&format!("{verb} {}\n", service.path()));
    }
    if !global.quiet {
        hints(global, service, policy.journal.url.is_some(), branch);
    }
    Ok(Exit::Done)
}

/// A file that is there; one that is no text is not ours either.
fn read(path: &Path) -> Result<Option<String>, CommandError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("`{}` cannot be read: {error}", path.display());
            Err(CommandError::one(Diagnostic::error("file-not-read", message).help("mend the cause and run it again")))
        }
    }
}

fn not_ours(service: CiService) -> Diagnostic {
    let (path, name) = (service.path(), service.name());
    Diagnostic::error("file-not-ours", format!("`{path}` is left alone: palier did not write it"))
        .at(Place::start_of(&SourceFile::new(path, "")))
        .help(format!("move it away and run it again, or take over what `palier ci {name} --stdout` prints"))
}

/// A name that means the same to YAML, to a shell and to the service.
fn plain_name(what: &str, name: &str) -> Result<(), CommandError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(is_plain) {
        return Ok(());
    }
    let message = format!("a workflow cannot name the {what} `{}`", name.escape_debug());
    let problem = Diagnostic::error("name-not-plain", message);
    Err(CommandError::one(problem.help(format!("use letters, digits, `-`, `_`, `.` and `/` in the {what}'s name"))))
}

/// The branch that the clone's remote names as its default.
fn default_branch(root: &Path) -> Option<String> {
    let head = std::fs::read_to_string(root.join(".git/refs/remotes/origin/HEAD")).ok()?;
    let branch = head.trim().strip_prefix("ref: refs/remotes/origin/")?.to_owned();
    plain_name("branch", &branch).is_ok().then_some(branch)
}

/// What the user has to do or to know besides the file.
fn hints(global: &Global, service: CiService, has_journal: bool, branch: &str) {
    let told = |diagnostic: &Diagnostic| output::talk(&report::diagnostic(diagnostic));
    if !has_journal {
        let message = "nothing is applied on a merge: the policy names no place for the journal";
        let problem = Diagnostic::warning("no-journal-url", message)
            .why("a CI runner forgets its disk, and with it how far a plan was carried out")
            .help("add `url = \"s3://BUCKET/PREFIX\"` to [journal] in palier.toml, then run it again");
        told(&problem);
    }
    match service {
        CiService::Github if has_journal => output::talk(&format!("what is pushed to `{branch}` is applied")),
        CiService::Github => {}
        CiService::Gitlab => output::talk("add `include: [{local: .gitlab-ci.palier.yml}]` to .gitlab-ci.yml"),
    }
    let above = global.root.canonicalize().ok();
    let is_repository = |folder: &Path| folder.join(".git").exists();
    if let Some(root) = above.filter(|root| !is_repository(root))
        && let Some(repository) = root.ancestors().skip(1).find(|folder| is_repository(folder))
        && let Ok(folder) = root.strip_prefix(repository)
    {
        let message = "the file is in a folder of the repository, where CI does not look for it";
        let help = format!("move it to the repository's root, and add `--root {}` to its commands", folder.display());
        told(&Diagnostic::warning("not-the-repository", message).help(help));
    }
}
