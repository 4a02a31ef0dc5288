//! What a user sees when palier edits a `render.yaml`: one value changes, everything else stays byte for byte.

#![allow(clippy::expect_used, clippy::panic)]

mod blueprint_support;

use blueprint_support::{assert_edit, env, path, plan, refuse};
use palier::generate::blueprint::{Change, edit_bytes};
use serde_json::json;

#[test]
fn comments_beside_and_above_the_value_stay() {
    assert_edit(
        "# ours\nservices:\n  # the site\n  - type: web\n    plan: free # until launch\n    name: a\n# end\n",
        &[plan("1c-2g")],
        "# ours\nservices:\n  # the site\n  - type: web\n    plan: 1c-2g # until launch\n    name: a\n# end\n",
    );
}

#[test]
fn a_comment_behind_a_quoted_value_stays() {
    assert_edit(
        "services:\n  - plan: \"free\"  # until launch\n  - plan: 'free' # too\n",
        &[plan("1c-2g"), Change::text(path("services 1 plan"), "x # y")],
        "services:\n  - plan: \"1c-2g\"  # until launch\n  - plan: 'x # y' # too\n",
    );
}

#[test]
fn odd_spacing_stays() {
    assert_edit(
        "services:\n    -   type:   web\n        plan :    free   \n\n\n        name: a\n",
        &[plan("1c-2g"), Change::integer(path("services 0 numInstances"), 2), env("services 0", "A")],
        "services:\n    -   type:   web\n        plan :    1c-2g   \n        numInstances: 2\n        envVars:\n            -   key: A\n                \
         value: \"1\"\n\n\n        name: a\n",
    );
}

#[test]
fn a_byte_order_mark_stays_at_the_beginning_of_the_file() {
    let edited =
        edit_bytes("render.yaml", b"\xef\xbb\xbfservices:\r\n- plan: free\r\n", &[plan("1c-2g")]).expect("edits");
    assert_eq!(edited, b"\xef\xbb\xbfservices:\r\n- plan: 1c-2g\r\n");
    let edited = edit_bytes("render.yaml", b"services:\n- plan: free\n", &[plan("1c-2g")]).expect("edits");
    assert_eq!(edited, b"services:\n- plan: 1c-2g\n");
    let refused = edit_bytes("render.yaml", b"services:\n- plan: \xff\n", &[plan("1c-2g")]).expect_err("not UTF-8");
    assert!(refused.reason.contains("not UTF-8") && refused.snippet.contains("plan: 1c-2g"), "{refused:?}");
}

#[test]
fn text_in_any_script_stays() {
    assert_edit(
        "# 依需求調整 – été 🚀\nservices:\n  - name: \"café\" # é\n    plan: gratuit # été\n",
        &[plan("1c-2g"), env("services 0", "A")],
        "# 依需求調整 – été 🚀\nservices:\n  - name: \"café\" # é\n    plan: 1c-2g # été\n    envVars:\n      - key: A\n        \
         value: \"1\"\n",
    );
}

#[test]
fn directives_and_document_marks_stay() {
    assert_edit(
        "%YAML 1.2\n--- # begins\nservices:\n  - plan: free\n...\n",
        &[plan("1c-2g"), env("services 0", "A")],
        "%YAML 1.2\n--- # begins\nservices:\n  - plan: 1c-2g\n    envVars:\n      - key: A\n        value: \"1\"\n...\n",
    );
}

#[test]
fn windows_line_ends_stay_and_new_lines_get_them_too() {
    assert_edit(
        "services:\r\n  - type: web\r\n    plan: free\r\n    envVars:\r\n      - key: Z\r\n        value: 1\r\n",
        &[plan("1c-2g"), env("services 0", "A"), Change::integer(path("services 0 numInstances"), 2)],
        "services:\r\n  - type: web\r\n    plan: 1c-2g\r\n    numInstances: 2\r\n    envVars:\r\n      - key: Z\r\n        \
         value: 1\r\n      - key: A\r\n        value: \"1\"\r\n",
    );
}

#[test]
fn an_item_is_added_before_the_comment_that_ends_the_list() {
    assert_edit(
        "services:\n  - envVars:\n      - key: Z\n        value: 3\n      # end of env vars\n    plan: free\n",
        &[env("services 0", "A")],
        "services:\n  - envVars:\n      - key: Z\n        value: 3\n      - key: A\n        value: \"1\"\n      # end of env \
         vars\n    plan: free\n",
    );
}

