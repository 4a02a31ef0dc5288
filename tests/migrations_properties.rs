//! What holds for every index migration, whatever the policy says.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "support/indexes.rs"]
mod indexes;

use indexes::{index, policy, with};
use palier::generate::migrations::{Index, MigrationFile, MigrationOptions, render, split_statements};
use palier::policy::{IndexPolicy, MigrationFormat};
use palier::project::{find_index_scripts, indexes_of_sql};
use proptest::prelude::*;

const FORMATS: [MigrationFormat; 3] = [MigrationFormat::Sql, MigrationFormat::Alembic, MigrationFormat::Django];

fn options(format: MigrationFormat, existing: &[MigrationFile]) -> MigrationOptions {
    MigrationOptions {
        format,
        folder: "migrations/palier/".to_owned(),
        django_app: Some("school".to_owned()),
        existing: existing.to_vec(),
    }
}

fn file(path: &str, content: &str) -> MigrationFile {
    MigrationFile { path: path.to_owned(), content: content.to_owned() }
}

fn paths(files: &[MigrationFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

/// The first words of a file's statements.
fn kinds(text: &str) -> Vec<String> {
    let words = |statement: &String| statement.split_whitespace().next().unwrap_or_default().to_owned();
    split_statements(text).iter().map(words).collect()
}

/// What stands at the top of a Python file, the names that are assigned included.
fn outline(text: &str) -> Vec<String> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).expect("the grammar");
    let tree = parser.parse(text, None).expect("a tree");
    assert!(!tree.root_node().has_error(), "{text}");
    let mut cursor = tree.root_node().walk();
    let described = |node: tree_sitter::Node<'_>| {
        let assigned = node.named_child(0).and_then(|inner| inner.child_by_field_name("left"));
        format!("{} {}", node.kind(), assigned.map_or("", |name| &text[name.byte_range()]))
    };
    tree.root_node().named_children(&mut cursor).map(described).collect()
}

/// Text with everything in it that means something to SQL, psql, Python, or a template.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z_]{1,70}",
        "\\PC{0,40}",
        ".{0,20}",
        "[a-z '\"();,.\\\\$/*%:{}\\[\\]\n-]{0,30}",
        Just("a) ; DROP TABLE users; --".to_owned()),
        Just("$palier$; DROP TABLE users; $palier$".to_owned()),
        Just("\"\"\"\nimport os\n\"\"\"".to_owned()),
        Just("x \\! touch /tmp/x".to_owned()),
        Just("lower(a)) INCLUDE (b".to_owned()),
        Just("é".repeat(31)),
    ]
}

fn any_index() -> impl Strategy<Value = IndexPolicy> {
    (
        hostile(),
        proptest::collection::vec(hostile(), 1..4),
        proptest::option::of(hostile()),
        any::<bool>(),
        proptest::option::of(hostile()),
    )
        .prop_map(|(table, columns, name, unique, condition)| IndexPolicy {
            table,
            columns,
            name,
            unique,
            method: None,
            condition,
            include: Vec::new(),
        })
}

