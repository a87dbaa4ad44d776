//! Holds the code to the map: `ARCHITECTURE.md` prints who may import whom, and this test reads both.

#[path = "architecture/named.rs"]
mod named;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use named::{Named, named};

/// The longest file.
const MAX_LINES: usize = 500;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "imp", "error", "errors"];
/// Imports that stay forbidden whatever the table says: who, whom.
const NEVER: [(&str, &str); 6] = [
    ("run", "report"),
    ("report", "run"),
    ("check", "transport"),
    ("server", "suite"),
    ("server", "check"),
    ("server", "run"),
];
/// Modules of `std`, and crates, by which code reaches files, the environment, processes or the network.
const STD_WORLD: [&str; 4] = ["fs", "env", "net", "process"];
const WORLD_CRATES: [&str; 3] = ["tokio", "reqwest", "axum"];
/// How many dependencies one comment of the manifest may speak for.
const MAX_GROUP: usize = 6;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

// ---- the map ----

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// `None`: everything.
    imports: Option<BTreeSet<String>>,
    world: World,
}

/// Which files of a folder may touch the world.
#[derive(Debug, PartialEq, Eq)]
enum World {
    None,
    Files(Vec<String>),
    All,
}

/// The table of `ARCHITECTURE.md`, by folder.
fn map(text: &str) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let table = text
        .lines()
        .skip_while(|line| *line != "| folder | imports | touches the world |");
    for line in table.skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [folder, imports, world] = cells.as_slice() else {
            panic!("ARCHITECTURE.md: the table has three columns: {line}");
        };
        let imports = match *imports {
            "everything" => None,
            "nothing" => Some(BTreeSet::new()),
            names => Some(names.split(", ").map(str::to_owned).collect()),
        };
        let files: Vec<String> = world
            .split('`')
            .filter(|word| word.ends_with(".rs"))
            .map(str::to_owned)
            .collect();
        let world = match *world {
            "no" => World::None,
            _ if files.is_empty() => World::All,
            _ => World::Files(files),
        };
        let old = rows.insert((*folder).to_owned(), Row { imports, world });
        assert!(old.is_none(), "ARCHITECTURE.md: {folder} has two rows");
    }
    assert!(rows.len() > 5, "ARCHITECTURE.md: the table was not found");
    rows
}

fn printed_map() -> BTreeMap<String, Row> {
    map(&fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there"))
}

// ---- the code ----

/// A file of `src/`.
struct File {
    /// `check/header/mod.rs`
    path: String,
    /// `check`
    folder: String,
    named: Named,
}

/// Every file of `src/` but `lib.rs`, `main.rs` and those that hold tests only.
fn code() -> Vec<File> {
    let src = root().join("src");
    let is_rust = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
    let sources: BTreeMap<PathBuf, String> = files(&src, &is_rust)
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(&path).expect("sources are UTF-8")))
        .collect();
    let of_tests: BTreeSet<PathBuf> = sources
        .iter()
        .flat_map(|(path, source)| {
            let is_folder = path.file_stem().is_some_and(|stem| stem == "mod" || stem == "lib");
            let folder = if is_folder {
                path.with_file_name("")
            } else {
                path.with_extension("")
            };
            test_modules(source).map(move |name| folder.join(format!("{name}.rs")))
        })
        .collect();
    let mut code = Vec::new();
    for (path, source) in sources.iter().filter(|(path, _)| !of_tests.contains(*path)) {
        let name = path.strip_prefix(&src).expect("it lies there").to_string_lossy();
        let name = name.replace('\\', "/");
        if matches!(&*name, "lib.rs" | "main.rs") {
            continue;
        }
        let parts: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
        let depth = parts.len() - usize::from(parts.last() == Some(&"mod"));
        code.push(File {
            folder: parts[0].to_owned(),
            named: named(source, depth),
            path: name,
        });
    }
    assert!(code.len() > 50, "the sources were not found");
    code
}