#[test]
fn an_item_is_added_behind_a_block_of_text_that_keeps_its_blank_lines() {
    assert_edit(
        "services:\n  - envVars:\n      - key: Z\n        value: |+\n          one\n\n\n    plan: free\n",
        &[env("services 0", "A")],
        "services:\n  - envVars:\n      - key: Z\n        value: |+\n          one\n\n\n      - key: A\n        value: \
         \"1\"\n    plan: free\n",
    );
    assert_edit(
        "services:\n  - startCommand: |\n      one\n      two\n\n\n  - plan: free\n",
        &[plan("1c-2g")],
        "services:\n  - startCommand: |\n      one\n      two\n    plan: 1c-2g\n\n\n  - plan: free\n",
    );
}

#[test]
fn values_inside_braces_and_brackets_are_edited() {
    assert_edit(
        "services: [{type: web, plan: free}, {type: worker}] # all\n",
        &[plan("pro plus"), Change::text(path("services 1 plan"), "a, b"), env("services 0", "A")],
        "services: [{type: web, plan: pro plus, envVars: [{key: A, value: \"1\"}]}, {type: worker, plan: \"a, b\"}] # all\n",
    );
    assert_edit(
        "services:\n  - {name: a,\n     envVars: [\n       {key: Z, value: 1}, # one\n     ], }\n",
        &[env("services 0", "A"), plan("free")],
        "services:\n  - {name: a,\n     envVars: [\n       {key: Z, value: 1}, {key: A, value: \"1\"}, # one\n     ], plan: free, }\n",
    );
}

#[test]
fn a_blueprint_written_as_json_stays_json() {
    assert_edit(
        "{\n  \"services\": [\n    {\"plan\": \"free\", \"envVars\": []}\n  ]\n}\n",
        &[plan("1c-2g"), env("services 0", "A"), Change::integer(path("services 0 numInstances"), 2)],
        "{\n  \"services\": [\n    {\"plan\": \"1c-2g\", \"envVars\": [{\"key\": \"A\", \"value\": \"1\"}], \"numInstances\": \
         2}\n  ]\n}\n",
    );
}

#[test]
fn an_empty_list_becomes_a_list_in_lines() {
    assert_edit(
        "services:\n  - type: web\n    envVars: [] # none yet\n    plan: free\n",
        &[env("services 0", "A")],
        "services:\n  - type: web\n    envVars: # none yet\n      - key: A\n        value: \"1\"\n    plan: free\n",
    );
}

#[test]
fn a_list_without_a_value_gets_its_first_item() {
    assert_edit(
        "services:\n  - envVars:   # to do\n    plan: free\n  - envVars: ~\n",
        &[env("services 0", "A"), env("services 1", "B")],
        "services:\n  - envVars:   # to do\n      - key: A\n        value: \"1\"\n    plan: free\n  - envVars:\n      - key: \
         B\n        value: \"1\"\n",
    );
}

#[test]
fn a_key_without_a_value_gets_one() {
    assert_edit("services:\n  - plan:\n    name: a\n", &[plan("free")], "services:\n  - plan: free\n    name: a\n");
    assert_edit("services:\n  - plan:  # which?\n", &[plan("free")], "services:\n  - plan: free  # which?\n");
}

#[test]
fn keys_with_question_marks_and_quotes_are_found() {
    assert_edit(
        "services:\n  - ? plan\n    : free # x\n    ? name\n    : a\n",
        &[plan("1c-2g")],
        "services:\n  - ? plan\n    : 1c-2g # x\n    ? name\n    : a\n",
    );
    assert_edit(
        "\"services\":\n  - 'plan': free\n    \"envVars\":\n      - 'key': Z\n",
        &[plan("1c-2g"), env("services 0", "A")],
        "\"services\":\n  - 'plan': 1c-2g\n    \"envVars\":\n      - 'key': Z\n      - key: A\n        value: \"1\"\n",
    );
}

#[test]
fn a_dash_on_a_line_of_its_own_is_understood() {
    assert_edit(
        "services:\n  -\n    plan: free\n    envVars:\n      -\n        key: Z\n",
        &[plan("1c-2g"), env("services 0", "A")],
        "services:\n  -\n    plan: 1c-2g\n    envVars:\n      -\n        key: Z\n      - key: A\n        value: \"1\"\n",
    );
}

