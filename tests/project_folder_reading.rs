//! Blueprints, env files and hostile folders.
#![allow(clippy::expect_used, clippy::print_stdout)] // helpers of tests, outside of their functions

mod project_folder;

use palier::project::{EnvSource, ServiceKind};
use project_folder::Folder;

#[test]
fn services_inside_projects_are_found_with_their_path() {
    let folder = Folder::new(&[(
        "render.yaml",
        "projects:\n  - name: shop\n    environments:\n      - name: production\n        services:\n          - type: web\n            \
         name: api\n            runtime: python\n            numInstances: 2\n            disk: {name: d, mountPath: /x}\n            \
         autoDeploy: false\n            envVars:\n              - fromGroup: common\n              - key: WEB_CONCURRENCY\n                \
         value: 3\n              - key: SECRET\n                value: 1\n              - key: BARE\n        databases:\n          \
         - name: db\n            plan: basic-256mb\n            highAvailability: {enabled: true}\n            readReplicas: [{name: r}]\n        \
         envVarGroups:\n          - name: common\n            envVars: [{key: LEVEL, value: info}]\nservices:\n  - {type: redis, name: kv}\n  \
         - {type: web, name: site, runtime: static}\n",
    )]);
    let project = folder.read();
    let blueprint = project.blueprint.expect("a blueprint");
    let kinds: Vec<_> = blueprint.services.iter().map(|service| (service.name.as_str(), service.kind)).collect();
    assert_eq!(kinds, [("api", ServiceKind::Web), ("kv", ServiceKind::KeyValue), ("site", ServiceKind::Static)]);
    let api = &blueprint.services[0];
    assert_eq!(api.path, ["projects", "0", "environments", "0", "services", "0"]);
    assert_eq!((api.line, api.instances, api.disk_gb, api.auto_deploy.as_deref()), (6, Some(2), Some(10), Some("off")));
    let sources: Vec<_> =
        api.env.iter().map(|variable| (variable.key.as_str(), variable.line, &variable.source)).collect();
    assert_eq!(
        sources,
        [
            ("common", 13, &EnvSource::Group("common".to_owned())),
            ("WEB_CONCURRENCY", 14, &EnvSource::Value(Some("3".to_owned()))),
            ("SECRET", 16, &EnvSource::Value(None)),
            ("BARE", 18, &EnvSource::Prompted),
        ]
    );
    let database = &blueprint.databases[0];
    assert!(database.high_availability && database.read_replicas == 1);
    assert_eq!(blueprint.groups, [("common".to_owned(), vec!["LEVEL".to_owned()])]);
}

#[test]
fn a_broken_blueprint_is_told_and_the_rest_is_read() {
    for text in ["services:\n  - type: web\n   name: x\n", "services: [\n", "just text\n", "a: 1\n---\nb: 2\n"] {
        let folder = Folder::new(&[("render.yaml", text), (".env.example", "A=1\n"), ("requirements.txt", "flask\n")]);
        let project = folder.read();
        assert!(project.blueprint.is_none(), "{text}");
        assert!(
            project.problems.iter().any(|problem| problem.path() == "render.yaml" && !problem.help.is_empty()),
            "{text}"
        );
        assert_eq!(project.env_names.len(), 1);
    }
}

#[test]
fn names_in_env_files_come_without_their_values() {
    let text = "\u{feff}# comment\r\nexport A=1\r\n  B = \r\nC: yes\r\nhttp://x\r\nKEY=\"one\r\nNOT=inside\r\ntwo\"\r\n#D=1\r\nE='' # none\r\nF='open\r\nG=#x\r\n";
    let project = Folder::new(&[(".env", text)]).read();
    let names: Vec<_> = project.env_names.iter().map(|name| (name.name.as_str(), name.line, name.has_value)).collect();
    assert_eq!(
        names,
        [
            ("A", 2, true),
            ("B", 3, false),
            ("C", 4, true),
            ("KEY", 6, true),
            ("E", 10, false),
            ("F", 11, true),
            ("G", 12, false)
        ]
    );
}

#[test]
fn utf16_requirements_are_read_and_other_utf16_files_are_told() {
    let folder = Folder::new(&[(
        "render.yaml",
        "services:\n  - {type: web, name: a, runtime: python, startCommand: gunicorn a:b}\n",
    )]);
    let utf16 = |text: &str| -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    folder.write("requirements.txt", &utf16("Django==5.2\r\ngunicorn==23\r\n"));
    folder.write("pyproject.toml", &utf16("[project]\n"));
    let project = folder.read();
    assert!(project.applications[0].depends_on("django"));
    let problems: Vec<_> = project.problems.iter().map(|problem| (problem.id, problem.path().to_owned())).collect();
    assert_eq!(problems, [("not-a-text-file", "pyproject.toml".to_owned())]);
}

#[cfg(unix)]
#[test]
fn symlinks_that_leave_the_project_are_refused() {
    let outside = Folder::new(&[("secret", "services:\n  - {type: web, name: a, runtime: python}\n")]);
    let folder = Folder::new(&[("inside.txt", "flask\n"), ("requirements.txt", "")]);
    std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("render.yaml")).expect("a symlink");
    std::os::unix::fs::symlink(outside.path(), folder.path().join("folder")).expect("a symlink");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).expect("a symlink");
    let project = folder.read();
    assert!(project.blueprint.is_none());
    assert_eq!(project.problems.first().map(|problem| problem.id), Some("symlink-outside"));
    assert!(project.files.iter().all(|file| !file.text.contains("name: a")));
}

#[test]
fn binary_huge_and_missing_things_are_told() {
    let folder =
        Folder::new(&[("render.yaml", "services:\n  - {type: web, name: a, runtime: python, startCommand: ./a.sh}\n")]);
    folder.write("a.sh", &[0, 1, 2, 0xff]);
    folder.write("requirements.txt", &vec![b'#'; (8 << 20) + 1]);
    let project = folder.read();
    assert_eq!(project.problems.iter().filter(|problem| problem.id == "not-a-text-file").count(), 2);
    assert!(project.applications[0].server.is_none());
    let nowhere = palier::project::Project::read(std::path::Path::new("/nonexistent/x"), "render.yaml");
    assert_eq!(nowhere.problems.len(), 1);
}

#[test]
fn deep_and_wide_trees_are_bounded() {
    let folder =
        Folder::new(&[(".env", "TOP=1\n"), ("a/b/c/d/e/f/g/.env", "DEEP=1\n"), ("node_modules/x/.env", "SKIPPED=1\n")]);
    for index in 0..5_100 {
        folder.write(&format!("wide/{index}.txt"), b"");
    }
    let project = folder.read();
    let names: Vec<_> = project.env_names.iter().map(|name| name.name.as_str()).collect();
    assert_eq!(names, ["TOP"]);
    assert!(project.problems.iter().any(|problem| problem.id == "project-too-large"));
}

#[test]
fn scripts_that_call_themselves_end() {
    let folder = Folder::new(&[
        ("render.yaml", "services:\n  - {type: web, name: a, runtime: python, startCommand: ./a.sh}\n"),
        ("a.sh", "./b.sh\n./b.sh\n. ./a.sh\n"),
        ("b.sh", "bash a.sh \"$@\"\nsh -c './a.sh'\n"),
    ]);
    assert!(folder.application().server.is_none());
}
