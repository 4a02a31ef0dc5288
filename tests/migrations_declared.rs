//! Which migration builds which declared index, before and after the migrations are written, and how it is taken back.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use std::collections::BTreeMap;

use command::{Project, palier};
use palier::catalog::Catalog;
use palier::decide::Inputs;
use palier::diagnostic::SourceFile;
use palier::document::{Document, Format};
use palier::generate::{Folder, Generated, Options};
use palier::plan::{Action, Request, make};

struct Files(BTreeMap<String, Vec<u8>>);

impl Folder for Files {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).cloned()
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        below.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }
}

/// An index step: its index, the command and the command back.
type Named = (String, Option<String>, Option<String>);

/// What is generated for a project, and the index steps: name, command and command back.
fn generated(project: &Project) -> (Generated, Vec<Named>) {
    let parse = |name: &str, format| {
        Document::parse(&SourceFile::new(name, project.read(name)), format)
            .unwrap_or_else(|errors| panic!("{errors:?}"))
    };
    let read = palier::project::Project::read(&project.path(), "render.yaml");
    let catalog = Catalog::embedded().expect("a catalog");
    let policy = palier::policy::parse(&parse("palier.toml", Format::Toml), "production").expect("a policy").0;
    let metrics = palier::metrics::parse(&parse("metrics.yaml", Format::Yaml)).expect("metrics");
    let now = "2026-11-20T08:00:00Z".parse().expect("an instant");
    let inputs = Inputs { project: &read, catalog: &catalog, policy: &policy, metrics: &metrics, now, pinned: None };
    let folder = Files(project.files());
    let options = Options::default();
    let request = Request {
        inputs,
        environment: "production",
        files: &[],
        findings: &[],
        folder: &folder,
        options,
        step_files: false,
        lacking_indexes: &[],
    };
    let made = make(&request).expect("a plan");
    let steps = made.plan.steps.iter().filter_map(|step| match (&step.run, &step.undo) {
        (Action::BuildIndex { index }, Action::DropIndex { .. }) => {
            Some((index.name.clone(), index.command.clone(), index.undo_command.clone()))
        }
        _ => None,
    });
    (made.next, steps.collect())
}

/// The declared indexes: name, where the migration is, and what it goes back to.
fn declared(generated: &Generated) -> Vec<(&str, &str, Option<&str>)> {
    let rows = generated.declared.iter();
    rows.map(|index| (index.name.as_str(), index.up.as_str(), index.back_to.as_deref())).collect()
}

#[test]
fn django_goes_back_to_the_migration_before() {
    let project = Project::copy("django-key-value", str::to_owned);
    let (before, steps) = generated(&project);
    assert_eq!(before.indexes, before.declared);
    let [(first, _, back), (second, up, next)] = declared(&before)[..] else { panic!("{:#?}", before.declared) };
    assert_eq!(back, Some("loans 0001_initial"));
    assert!(next.is_some_and(|next| next.starts_with("loans 0002_idx_loans_loan_reader_id_due_on")), "{next:?}");
    assert!(up.starts_with("loans/migrations/0003_"), "{up}");
    let migrate = "python manage.py migrate";
    assert_eq!(steps[0], (first.to_owned(), Some(migrate.to_owned()), Some(format!("{migrate} loans 0001_initial"))));
    assert_eq!(steps[1].0, second);

    let names = (first.to_owned(), second.to_owned());
    palier(&project).args(["generate"]).run().exits(0);
    let (after, steps) = generated(&project);
    assert!(after.indexes.is_empty() && steps.is_empty());
    assert_eq!(after.declared, before.declared);
    assert_eq!((after.declared[0].name.clone(), after.declared[1].name.clone()), names);
}

#[test]
fn alembic_goes_back_to_the_revision_before() {
    let project = Project::copy("fastapi-alembic", str::to_owned);
    let (before, steps) = generated(&project);
    let undo = steps[0].2.as_deref().expect("a command");
    let revision = undo.strip_prefix("alembic downgrade ").expect("a revision");
    assert!(project.read("alembic/versions/3f1c2ab4d5e6_first.py").contains(revision), "{undo}");
    palier(&project).args(["generate"]).run().exits(0);
    assert_eq!(generated(&project).0.declared, before.declared);
}

#[test]
fn an_index_whose_name_begins_as_anothers_is_paired_with_its_own_migration() {
    let project = Project::copy("fastapi-upstash-file", str::to_owned);
    let mut policy = project.read("palier.toml");
    policy.push_str("\n[[index]]\ntable = \"mails\"\ncolumns = [\"sender\", \"at\"]\n");
    policy.push_str("\n[[index]]\ntable = \"mails\"\ncolumns = [\"sender\"]\n");
    project.write("palier.toml", policy);
    let (before, steps) = generated(&project);
    let found = declared(&before);
    assert_eq!(
        found,
        [
            ("idx_mails_sender_at", "migrations/palier/0001_idx_mails_sender_at.up.sql", None),
            ("idx_mails_sender", "migrations/palier/0002_idx_mails_sender.up.sql", None),
        ]
    );
    assert_eq!(before.declared[1].down.as_deref(), Some("migrations/palier/0002_idx_mails_sender.down.sql"));
    assert!(steps.iter().all(|(_, command, undo)| command.is_none() && undo.is_none()));
    palier(&project).args(["generate"]).run().exits(0);
    // Written by hand, under a name of its own: it is found by what it builds.
    let by_hand = "CREATE INDEX CONCURRENTLY mine ON public.mails (sender);";
    for half in ["up", "down"] {
        std::fs::remove_file(project.path().join(format!("migrations/palier/0002_idx_mails_sender.{half}.sql")))
            .unwrap();
    }
    project.write("migrations/palier/0002_mine.sql", by_hand);
    let (after, _) = generated(&project);
    assert_eq!(declared(&after)[1], ("mine", "migrations/palier/0002_mine.sql", None));
    assert_eq!(after.declared[1].create, by_hand.trim_end_matches(';'));
}
