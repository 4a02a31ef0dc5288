//! Edits of texts that nobody thought of.

#![allow(clippy::expect_used)]

mod blueprint_support;

use blueprint_support::path;
use palier::diagnostic::SourceFile;
use palier::generate::blueprint::{Change, ScalarValue, Wanted, edit, edit_bytes};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use serde_yaml::Value;

/// Pieces of YAML, in any order: most texts are broken, many are odd, some are blueprints.
fn yaml_soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "services:",
        "\n",
        "\r\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "- ",
        "-\n",
        "? ",
        ": ",
        ":",
        "plan",
        "plan: ",
        "free",
        "envVars:",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "'",
        "\"",
        "|",
        "|+\n",
        ">-\n",
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "# c",
        " # c",
        "~",
        "\t",
        "\u{feff}",
        "é",
        "\u{2028}",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "key: A",
        "value: 1",
        "0",
        "null",
        "\\",
        "  ",
        "name: x",
        "@",
        "`",
    ]);
    let lines = prop::sample::select(vec![
        "services:\n",
        "- type: web\n",
        "  - type: web\n",
        "    plan: free\n",
        "  plan: free\n",
        "    plan: 'free' # c\n",
        "    envVars:\n",
        "    envVars: []\n",
        "      - key: A\n        value: 1\n",
        "      -\n        key: A\n",
        "    ? plan\n    : free\n",
        "\n",
        "# c\n",
        "    # c\n",
        "    startCommand: |+\n      a\n\n",
        "    x: >2-\n         b\n",
        "    plan:\n",
        "  - {plan: free, envVars: [], }\n",
        "databases:\n",
        "    \"plan\":   \"free\"\t# c\n",
        "    plan: multi\n      line\n",
        "    plan: |  # c\n      # a\n     \n",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat()),
        prop::collection::vec(lines, 0..10).prop_map(|lines| format!("services:\n{}", lines.concat())),
        "\\PC{0,60}",
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    let places = prop::sample::select(vec![
        "services 0 plan",
        "services 0 envVars",
        "services 0 envVars 0 value",
        "services",
        "services 1",
        "databases",
        "plan",
        "services 0 startCommand",
        "services 0 disk sizeGB",
        "envVars",
        "0",
        "0 plan",
        "services 0 x",
    ]);
    let wanted = prop_oneof![
        "[ -~é\n#:]{0,12}".prop_map(|text| Wanted::Scalar(ScalarValue::Text(text))),
        any::<i64>().prop_map(|number| Wanted::Scalar(ScalarValue::Integer(number))),
        any::<bool>().prop_map(|value| Wanted::Scalar(ScalarValue::Bool(value))),
        "[A-Z#]{1,4}".prop_map(|key| Wanted::Append(json!({"key": key, "value": "#1"}))),
        Just(Wanted::Remove),
    ];
    (places, wanted).prop_map(|(place, wanted)| Change { path: path(place), wanted })
}

/// A value at a path, as the second reader has it.
fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Sequence(items) => items.get(step.parse::<usize>().ok()?),
        Value::Mapping(table) => table.get(step.as_str()),
        _ => None,
    })
}

fn met(text: &str, change: &Change) -> bool {
    let value: Value = serde_yaml::from_str(text).expect("an edited file parses");
    let there = at(&value, &change.path);
    let same = |json: &Json| serde_yaml::to_value(json).expect("converts");
    match &change.wanted {
        Wanted::Scalar(wanted) => there == Some(&same(&wanted.to_json())),
        Wanted::Append(item) => there.and_then(Value::as_sequence).is_some_and(|items| items.contains(&same(item))),
        Wanted::Remove => true,
    }
}

proptest! {
    #[test]
    fn any_text_is_edited_or_refused(text in yaml_soup(), change in any_change()) {
        let changes = [change];
        match edit(&SourceFile::new("render.yaml", text.as_str()), &changes) {
            Ok(edited) => {
                prop_assert!(edited == text || met(&edited, &changes[0]), "{:?}\n{}\n{}", changes, text, edited);
                if changes[0].wanted != Wanted::Remove {
                    let signs = |text: &str| text.matches("# c").count();
                    prop_assert!(signs(&edited) >= signs(&text).saturating_sub(1), "{}\n{}", text, edited);
                    let again = edit(&SourceFile::new("render.yaml", edited.as_str()), &changes);
                    prop_assert_eq!(again.as_deref(), Ok(edited.as_str()));
                }
            }
            Err(refused) => prop_assert!(!refused.reason.is_empty()),
        }
    }

    #[test]
    fn any_bytes_are_edited_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), change in any_change()) {
        let _ = edit_bytes("render.yaml", &bytes, &[change]);
    }
}