#[test]
fn lists_keep_the_files_indentation() {
    assert_edit(
        "services:\n- type: web\n  envVars:\n  - key: Z\n    value: 1\n- type: worker\n",
        &[env("services 0", "A"), env("services 1", "B"), Change::append(path("databases"), json!({"name": "db"}))],
        "services:\n- type: web\n  envVars:\n  - key: Z\n    value: 1\n  - key: A\n    value: \"1\"\n- type: worker\n  \
         envVars:\n  - key: B\n    value: \"1\"\ndatabases:\n- name: db\n",
    );
}

#[test]
fn a_file_without_a_last_line_end_keeps_none() {
    assert_edit("services:\n  - plan: free", &[plan("1c-2g")], "services:\n  - plan: 1c-2g");
    assert_edit(
        "services:\n  - plan: free",
        &[env("services 0", "A")],
        "services:\n  - plan: free\n    envVars:\n      - key: A\n        value: \"1\"",
    );
}

#[test]
fn a_tab_before_a_value_stays() {
    assert_edit("services:\n  - plan: \tfree\t# x\n", &[plan("1c-2g")], "services:\n  - plan: \t1c-2g\t# x\n");
    assert_edit("services:\n  - plan:\t'free'\t\n", &[plan("1c-2g")], "services:\n  - plan:\t'1c-2g'\t\n");
    // saphyr-parser 0.3 wants a space between a colon and a bare value; the file is left alone, the tab is pointed at.
    let refused = refuse("services:\n  - plan:\tfree\n", &[plan("1c-2g")]);
    assert_eq!(refused.place.map(|place| place.line()), Some(2));
}

#[test]
fn quotes_stay_as_they_were() {
    assert_edit(
        "services:\n  - plan: 'free'\n    startCommand: \"a\"\n    name: b\n",
        &[
            plan("1c-2g"),
            Change::text(path("services 0 startCommand"), "run \"it\""),
            Change::text(path("services 0 name"), "no"),
        ],
        "services:\n  - plan: '1c-2g'\n    startCommand: \"run \\\"it\\\"\"\n    name: \"no\"\n",
    );
}

#[test]
fn a_command_in_a_block_of_text_is_replaced_whole() {
    assert_edit(
        "services:\n  - startCommand: | # long\n      one\n      two\n\n    # next\n    plan: >-\n      free\n",
        &[Change::text(path("services 0 startCommand"), "gunicorn a:b"), plan("1c-2g")],
        "services:\n  - startCommand: gunicorn a:b # long\n\n    # next\n    plan: 1c-2g\n",
    );
}

#[test]
fn tables_above_a_new_value_are_written_with_it() {
    assert_edit(
        "databases:\n  - name: db\n    plan: 1c-2g\n    ipAllowList: []\n",
        &[Change { path: path("databases 0 highAvailability enabled"), wanted: wanted(true) }],
        "databases:\n  - name: db\n    plan: 1c-2g\n    highAvailability:\n      enabled: true\n    ipAllowList: []\n",
    );
}

fn wanted(value: bool) -> palier::generate::blueprint::Wanted {
    palier::generate::blueprint::Wanted::Scalar(palier::generate::blueprint::ScalarValue::Bool(value))
}

#[test]
fn resources_inside_projects_are_edited() {
    assert_edit(
        "projects:\n  - name: p\n    environments:\n      - name: live\n        databases:\n          - name: db # ours\n",
        &[Change::integer(path("projects 0 environments 0 databases 0 diskSizeGB"), 15)],
        "projects:\n  - name: p\n    environments:\n      - name: live\n        databases:\n          - name: db # ours\n            \
         diskSizeGB: 15\n",
    );
}

#[test]
fn a_new_service_is_set_apart_as_the_others_are() {
    assert_edit(
        "services:\n  - name: a\n\n  - name: b\n\n# data\ndatabases:\n  - name: db\n",
        &[Change::append(path("services"), json!({"envVars": [], "name": "c", "type": "worker"}))],
        "services:\n  - name: a\n\n  - name: b\n\n  - type: worker\n    name: c\n    envVars: []\n\n# data\ndatabases:\n  - \
         name: db\n",
    );
}

