//! The rules of ARCHITECTURE.md, read from the source itself.
#![allow(clippy::expect_used, reason = "a test stops at a surprise")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LONGEST_FILE: usize = 600;

/// The library's files that touch the world. Whatever else needs a file gets its text as an argument.
const WORLD: &[&str] = &[
    "src/document/read.rs",
    "src/project/tree.rs",
    "src/generate/write.rs",
    "src/apply/journal/disk.rs",
    "src/client/processes.rs",
    "src/client/postgres/throwaway.rs",
];

struct Source {
    /// Relative to the repository.
    path: String,
    text: String,
}

impl Source {
    /// The module at the top of the package that the file belongs to.
    fn module(&self) -> &str {
        let inside = self.path.trim_start_matches("src/");
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// Whether it belongs to the thin binary, which may print and read the environment and the clock.
    fn is_binary(&self) -> bool {
        ["cli", "main"].contains(&self.module())
    }

    /// What is compiled: no comments, and no tests.
    fn code(&self) -> String {
        let text = self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    /// How many `super::` lead from the file's own module to the top of the package.
    fn depth(&self) -> usize {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        inside.split('/').count()
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(Path::new(ROOT).join(folder)).sort_by_file_name();
    let files =
        walk.into_iter().map(|entry| entry.expect("a readable folder")).filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.path().strip_prefix(ROOT).expect("inside").to_owned()).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).expect(path)
}

fn sources() -> Vec<Source> {
    let paths = files("src").into_iter().map(|path| path.display().to_string()).filter(|path| path.ends_with(".rs"));
    let sources: Vec<Source> = paths.map(|path| Source { text: read(&path), path }).collect();
    assert!(sources.len() > 50, "src/ was found");
    sources
}

/// The modules in the order of ARCHITECTURE.md's map, the lowest first.
fn order() -> Vec<String> {
    let page = read("ARCHITECTURE.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(name, _)| name.to_owned()).collect()
}

/// Every path that starts at `root` in the code, groups opened: `crate::a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(code: &str, root: &str) -> Vec<String> {
    let start = format!("{root}::");
    let mut found = Vec::new();
    for (at, _) in code.match_indices(&start) {
        let is_inside_a_word = code[..at].ends_with(|before: char| before.is_alphanumeric() || "_:$".contains(before));
        if !is_inside_a_word {
            open(&code[at + start.len()..], "", &mut found);
        }
    }
    found
}

/// Reads one path or group behind a `::` and gives what is left of the text.
fn open<'a>(text: &'a str, before: &str, found: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = open(rest, before, found).trim_start();
            match rest.strip_prefix(',') {
                Some(more) if !more.trim_start().starts_with('}') => rest = more,
                more => return more.unwrap_or(rest).trim_start().trim_start_matches('}'),
            }
        }
    }
    let length = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let path = if before.is_empty() { name.to_owned() } else { format!("{before}::{name}") };
    match rest.strip_prefix("::") {
        Some(rest) if !name.is_empty() => open(rest, &path, found),
        _ => {
            found.push(path);
            rest.trim_start_matches(|c: char| c != ',' && c != '}' && c != ';' && c != '\n')
        }
    }
}

/// The modules at the top of the package that a file uses.
fn used(source: &Source, modules: &[String]) -> Vec<String> {
    let code = source.code();
    let mut used: Vec<String> = paths(&code, "crate").into_iter().chain(paths(&code, "palier")).collect();
    // `super::` reaches the top as well when it is repeated often enough.
    let to_the_top = "super::".repeat(source.depth());
    used.extend(paths(&code, to_the_top.trim_end_matches("::")));
    used.iter_mut().for_each(|path| path.truncate(path.find("::").unwrap_or(path.len())));
    used.retain(|module| modules.contains(module) && module != source.module());
    used.sort();
    used.dedup();
    used
}

#[test]
fn the_map_and_the_library_list_the_same_modules_in_the_same_order() {
    let library = read("src/lib.rs");
    let mut declared: Vec<String> =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(|name| name.replace(';', "")).collect();
    declared.push("cli".to_owned());
    assert_eq!(order(), declared);
}