/// Quoted names: every text without a control character is a column of somebody.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn checks(policy: &IndexPolicy) -> Result<(), TestCaseError> {
    let Ok(index) = Index::from_policy(policy, "palier.toml:1") else { return Ok(()) };
    prop_assert!(index.name().len() <= 63);
    prop_assert_eq!(Index::from_policy(policy, "palier.toml:1").expect("as before"), index.clone());
    for format in FORMATS {
        let files = render(std::slice::from_ref(&index), &options(format, &[])).expect("files");
        prop_assert_eq!(&render(std::slice::from_ref(&index), &options(format, &[])).expect("files"), &files);
        let again = render(std::slice::from_ref(&index), &options(format, &files)).expect("nothing");
        prop_assert_eq!(again, vec![]);
        for file in &files {
            prop_assert!(file.path.is_ascii() && file.path.len() < 130, "{}", file.path);
            if file.path.ends_with(".py") {
                let plain = render(&[self::index(&self::policy("t", &["a"]))], &options(format, &[])).expect("files");
                prop_assert_eq!(outline(&file.content), outline(&plain[0].content), "{}", &file.content);
            } else {
                let errors = squawk_syntax::SourceFile::parse(&file.content).errors();
                prop_assert!(errors.is_empty(), "{:?}\n{}", errors, file.content);
                let expected = if file.path.ends_with(".up.sql") {
                    "SET SET DROP DO DROP CREATE DO RESET RESET"
                } else {
                    "SET SET DROP DROP DO RESET RESET"
                };
                prop_assert_eq!(kinds(&file.content).join(" "), expected, "{}", file.content);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_policy_says_gives_the_expected_statements_or_an_error(policy in any_index()) {
        checks(&policy)?;
    }

    #[test]
    fn every_printable_name_is_carried_unchanged(table in "[^\\p{C}\u{2028}\u{2029}]{1,15}", column in "[^\\p{C}\u{2028}\u{2029}]{1,15}") {
        let policy = policy(&quoted(&table), &[&quoted(&column)]);
        checks(&policy)?;
        let files = render(&[index(&policy)], &options(MigrationFormat::Sql, &[])).expect("files");
        let read = indexes_of_sql(&files[0].content, 1);
        let read = read[0].as_ref().expect("an index");
        let again = Index::from_script(read, "x").expect("the same index");
        prop_assert_eq!(again.definition(), index(&policy).definition());
        prop_assert_eq!(again.fingerprint(), index(&policy).fingerprint());
    }
}

#[test]
fn conditions_and_expressions_are_one_each_or_refused() {
    for condition in [
        "a = 1; DROP TABLE users",
        "a = 1) INCLUDE (b",
        "a = 1 -- the rest",
        "a = /* hidden */ 1",
        "a = $1",
        "a = 1 \\! touch x",
        "",
        "a =",
        "a = 1 WHERE b = 2",
        "'open",
    ] {
        let wanted = with(policy("t", &["a"]), |index| index.condition = Some(condition.to_owned()));
        let error = Index::from_policy(&wanted, "palier.toml:3").expect_err(condition).to_string();
        assert!(error.starts_with("palier.toml:3: "), "{error}");
    }
    for column in ["a, b", "a) ; DROP TABLE t; --", "", "lower(a", "a desc asc", "a; b", "two words here", "a -- b"] {
        assert!(Index::from_policy(&policy("t", &[column]), "x").is_err(), "{column}");
    }
}

#[test]
fn what_the_method_cannot_do_is_told_before_the_build() {
    let refused = |method: &str, change: fn(&mut IndexPolicy)| {
        let wanted = with(policy("t", &["a"]), |index| index.method = Some(method.to_owned()));
        let error = Index::from_policy(&with(wanted, change), "palier.toml:3").expect_err(method);
        format!("{error} ({})", error.diagnostic().help)
    };
    assert_eq!(
        refused("gni", |_| {}),
        "palier.toml:3: `gni` is no access method that palier knows (did you mean `gin`)"
    );
    assert!(refused("hash", |index| index.unique = true).contains("cannot be unique"));
    assert!(refused("gin", |index| index.include = vec!["b".to_owned()]).contains("cannot include"));
    assert!(refused("hash", |index| index.columns.push("b".to_owned())).contains("one column only"));
    assert!(refused("brin", |index| index.columns = vec!["a desc".to_owned()]).contains("has no order"));
}

#[test]
fn numbers_continue_what_is_there_and_nothing_is_written_twice() {
    let wanted = [index(&policy("a", &["b"])), index(&policy("a", &["c"]))];
    let first = render(&wanted[..1], &options(MigrationFormat::Sql, &[])).expect("files");
    assert_eq!(paths(&first), ["migrations/palier/0001_idx_a_b.up.sql", "migrations/palier/0001_idx_a_b.down.sql"]);
    let second = render(&wanted, &options(MigrationFormat::Sql, &first)).expect("files");
    assert_eq!(paths(&second), ["migrations/palier/0002_idx_a_c.up.sql", "migrations/palier/0002_idx_a_c.down.sql"]);
    let stamped = [file("20261120093000_users.up.sql", "CREATE TABLE users (id int);"), file("README.md", "12345_x")];
    let third = render(&wanted[..1], &options(MigrationFormat::Sql, &stamped)).expect("files");
    assert_eq!(paths(&third)[0], "migrations/palier/20261120093001_idx_a_b.up.sql");
    let by_hand = [file("7_by_hand.sql", "create index concurrently whatever on A using btree (\"b\" asc);")];
    assert_eq!(render(&wanted[..1], &options(MigrationFormat::Sql, &by_hand)).expect("nothing"), []);
}

#[test]
fn the_half_of_a_pair_that_a_killed_run_did_not_write_is_added() {
    let wanted = [index(&policy("a", &["b"])), index(&policy("a", &["c"]))];
    let whole = render(&wanted, &options(MigrationFormat::Sql, &[])).expect("files");
    for missing in 0..whole.len() {
        let mut there = whole.clone();
        let lost = there.remove(missing);
        assert_eq!(render(&wanted, &options(MigrationFormat::Sql, &there)).expect("files"), [lost]);
    }
}

#[test]
fn two_indexes_never_share_a_name() {
    let close = [index(&policy("a_b", &["c"])), index(&policy("a", &["b", "c"]))];
    let files = render(&close, &options(MigrationFormat::Sql, &[])).expect("files");
    assert_eq!(paths(&files)[0], "migrations/palier/0001_idx_a_b_c.up.sql");
    assert!(paths(&files)[2].starts_with("migrations/palier/0002_idx_a_b_c_"), "{:?}", paths(&files));
    assert_eq!(render(&close, &options(MigrationFormat::Sql, &files)).expect("nothing"), []);
    let mut lost = files.clone();
    let down = lost.pop().expect("a file");
    assert_eq!(render(&close, &options(MigrationFormat::Sql, &lost)).expect("files"), [down]);
    let named = |column: &str| index(&with(policy("t", &[column]), |index| index.name = Some("ix".to_owned())));
    let error = render(&[named("a"), named("b")], &options(MigrationFormat::Sql, &[])).expect_err("one name twice");
    assert_eq!(error.diagnostic().id, "index-name-taken");
    let before = render(&[named("a")], &options(MigrationFormat::Django, &[])).expect("files");
    let error = render(&[named("b")], &options(MigrationFormat::Django, &before)).expect_err("taken").to_string();
    assert!(error.contains("taken by another index, of `migrations/palier/0001_ix.py`"), "{error}");
}

#[test]
fn the_same_index_written_in_two_ways_is_one() {
    let fingerprint = |policy: IndexPolicy| index(&policy).fingerprint();
    assert_eq!(fingerprint(policy("t", &["a"])), fingerprint(policy("public.t", &["\"a\" ASC NULLS LAST"])));
    assert_eq!(fingerprint(policy("t", &["lower(a)"])), fingerprint(policy("\"t\"", &["((LOWER( a )))"])));
    assert_eq!(fingerprint(policy("t", &["a desc"])), fingerprint(policy("t", &["a DESC NULLS FIRST"])));
    assert_ne!(fingerprint(policy("t", &["a"])), fingerprint(policy("t", &["A"])));
    assert_ne!(fingerprint(policy("t", &["a", "b"])), fingerprint(policy("t", &["b", "a"])));
}

#[test]
fn the_indexes_of_a_script_become_migrations_under_their_own_names() {
    let path = "migration_index_scalabilite.py";
    let scripts = find_index_scripts([(path, include_str!("fixtures/migrations/migration_index_scalabilite.py"))]);
    let indexes: Vec<Index> =
        scripts[0].indexes.iter().map(|index| Index::from_script(index, path).expect("an index")).collect();
    let files = render(&indexes, &options(MigrationFormat::Sql, &[])).expect("files");
    let lines: Vec<String> =
        indexes.iter().map(|index| format!("{} ON {}", index.name(), index.definition())).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", lines.join("\n"), paths(&files).join("\n")));
    assert!(files[0].content.contains("Declared in migration_index_scalabilite.py:13."), "{}", files[0].content);
}
