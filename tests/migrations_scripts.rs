//! Index scripts of a project: what is understood, and what is listed with the reason.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use palier::project::{IndexScript, find_index_scripts};

fn read(path: &str, text: &str) -> IndexScript {
    let mut scripts = find_index_scripts([(path, text)]);
    assert_eq!(scripts.len(), 1, "{scripts:#?}");
    scripts.remove(0)
}

fn listed(script: &IndexScript) -> String {
    let mut lines: Vec<String> = script
        .indexes
        .iter()
        .map(|index| {
            format!(
                "{}: {}{} ON {}{} ({}){}{}{}",
                index.line,
                if index.unique { "UNIQUE " } else { "" },
                index.name.as_deref().unwrap_or("(no name)"),
                index.table,
                index.method.as_ref().map(|method| format!(" USING {method}")).unwrap_or_default(),
                index.columns.join(" | "),
                if index.include.is_empty() { String::new() } else { format!(" INCLUDE {}", index.include.join(", ")) },
                index.condition.as_ref().map(|condition| format!(" WHERE {condition}")).unwrap_or_default(),
                if index.concurrently { " CONCURRENTLY" } else { "" },
            )
        })
        .collect();
    lines.extend(script.skipped.iter().map(|(line, reason)| format!("{line}: skipped, {reason}")));
    lines.join("\n")
}

#[test]
fn the_guides_script_is_read_statement_by_statement() {
    let script =
        read("migration_index_scalabilite.py", include_str!("fixtures/migrations/migration_index_scalabilite.py"));
    insta::assert_snapshot!(listed(&script));
}

#[test]
fn sqlalchemy_and_alembic_calls_are_read_where_they_are_literal() {
    let script = read("indexes_alchemy.py", include_str!("fixtures/migrations/indexes_alchemy.py"));
    insta::assert_snapshot!(listed(&script));
}

#[test]
fn files_that_create_no_index_are_no_scripts() {
    let files = [
        ("frame.py", "import pandas as pd\nframe.index = pd.Index(['a', 'b'])\n"),
        ("models.py", "from django.db import models\nINDEXES = [models.Index(fields=['a'], name='a_idx')]\n"),
        ("talk.py", "print('CREATE INDEX i ON t (a)')\nlogger.info('CREATE INDEX i ON t (a)')\n"),
        ("notes.md", "CREATE INDEX i ON t (a);"),
        ("empty.py", ""),
    ];
    assert_eq!(find_index_scripts(files), []);
}

#[test]
fn what_a_migration_creates_only_when_it_is_undone_does_not_count() {
    let files = [
        (
            "a.py",
            "def upgrade():\n    op.drop_index('ix')\n\ndef downgrade():\n    op.create_index('ix', 't', ['a'])\n",
        ),
        ("b.py", "x = migrations.RunSQL('DROP INDEX ix', 'CREATE INDEX ix ON t (a)')\n"),
        ("c.py", "x = migrations.RunSQL('DROP INDEX ix', reverse_sql=['CREATE INDEX ix ON t (a)'])\n"),
    ];
    assert_eq!(find_index_scripts(files), []);
    let forwards = read("d.py", "x = migrations.RunSQL('CREATE INDEX ix ON t (a)', 'DROP INDEX ix')\n");
    assert_eq!(forwards.indexes.len(), 1);
}

#[test]
fn broken_python_and_broken_sql_do_not_stop_the_reading() {
    let script =
        read("broken.py", "def broken(:\n    pass\nA = \"CREATE INDEX ON\"\nB = 'CREATE INDEX ix_b ON b (c)'\n");
    assert_eq!(script.indexes.len(), 1, "{script:#?}");
    assert_eq!(script.indexes[0].name.as_deref(), Some("ix_b"));
    assert_eq!(script.skipped.len(), 1, "{script:#?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]
    #[test]
    fn any_text_is_read_without_a_panic(text in "(?s).{0,80}(create index |op.create_index\\(|Index\\(\").{0,80}") {
        let _ = find_index_scripts([("a.py", text.as_str())]);
    }
}