// An order that every arrow goes down in has no cycles either.
#[test]
fn a_module_uses_only_those_below_it() {
    let order = order();
    let floor = |module: &str| order.iter().position(|one| one == module);
    let mut upward = Vec::new();
    for source in sources() {
        let Some(here) = floor(source.module()) else { continue };
        let above = used(&source, &order).into_iter().filter(|module| floor(module) > Some(here));
        upward.extend(above.map(|module| format!("{} uses {module}", source.path)));
    }
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn every_file_belongs_to_a_module_of_the_map() {
    let order = order();
    for source in sources() {
        let module = source.module();
        assert!(order.iter().any(|one| one == module) || ["lib", "main"].contains(&module), "{}", source.path);
    }
}

#[test]
fn no_file_is_longer_than_it_can_be_read() {
    let long: BTreeMap<String, usize> = sources()
        .into_iter()
        .map(|source| (source.path, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "more than {LONGEST_FILE} lines: {long:#?}");
}

#[test]
fn the_library_prints_nothing_and_reads_neither_environment_nor_clock() {
    let macros = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
    let clocks = ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"];
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| !source.is_binary()) {
        let code = source.code();
        let words = macros.iter().chain(&clocks).filter(|word| code.contains(**word)).map(|word| (*word).to_owned());
        let world = paths(&code, "std").into_iter().filter(|path| {
            let first = path.split("::").next().unwrap_or_default();
            // The wires lead to the network and to other programs; nothing else of the library does.
            let forbidden: &[&str] = if source.module() == "client" { &["env"] } else { &["env", "process", "net"] };
            forbidden.contains(&first) || path.starts_with("io::std")
        });
        broken.extend(words.chain(world).map(|word| format!("{}: {word}", source.path)));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn few_files_of_the_library_touch_files_and_all_are_listed() {
    let touches = |source: &Source| {
        let code = source.code();
        paths(&code, "std").iter().any(|path| path.starts_with("fs"))
            || ["walkdir", "tempfile"].iter().any(|package| !paths(&code, package).is_empty())
    };
    let sources = sources();
    let found: Vec<&str> = sources
        .iter()
        .filter(|source| !source.is_binary() && touches(source))
        .map(|source| source.path.as_str())
        .collect();
    let mut expected = WORLD.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let page = read("ARCHITECTURE.md");
    assert!(WORLD.iter().all(|path| page.contains(&format!("`{path}`"))), "ARCHITECTURE.md names all of them");
}

/// The files of `src/verify` that are no probes: what runs them, and what several share.
const FRAME: &[&str] = &["around", "asked", "endpoint", "mod", "outcome", "run", "wanted"];

#[test]
fn every_probe_is_in_the_list_of_kinds() {
    let list = read("src/verify/mod.rs");
    let paths = files("src/verify").into_iter();
    let names = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let probes: Vec<String> = names.filter(|name| !FRAME.contains(&name.as_str())).collect();
    assert!(probes.len() > 10, "{probes:?}");
    for probe in probes {
        assert!(list.contains(&format!(" {probe}::look")), "src/verify/{probe}.rs is in no line of KINDS");
    }
}

#[test]
fn every_template_is_compiled_in() {
    let sources = sources();
    let demo = read("src/cli/demo/mod.rs");
    // The examples' files stand in a list: `example!("fastapi", "render.yaml", "palier.toml")`.
    let of_example = |path: &str| {
        let Some((example, file)) = path.strip_prefix("templates/demo/").and_then(|path| path.split_once('/')) else {
            return false;
        };
        let lists = demo.split("example!(").skip(1).filter_map(|list| list.split(");").next());
        let list = lists.map(str::trim_start).find(|list| list.starts_with(&format!("{example:?}")));
        list.is_some_and(|list| list.contains(&format!("{file:?}")))
    };
    for path in files("templates").iter().map(|path| path.display().to_string()) {
        let included = sources.iter().any(|source| source.text.contains(&format!("../{path}\")")));
        assert!(included || of_example(&path), "{path} is used nowhere");
    }
}

#[test]
fn every_offer_file_is_compiled_in() {
    let catalog = read("src/catalog/mod.rs");
    for path in files("plans").iter().map(|path| path.display().to_string()) {
        assert!(catalog.contains(&format!("({path:?}, include_str!(\"../../{path}\"))")), "{path} is not in the list");
    }
}

#[test]
fn every_constraint_is_in_the_list() {
    let list = read("src/decide/constraint/mod.rs");
    for source in sources() {
        let Some(file) = source.path.strip_prefix("src/decide/constraint/") else { continue };
        let name = file.trim_end_matches(".rs");
        assert!(
            name == "mod" || list.contains(&format!("judge: {name}::judge ")),
            "{} is not in the list",
            source.path
        );
    }
}

#[test]
fn groups_of_paths_are_opened() {
    let code = "use crate::a;\nuse crate::{b::{c, d as e}, f,\n    g::{self}};\nlet h = crate::i::j(1, 2); my_crate::k";
    assert_eq!(paths(code, "crate"), ["a", "b::c", "b::d", "f", "g::self", "i::j"]);
}
