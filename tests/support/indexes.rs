//! Indexes as a policy declares them, and tables to build them on.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use palier::generate::migrations::Index;
use palier::policy::IndexPolicy;

/// Tables for every index below, with a thousand rows.
pub const TABLES: &str =
    "CREATE TABLE enrollments (id bigint PRIMARY KEY, student_id int, course_id int, note text, at timestamptz);
         INSERT INTO enrollments SELECT n, n % 50, n, 'note ' || n, now() FROM generate_series(1, 1000) AS n;
         CREATE SCHEMA app; CREATE TABLE app.\"Order \"\"Lines\" (\"user\" int, \"Total\" int, \"a b\" jsonb);
         CREATE TABLE \"x'; DROP TABLE y; -- $palier$ \\! %s :a {{b}}\" (\"c' %(d)s :e \\\" int);";

/// An index of the policy with nothing but a table and columns.
pub fn policy(table: &str, columns: &[&str]) -> IndexPolicy {
    IndexPolicy {
        table: table.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        name: None,
        unique: false,
        method: None,
        condition: None,
        include: Vec::new(),
    }
}

/// The index as palier reads it.
pub fn index(policy: &IndexPolicy) -> Index {
    Index::from_policy(policy, "palier.toml:12").unwrap_or_else(|error| panic!("{error}"))
}

/// An index with something changed.
pub fn with(mut policy: IndexPolicy, change: impl FnOnce(&mut IndexPolicy)) -> IndexPolicy {
    change(&mut policy);
    policy
}

/// One index of every kind that a policy can declare.
pub fn every_kind() -> Vec<IndexPolicy> {
    vec![
        policy("enrollments", &["student_id", "course_id"]),
        policy("public.enrollments", &["at desc nulls last", "student_id"]),
        policy("enrollments", &["lower(note)"]),
        policy("enrollments", &["(student_id + course_id)", "note text_pattern_ops"]),
        policy("enrollments", &["note collate \"C\" desc"]),
        policy("enrollments", &["course_id % 7"]),
        with(policy("enrollments", &["course_id"]), |index| index.unique = true),
        with(policy("enrollments", &["student_id"]), |index| {
            index.condition = Some("note is not null\n  and note <> 'it''s 100%: \\ done'".to_owned());
            index.include = vec!["course_id".to_owned(), "at".to_owned()];
        }),
        with(policy("enrollments", &["student_id"]), |index| index.method = Some("hash".to_owned())),
        with(policy("enrollments", &["at"]), |index| index.method = Some("BRIN".to_owned())),
        with(policy("app.Order \"Lines", &["\"a b\" jsonb_path_ops"]), |index| index.method = Some("gin".to_owned())),
        policy("app.\"Order \"\"Lines\"", &["user", "Total desc"]),
        // Names that would break out of a badly written literal, template or driver.
        policy("\"x'; DROP TABLE y; -- $palier$ \\! %s :a {{b}}\"", &["\"c' %(d)s :e \\\" desc"]),
        with(policy("app.Order \"Lines", &["Total"]), |index| index.name = Some("select \"x\"".to_owned())),
    ]
}