/// The modules that a file declares under `#[cfg(test)]`, where they are files of their own.
fn test_modules(source: &str) -> impl Iterator<Item = &str> {
    let lines = source.lines().map(str::trim);
    lines.clone().zip(lines.skip(1)).filter_map(|(attribute, item)| {
        let (visibility, name) = item.strip_suffix(';')?.split_once("mod ")?;
        (attribute == "#[cfg(test)]" && (visibility.is_empty() || visibility.starts_with("pub"))).then_some(name)
    })
}

/// Files below a folder, in order; what is built or fetched is not looked at.
fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_symlink() || matches!(&*name, "target" | "node_modules" | ".git" | "latest") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Fails with all problems at once.
#[track_caller]
fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Which folder imports which, with a file that does.
fn imports(code: &[File]) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for file in code {
        for module in file.named.modules.iter().filter(|module| **module != file.folder) {
            found
                .entry((file.folder.clone(), module.clone()))
                .or_insert_with(|| file.path.clone());
        }
    }
    found
}

#[test]
fn imports_are_those_of_the_map() {
    let (map, code) = (printed_map(), code());
    let imports = imports(&code);
    let mut problems = Vec::new();
    let folders: BTreeSet<&String> = code.iter().map(|file| &file.folder).collect();
    for folder in folders.iter().filter(|folder| !map.contains_key(**folder)) {
        problems.push(format!("ARCHITECTURE.md has no row for {folder}"));
    }
    for folder in map.keys().filter(|folder| !folders.contains(folder)) {
        problems.push(format!("ARCHITECTURE.md has a row for {folder}, which does not exist"));
    }
    for ((from, to), file) in &imports {
        let allowed = map.get(from).and_then(|row| row.imports.as_ref());
        if !folders.contains(to) {
            // Re-exports of lib.rs are for users of the library; inside, things come from where they are.
            problems.push(format!("src/{file} imports crate::{to}, which is no folder"));
        } else if allowed.is_some_and(|allowed| !allowed.contains(to)) {
            problems.push(format!("src/{file} imports {to}, which the map does not allow {from}"));
        } else if to == "cli" && from != "libtest" {
            problems.push(format!("src/{file} imports cli, which is the edge"));
        }
    }
    for (from, row) in &map {
        for to in row.imports.iter().flatten() {
            if !imports.contains_key(&(from.clone(), to.clone())) {
                problems.push(format!("the map says that {from} imports {to}, but no file of it does"));
            }
        }
    }
    report(&problems);
}