#[test]
fn what_is_as_wanted_already_is_not_touched() {
    let text = "services:\n  - plan: 'free'   # x\n    numInstances: 0x2\n    envVars:\n      - {value: '1', key: A}\n";
    let changes = [
        plan("free"),
        Change::integer(path("services 0 numInstances"), 2),
        env("services 0", "A"),
        Change::remove(path("services 0 region")),
    ];
    assert_edit(text, &changes, text);
    assert_edit("", &[], "");
}

#[test]
fn keys_and_items_are_removed_with_their_lines() {
    assert_edit(
        "services:\n  - type: web\n    region: ohio # near\n    plan: free\n  - type: worker\n",
        &[Change::remove(path("services 0 region")), Change::remove(path("services 1"))],
        "services:\n  - type: web\n    plan: free\n",
    );
    assert_edit("a: {b: 1, c: 2, d: 3}\n", &[Change::remove(path("a d")), Change::remove(path("a b"))], "a: {c: 2}\n");
    assert_edit("a: 1\nb: 2", &[Change::remove(path("b"))], "a: 1");
}

#[test]
fn shared_values_are_refused_because_an_edit_would_change_them_elsewhere_too() {
    for (text, word) in [
        ("services:\n  - plan: &plan free\n  - plan: *plan\n", "an anchor"),
        ("services:\n  - plan: *plan\nx: &plan free\n", "not valid YAML"),
        ("x: &plan free\nservices:\n  - plan: *plan\n", "an alias"),
        ("x: &web {plan: free}\nservices:\n  - <<: *web\n    name: a\n", "a merge key"),
        ("services:\n  - &web\n    plan: free\n  - *web\n", "an anchor"),
        ("services: !ours\n  - plan: free\n", "a tag"),
    ] {
        let refused = refuse(text, &[plan("1c-2g")]);
        assert!(refused.reason.contains(word), "{text}: {}", refused.reason);
        assert!(refused.snippet.contains("plan: 1c-2g"), "{}", refused.snippet);
        assert!(refused.place.is_some());
    }
    assert_edit(
        "x: &env\n  - key: A\nservices:\n  - plan: free\n    envVars: *env\n",
        &[plan("1c-2g")],
        "x: &env\n  - key: A\nservices:\n  - plan: 1c-2g\n    envVars: *env\n",
    );
}

#[test]
fn files_with_two_meanings_are_refused_at_the_line_that_is_wrong() {
    let refused = refuse("services:\n  - plan: free\n    name: a\n    plan: pro\n", &[plan("1c-2g")]);
    assert!(refused.reason.contains("stands twice"), "{}", refused.reason);
    assert_eq!(refused.place.map(|place| place.line()), Some(4));
    let refused = refuse("services:\n  - plan: free\n---\nservices: []\n", &[plan("1c-2g")]);
    assert!(refused.reason.contains("more than one YAML document"), "{}", refused.reason);
    assert_eq!(refused.place.map(|place| place.line()), Some(3));
}

#[test]
fn a_refused_change_shows_all_changes_as_yaml_to_paste() {
    let text = "services:\n  - name: site\n    plan: 1c-2g\n    envVars: {A: b}\n";
    let changes = [plan("1c-2g"), Change::integer(path("services 0 numInstances"), 2), env("services 0", "A")];
    let refused = refuse(text, &changes);
    assert_eq!(refused.reason, "`services[0].envVars` is not a list");
    assert_eq!(refused.place.map(|place| place.line()), Some(4));
    assert_eq!(
        refused.snippet,
        "# services[0], of `site`, line 2\nnumInstances: 2\n# services[0].envVars, of `site`, line 4\n- key: A\n  value: \
         \"1\"\n",
    );
}

#[test]
fn changes_without_a_place_in_the_file_are_refused() {
    for (text, change) in [
        ("services: []\n", plan("free")),
        ("services:\n  - plan: [a, b]\n", plan("free")),
        ("just text\n", plan("free")),
        ("", plan("free")),
        ("services:\n  - a\n", plan("free")),
        ("services:\n  - plan: free\n", Change::text(Vec::new(), "x")),
        ("services:\n  - plan: free\n", Change::text(path("services 0 disks 3 size"), "x")),
    ] {
        let refused = refuse(text, std::slice::from_ref(&change));
        assert!(!refused.reason.is_empty() && refused.place.is_some(), "{text}: {refused:?}");
    }
}