/// How a generated blueprint is written.
#[derive(Debug, Clone)]
struct Style {
    dash: usize,
    end: &'static str,
    comment: &'static str,
    quote: &'static str,
    flow: bool,
    last_end: bool,
    blank: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let dash = prop::sample::select(vec![0_usize, 2, 4]);
    let end = prop::sample::select(vec!["\n", "\r\n"]);
    let comment = prop::sample::select(vec!["", " # why", "   #why: 'it'", "\t# é"]);
    let quote = prop::sample::select(vec!["", "'", "\""]);
    (dash, end, comment, quote, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(dash, end, comment, quote, flow, last_end, blank)| Style { dash, end, comment, quote, flow, last_end, blank },
    )
}

/// A blueprint of services; `plans` has `None` where a service names no plan, `counts` how many variables each has.
fn written(style: &Style, services: &[(Option<&str>, usize)]) -> String {
    let mut lines = vec![format!("# a blueprint{}", style.comment), "services:".to_owned()];
    let dash = " ".repeat(style.dash);
    for (index, (plan, count)) in services.iter().enumerate() {
        lines.push(format!("{dash}- type: web{}", style.comment));
        lines.push(format!("{dash}  name: site-{index}"));
        if let Some(plan) = plan {
            lines.push(format!("{dash}  plan: {}{plan}{}{}", style.quote, style.quote, style.comment));
        }
        lines.push(format!("{dash}  startCommand: |+"));
        lines.extend([format!("{dash}    run # {index}"), String::new()]);
        if style.flow {
            let items: Vec<String> = (0..*count).map(|number| format!("{{key: V{number}, value: '#'}}")).collect();
            lines.push(format!("{dash}  envVars: [{}]{}", items.join(", "), style.comment));
        } else if *count > 0 {
            lines.push(format!("{dash}  envVars:{}", style.comment));
            for number in 0..*count {
                lines.push(format!("{dash}  {dash}- key: V{number}{}", style.comment));
                lines.push(format!("{dash}  {dash}  value: \"{number}\""));
            }
        }
        if style.blank {
            lines.push(String::new());
        }
    }
    lines.join(style.end) + if style.last_end { style.end } else { "" }
}

proptest! {
    #[test]
    fn a_generated_blueprint_gets_every_change(
        style in style(),
        services in prop::collection::vec((prop::option::of(prop::sample::select(vec!["free", "1c-2g", "pro plus"])), 0_usize..3), 1..4),
        plan in prop::sample::select(vec!["free", "1c-2g", "0.5c-512mb"]),
        command in "[a-z0-9:$ #'\"-]{1,30}",
    ) {
        let text = written(&style, &services);
        let changes: Vec<Change> = (0..services.len()).flat_map(|index| {
            let place = |key: &str| path(&format!("services {index} {key}"));
            [
                Change::text(place("plan"), plan),
                Change::integer(place("numInstances"), 3),
                Change::append(place("envVars"), json!({"key": "DATABASE_URL", "fromDatabase": {"name": "db", "property": "connectionString"}})),
                Change::text(place("startCommand"), command.as_str()),
            ]
        }).collect();
        let edited = edit(&SourceFile::new("render.yaml", text.as_str()), &changes);
        let edited = match edited {
            Ok(edited) => edited,
            Err(refused) => return Err(TestCaseError::fail(format!("{}\n{text}", refused.reason))),
        };
        let value: Value = serde_yaml::from_str(&edited).expect("parses");
        for (index, (_, count)) in services.iter().enumerate() {
            let service = &value["services"][index];
            prop_assert_eq!(service["plan"].as_str(), Some(plan));
            prop_assert_eq!(service["numInstances"].as_i64(), Some(3));
            prop_assert_eq!(service["startCommand"].as_str(), Some(command.as_str()));
            let name = format!("site-{index}");
            prop_assert_eq!(service["name"].as_str(), Some(name.as_str()));
            prop_assert_eq!(service["envVars"].as_sequence().map(Vec::len), Some(count + 1));
        }
        prop_assert_eq!(edited.contains("\r\n"), style.end == "\r\n");
        prop_assert!(!edited.replace("\r\n", "").contains('\r') && (style.end == "\n" || !edited.replace("\r\n", "").contains('\n')));
        let again = edit(&SourceFile::new("render.yaml", edited.as_str()), &changes);
        prop_assert_eq!(again.as_deref(), Ok(edited.as_str()));
    }
}