#[test]
fn folders_that_must_not_meet_do_not() {
    let imports = imports(&code());
    let met = NEVER
        .iter()
        .filter_map(|(from, to)| imports.get(&((*from).into(), (*to).into())).map(|file| (file, to)));
    report(
        &met.map(|(file, to)| format!("src/{file} imports {to}"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn there_are_no_circles() {
    let imports = imports(&code());
    let mut edges: BTreeSet<(String, String)> = imports.into_keys().collect();
    // Folders that import nothing that is left are on no circle; whatever remains in the end is, or leads to one.
    loop {
        let importing: BTreeSet<String> = edges.iter().map(|(from, _)| from.clone()).collect();
        let before = edges.len();
        edges.retain(|(_, to)| importing.contains(to));
        if edges.len() == before {
            break;
        }
    }
    assert!(edges.is_empty(), "folders import each other in a circle: {edges:?}");
}

#[test]
fn only_those_who_may_touch_the_world() {
    let map = printed_map();
    let mut problems = Vec::new();
    for file in code() {
        let within = file.path.split_once('/').map_or("", |(_, within)| within);
        let may = match map.get(&file.folder).map(|row| &row.world) {
            Some(World::None) => false,
            Some(World::Files(files)) => files.iter().any(|name| name == within),
            Some(World::All) | None => true,
        };
        let touches = file.named.others.iter().filter(|(first, second)| {
            (first == "std" && STD_WORLD.contains(&second.as_str()))
                || (WORLD_CRATES.contains(&first.as_str()) && !second.is_empty())
        });
        if !may {
            problems.extend(touches.map(|(first, second)| format!("src/{} uses {first}::{second}", file.path)));
        }
    }
    report(&problems);
}

#[test]
fn main_knows_the_command_line_and_nothing_else() {
    let named = named(&fs::read_to_string(root().join("src/main.rs")).unwrap(), 0);
    let ours: Vec<_> = named.others.iter().filter(|(first, _)| first == "fhir_assay").collect();
    assert_eq!(ours, [&("fhir_assay".to_owned(), "cli".to_owned())]);
}

#[test]
fn files_are_short_and_have_names_that_say_something() {
    let mut problems = Vec::new();
    let is_rust = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
    for folder in ["src", "tests", "benches", "build"].map(|name| root().join(name)) {
        for path in files(&folder, &is_rust) {
            let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            if lines > MAX_LINES {
                problems.push(format!("{shown} has {lines} lines, more than {MAX_LINES}"));
            }
            let empty = shown
                .trim_end_matches(".rs")
                .split(['/', '\\'])
                .find(|part| EMPTY_NAMES.contains(part));
            if let Some(name) = empty {
                problems.push(format!("{shown}: `{name}` does not say what is inside"));
            }
        }
    }
    report(&problems);
}

#[test]
fn the_repository_stands_alone() {
    // A fresh clone has nothing beside it: data from elsewhere is named by environment variables.
    let beside = concat!("../", "shared");
    let mentions = files(root(), &|path| path.is_file()).into_iter().filter(|path| {
        let bytes = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(beside)
    });
    report(
        &mentions
            .map(|path| format!("{} mentions {beside}", path.display()))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn documents_lead_to_files_that_exist() {
    let mut problems = Vec::new();
    let is_document = |path: &Path| path.extension().is_some_and(|extension| extension == "md");
    for path in files(root(), &is_document) {
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let is_file = !file.is_empty() && !file.contains(':');
            if is_file && !path.parent().unwrap_or(root()).join(file).exists() {
                problems.push(format!("{} leads to {target}, which does not exist", path.display()));
            }
        }
    }
    report(&problems);
}

#[test]
fn the_worked_example_is_a_real_case() {
    let unindented = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let guide = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let suite = fs::read_to_string(root().join("suites/http/read.yaml")).unwrap();
    let example = guide
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    assert!(example.contains("id: unknown-id"));
    assert!(unindented(&suite).contains(unindented(example).trim()), "{example}");
}

#[test]
fn every_dependency_has_its_reason() {
    let problems = unexplained(&fs::read_to_string(root().join("Cargo.toml")).unwrap());
    report(&problems);
}

/// Dependencies without a comment above them; one comment speaks for the few lines below it.
fn unexplained(manifest: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut is_dependencies = false;
    let mut left = 0;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            is_dependencies = line.ends_with("dependencies]");
            left = 0;
        } else if !is_dependencies {
        } else if line.is_empty() {
            left = 0;
        } else if line.starts_with('#') {
            left = MAX_GROUP;
        } else if let Some((name, _)) = line.split_once(" = ") {
            if left == 0 {
                problems.push(format!("Cargo.toml: `{name}` has no comment that says why it is here"));
            }
            left = left.saturating_sub(1);
        }
    }
    problems
}

#[test]
fn the_map_is_read_as_it_is_printed() {
    let text = "| folder | imports | touches the world |\n|---|---|---|\n\
        | a | nothing | no |\n| b | a | `load.rs` reads files |\n| c | everything | a socket |\n\
        | d | nothing | no |\n| e | nothing | no |\n| f | a, b | no |\n\nrest";
    let map = map(text);
    assert_eq!(map["a"].imports, Some(BTreeSet::new()));
    assert_eq!(map["b"].world, World::Files(vec!["load.rs".into()]));
    assert_eq!((&map["c"].imports, &map["c"].world), (&None, &World::All));
    assert_eq!(map["f"].imports, Some(BTreeSet::from(["a".into(), "b".into()])));
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let manifest = "[dependencies]\n# Why.\na = \"1\"\nb = \"1\"\n\nc = \"1\"\n[dev-dependencies]\nd = \"1\"\n[profile.dev]\ndebug = 1\n";
    let found = unexplained(manifest);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("`c`") && found[1].contains("`d`"), "{found:?}");
}
