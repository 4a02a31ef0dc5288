//! When a file cannot be written, palier says so, exits 1, and leaves every file as it was.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "support/command.rs"]
mod command;

use std::os::unix::fs::symlink;

use command::{Palier, Project, Run, palier, shell};

/// A project for which palier writes several files: some small, one of several thousand bytes.
fn project() -> Project {
    Project::copy("ladder-growth", str::to_owned)
}

fn fails(project: &Project, run: impl FnOnce(&Project) -> Palier) -> Run {
    let before = project.files();
    let run = run(project).run().exits(1);
    assert!(run.stderr.contains("error["), "{}", run.stderr);
    assert!(run.stderr.contains("help:"), "no remedy:\n{}", run.stderr);
    let after = project.files();
    let changed: Vec<&String> =
        after.keys().chain(before.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(changed.is_empty(), "half-written: {changed:?}");
    run
}

fn generate(project: &Project) -> Palier {
    palier(project).args(["generate"])
}

/// Whether this machine lets a test mount things for itself alone.
fn can_mount(project: &Project) -> bool {
    let tried = shell(project, "unshare -m mount -t tmpfs tmpfs /mnt 2>/dev/null && echo yes || echo no").run();
    let can = tried.stdout.trim() == "yes";
    if !can {
        println!("skipped: this machine allows no mounts");
    }
    can
}

#[test]
fn a_limit_on_the_size_of_files_stops_it_cleanly() {
    for blocks in [0, 1, 2, 3] {
        // Without the trap the kernel would kill the process instead of refusing the write.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$PALIER\" generate");
        let run = fails(&project(), |project| shell(project, &script));
        assert!(run.stderr.contains("cannot be written"), "{}", run.stderr);
    }
}

#[test]
fn a_full_disk_stops_it_cleanly() {
    if !can_mount(&project()) {
        return;
    }
    let script = r#"
        mkdir ../disk && unshare -m bash -c '
            mount -t tmpfs -o size=96k tmpfs ../disk && cp -r . ../disk/here && cp -r . ../disk/there || exit 90
            dd if=/dev/zero of=../disk/filler bs=4k 2>/dev/null
            "$PALIER" generate --root ../disk/here; code=$?
            diff -r ../disk/here ../disk/there >&2 || exit 91
            exit $code'
    "#;
    let run = fails(&project(), |project| shell(project, script));
    assert!(run.stderr.contains("free space on the disk"), "{}", run.stderr);
}

#[test]
fn a_folder_that_cannot_be_written_stops_it_cleanly() {
    if !can_mount(&project()) {
        return;
    }
    let script = "unshare -m bash -c 'mount --bind . . && mount -o remount,bind,ro . && cd \"$PWD\" && \
                  exec \"$PALIER\" generate'";
    let run = fails(&project(), |project| shell(project, script));
    assert!(run.stderr.contains("make the folder writable"), "{}", run.stderr);
}

#[test]
fn a_folder_in_the_place_of_a_new_file_stops_it_cleanly() {
    let project = project();
    std::fs::create_dir_all(project.path().join(".env.example/deep")).unwrap();
    let run = fails(&project, generate);
    assert!(run.stderr.contains(".env.example"), "{}", run.stderr);
}

#[test]
fn a_file_in_the_place_of_a_new_folder_stops_it_cleanly() {
    for path in ["migrations", ".palier"] {
        let project = project();
        project.write(path, "not a folder\n");
        let run = fails(&project, generate);
        assert!(run.stderr.contains(path), "{}", run.stderr);
    }
}

#[test]
fn no_symlink_leads_out_of_the_project() {
    for path in ["render.yaml", ".env.example", "migrations", "requirements.txt", ".palier"] {
        let project = project();
        let outside = project.path().join("..").join("outside");
        let inside = project.path().join(path);
        match std::fs::read(&inside) {
            Ok(bytes) => {
                std::fs::write(&outside, bytes).unwrap();
                std::fs::remove_file(&inside).unwrap();
            }
            Err(_) if path == ".env.example" => std::fs::write(&outside, "A=1\n").unwrap(),
            Err(_) => std::fs::create_dir(&outside).unwrap(),
        }
        symlink("../outside", &inside).unwrap();
        let before = outside.is_file().then(|| std::fs::read(&outside).unwrap());
        let run = generate(&project).run();
        let after = outside.is_file().then(|| std::fs::read(&outside).unwrap());
        assert!(before == after, "{path}: a file outside of the project was written");
        if outside.is_dir() {
            assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "{path}: a file was made outside");
        }
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        if path == "requirements.txt" {
            // It was not read either, and what it lacks is told instead of added.
            assert!(run.stdout.contains("requirement-missing"), "{}", run.all());
        } else {
            assert_eq!(run.code, 1, "{path}: {}", run.all());
        }
    }
}

#[test]
fn a_plan_is_saved_through_a_link_and_into_a_pipe() {
    let project = project();
    project.write("real.json", "");
    symlink("real.json", project.path().join("link.json")).unwrap();
    palier(&project).args(["plan", "--out", "link.json"]).run().exits(0);
    assert!(project.path().join("link.json").is_symlink(), "the link was replaced");
    let wanted = palier(&project).args(["plan", "--format", "json"]).run().exits(0);
    assert_eq!(project.read("real.json"), wanted.stdout);
    let run = shell(&project, "mkfifo pipe && { cat pipe > got & } && \"$PALIER\" plan --out pipe >/dev/null && wait");
    run.run().exits(0);
    assert_eq!(project.read("got"), wanted.stdout);
}

#[test]
fn a_plan_that_cannot_be_saved_is_an_error() {
    for out in ["render.yaml/plan.json", "migration_index_scalabilite.py/plan.json", "."] {
        fails(&project(), |project| palier(project).args(["plan", "--out", out]));
        fails(&project(), |project| palier(project).args(["cost", "--chart", out]));
    }
}

#[test]
fn a_result_that_does_not_arrive_is_an_error_and_a_reader_who_leaves_is_none() {
    let run = shell(&project(), "\"$PALIER\" plan --format json > /dev/full").run().exits(1);
    assert!(run.stderr.contains("cannot be written"), "{}", run.stderr);
    shell(&project(), "set -o pipefail; \"$PALIER\" catalog | head -1 >/dev/null").run().exits(0);
}
