//! The house: which module may import what, no circles between modules, no overlong file. The table below is
//! the law; a new top-level module needs a row. Planted violations show that the check bites.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what is not as it should be"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[path = "house/scan.rs"]
mod scan;

use scan::{File, Module, Target, Tree, scan};

/// Longest source file, in lines.
const MAX_LINES: usize = 700;

/// What a module may import besides itself, `core`, `alloc` and `std`.
struct Row {
    /// The module and all below it that have no row of their own.
    module: &'static str,
    /// Modules of this crate.
    modules: &'static [&'static str],
    /// Outside crates.
    crates: &'static [&'static str],
    /// Whether the module is a pure ring: no clock, socket, file, thread, process or environment.
    pure: bool,
}

/// Everything.
const ANY: &[&str] = &["*"];

const HOUSE: &[Row] = &[
    pure("time", &[], &["jiff"]),
    pure("diameter", &["time"], &["bytes", "nom", "thiserror"]),
    pure("charging", &["time"], &["rust_decimal", "thiserror"]),
    pure("ro", &["diameter", "charging", "time"], &["bytes", "thiserror"]),
    pure("sy", &["diameter", "charging", "time"], &["bytes", "thiserror"]),
    pure("engine::core", &["charging", "time"], &["thiserror"]),
    row(
        "engine::run",
        &["engine::control", "engine::core", "charging", "store", "telemetry", "time"],
        &["tokio", "thiserror", "hmac", "sha2"],
    ),
    row(
        "engine::control",
        &["engine::core", "charging", "store", "telemetry", "time"],
        &["tokio", "thiserror"],
    ),
    row("engine", &[], &[]),
    row("telemetry", &["time"], &["tracing", "tracing_subscriber", "prometheus_client"]),
    row("store", &["charging", "telemetry", "time"], &["sled", "crc32c", "thiserror", "libc"]),
    row(
        "outbox",
        &["charging", "store", "telemetry", "time"],
        &["serde", "serde_json", "toml", "tracing", "ureq", "csv"],
    ),
    row("tariff", &["charging", "time"], &["serde", "toml", "csv", "rust_decimal", "sha2", "thiserror"]),
    row("dictionary_xml", &["diameter"], &["roxmltree", "thiserror"]),
    row(
        "server",
        &["engine", "ro", "sy", "diameter", "charging", "telemetry", "time"],
        &["tokio", "tokio_util", "tracing", "bytes", "thiserror"],
    ),
    row(
        "admin",
        // what `engine::control` hands on: the words of commands and questions, not the core
        &[
            "engine::control",
            "engine::core::command",
            "engine::core::life",
            "engine::core::query",
            "engine::core::reauth",
            "engine::core::sink::Done",
            "engine::core::sink::TariffRecord",
            "engine::core::publication::Publication",
            "engine::core::facts::Facts",
            "charging",
            "tariff",
            "telemetry",
            "time",
        ],
        &["axum", "serde", "serde_json", "tokio", "thiserror"],
    ),
    row("sim", &["ro", "diameter", "charging", "time"], &["tokio", "hdrhistogram", "bytes", "thiserror"]),
    row("config", ANY, ANY),
    row("cli", ANY, ANY),
    // `lib.rs` and `main.rs`
    row("", ANY, ANY),
];

/// Crates that only one module may use, though a row lets them in: calls of the system stand in one file.
const ONLY_IN: &[(&str, &str)] = &[("libc", "store::sys")];

/// What of `std` has no place in a pure ring.
const IMPURE: &[&str] = &["env", "fs", "io", "net", "os", "process", "thread"];

/// What is a value all the same: `core` has it as well, or it is a span of time.
const VALUES: &[&str] =
    &["net::IpAddr", "net::Ipv4Addr", "net::Ipv6Addr", "net::AddrParseError", "time::Duration"];

const fn row(module: &'static str, modules: &'static [&'static str], crates: &'static [&'static str]) -> Row {
    Row { module, modules, crates, pure: false }
}

const fn pure(
    module: &'static str,
    modules: &'static [&'static str],
    crates: &'static [&'static str],
) -> Row {
    Row { module, modules, crates, pure: true }
}

fn parts(path: &str) -> Vec<&str> {
    path.split("::").filter(|part| !part.is_empty()).collect()
}

fn begins_with(path: &[String], prefix: &str) -> bool {
    let prefix = parts(prefix);
    path.len() >= prefix.len() && path.iter().zip(&prefix).all(|(one, other)| one == other)
}

/// The row of a module: the longest that fits. The row of the root fits the root alone.
fn row_of(module: &Module) -> Option<&'static Row> {
    let fits = |row: &&Row| begins_with(module, row.module) && (!row.module.is_empty() || module.is_empty());
    HOUSE.iter().filter(fits).max_by_key(|row| parts(row.module).len())
}

/// Why an import is not allowed, or nothing.
fn forbidden(row: &Row, import: &scan::Import) -> Option<String> {
    match &import.target {
        Target::Inside(path) => {
            let own = begins_with(path, row.module) && !row.module.is_empty();
            let allowed = row.modules.iter().any(|module| *module == "*" || begins_with(path, module));
            (!own && !allowed).then(|| format!("`{}` may not import crate::{}", row.module, path.join("::")))
        }
        Target::Outside(_) if import.test => None,
        Target::Outside(path) => match path[0].as_str() {
            "core" | "alloc" => None,
            "std" => (row.pure && is_impure(path))
                .then(|| format!("`{}` is pure and may not import {}", row.module, path.join("::"))),
            name => {
                let known = row.crates.iter().any(|allowed| ["*", name].contains(allowed));
                let narrowed = ONLY_IN.iter().find(|(narrow, module)| {
                    *narrow == name && !row.crates.contains(&"*") && !begins_with(&import.module, module)
                });
                match (known, narrowed) {
                    (false, _) => Some(format!("`{}` may not import the crate {name}", row.module)),
                    (true, Some((_, module))) => Some(format!("only `{module}` may import the crate {name}")),
                    (true, None) => None,
                }
            }
        },
    }
}

fn is_impure(path: &[String]) -> bool {
    let inside = path.get(1..).unwrap_or_default();
    if VALUES.iter().any(|value| begins_with(inside, value)) {
        return false;
    }
    // All of `std::time` but the span reads clocks.
    inside
        .first()
        .is_none_or(|name| ["*", "time"].contains(&name.as_str()) || IMPURE.contains(&name.as_str()))
}

/// The circles between the children of each module, `crate` included, as text.
fn circles(tree: &Tree) -> Vec<String> {
    let mut edges: BTreeMap<&[String], BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for import in tree.imports.iter().filter(|import| !import.test) {
        let Target::Inside(path) = &import.target else { continue };
        let common = import.module.iter().zip(path).take_while(|(one, other)| one == other).count();
        let (Some(from), Some(to)) = (import.module.get(common), path.get(common)) else { continue };
        // Only modules can be in a circle; other names belong to the module around.
        if tree.modules.contains(&path[..=common]) {
            edges.entry(&path[..common]).or_default().entry(from).or_default().insert(to);
        }
    }
    let mut found = Vec::new();
    for (parent, children) in &edges {
        let behind: BTreeMap<&str, BTreeSet<&str>> =
            children.keys().map(|start| (*start, reachable(children, start))).collect();
        let back = |from: &str, to: &str| behind.get(to).is_some_and(|behind| behind.contains(from));
        let all = children.iter().flat_map(|(from, ends)| ends.iter().map(move |to| (*from, *to)));
        for (from, to) in all.filter(|(from, to)| back(from, to)) {
            let name =
                |child| parent.iter().map(String::as_str).chain([child]).collect::<Vec<_>>().join("::");
            found.push(format!("in a circle of modules: {} imports {}", name(from), name(to)));
        }
    }
    found
}

/// Every module that a module leads to.
fn reachable<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>, start: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = edges.get(start).into_iter().flatten().copied().collect();
    while let Some(module) = open.pop() {
        if seen.insert(module) {
            open.extend(edges.get(module).into_iter().flatten());
        }
    }
    seen
}

/// Everything that is wrong with these files.
fn violations(files: &[File]) -> Vec<String> {
    let tree = scan(files, &crates()).unwrap_or_else(|error| panic!("{error}"));
    let mut found: BTreeSet<String> = circles(&tree).into_iter().collect();
    for file in files {
        let lines = file.text.lines().count();
        if lines > MAX_LINES {
            found.insert(format!("{}: {lines} lines, more than {MAX_LINES}", file.name));
        }
        if row_of(&file.module).is_none() {
            found.insert(format!("{}: no row in the table for this module", file.name));
        }
    }
    for import in &tree.imports {
        let wrong = row_of(&import.module).and_then(|row| forbidden(row, import));
        found.extend(wrong.map(|wrong| format!("{}: {wrong}", import.file)));
    }
    found.into_iter().collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The outside crates of `Cargo.toml`, as they are written in code.
fn crates() -> BTreeSet<String> {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let sections =
        ["dependencies", "dev-dependencies"].into_iter().filter_map(|name| manifest[name].as_table());
    sections.flat_map(|section| section.keys().map(|name| name.replace('-', "_"))).collect()
}

/// All files below `src`.
fn source() -> Vec<File> {
    fn collect(folder: &Path, source: &Path, files: &mut Vec<File>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, source, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(source).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(File::new(&name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let source = root().join("src");
    let mut files = Vec::new();
    collect(&source, &source, &mut files);
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}

#[test]
fn the_source_keeps_to_the_table_has_no_circles_and_no_overlong_file() {
    let files = source();
    assert!(files.len() > 20, "the source was not found");
    let found = violations(&files);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The violations of a few planted files.
fn planted(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, text)).collect();
    violations(&files)
}

#[test]
fn a_planted_import_of_another_module_is_found_however_it_is_written() {
    for text in [
        "use crate::charging::Money;",
        "use crate::{time, charging::{Money}};",
        "pub(crate) use crate::charging as c;",
        "fn f() -> u8 { crate::charging::f() }",
        "use super::charging::*;",
        "mod inner { use super::super::charging::Money; }",
        "fn f() { writeln!(out, \"{}\", crate::charging::f()); }",
        "#[derive(crate::charging::Derive)] struct S;",
        "impl crate::charging::T for S {}",
        "fn f(x: Option<crate::charging::M>) {}",
        "#[cfg(test)] mod tests { use crate::charging::Money; }",
    ] {
        let found = planted(&[("diameter/mod.rs", text), ("charging/mod.rs", "pub struct Money;")]);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(
            found[0].starts_with("diameter/mod.rs: `diameter` may not import crate::charging"),
            "{found:?}"
        );
    }
}

#[test]
fn a_planted_outside_crate_is_found_however_it_is_written() {
    for text in [
        "use tokio::net::TcpStream;",
        "use {bytes::Bytes, tokio as t};",
        "fn f() { tokio::spawn(g()) }",
        "fn f() { assert!(tokio::spawn(g())) }",
        "extern crate alloc; use tokio;",
        "type T = ::tokio::net::TcpStream;",
        "#[cfg(not(test))] use tokio::net;",
        "#[cfg(any(test, unix))] use tokio::net;",
        "#[cfg(test)] use proptest::x; fn f() { tokio::spawn(g()) }",
    ] {
        let found = planted(&[("diameter/frame.rs", text)]);
        assert_eq!(found, ["diameter/frame.rs: `diameter` may not import the crate tokio"], "{text}");
    }
    // A name that no manifest has is one as well.
    assert_eq!(planted(&[("charging/mod.rs", "use unheard_of::X;")]).len(), 1);
}

#[test]
fn the_pure_rings_reach_no_clock_file_socket_thread_or_environment() {
    for path in [
        "std::fs",
        "std::net::TcpStream",
        "std::net::{IpAddr, UdpSocket}",
        "std::thread",
        "std::time::Instant",
        "std::time::{SystemTime}",
        "std::time",
        "std::time::*",
        "std::env",
        "std::process",
        "std::io::Write",
        "std::{fmt, io}",
        "std::os::fd",
    ] {
        for module in ["diameter/x.rs", "charging/x.rs", "ro/x.rs", "sy/x.rs", "engine/core/x.rs", "time.rs"]
        {
            let found = planted(&[(module, &format!("use {path};"))]);
            assert_eq!(found.len(), 1, "{module} {path}: {found:?}");
        }
    }
    assert_eq!(planted(&[("charging/x.rs", "fn f() { let t = std::time::Instant::now(); }")]).len(), 1);
    let allowed = "use std::time::Duration; use core::fmt; use std::{borrow::Cow, net::IpAddr};";
    assert_eq!(planted(&[("diameter/x.rs", allowed)]), Vec::<String>::new());
    assert_eq!(planted(&[("store/x.rs", "use std::fs; use std::time::Instant;")]), Vec::<String>::new());
}

#[test]
fn a_narrowed_crate_is_for_one_module() {
    assert_eq!(planted(&[("store/sys.rs", "use libc::c_int;")]), Vec::<String>::new());
    assert_eq!(planted(&[("store/journal.rs", "use libc::c_int;")]).len(), 1);
    assert_eq!(planted(&[("store/journal.rs", "use tracing::info;")]).len(), 1);
}

#[test]
fn parts_of_the_engine_have_rows_of_their_own() {
    let store = ("store/mod.rs", "");
    assert_eq!(planted(&[("engine/core/mod.rs", "use crate::store::Store;"), store]).len(), 1);
    assert_eq!(planted(&[("engine/run.rs", "use crate::store::Store;"), store]), Vec::<String>::new());
    let control = ("engine/control.rs", "");
    assert_eq!(planted(&[("admin/mod.rs", "use crate::engine::control::X;"), control]), Vec::<String>::new());
    assert_eq!(planted(&[("admin/mod.rs", "use crate::engine::core::X;"), ("engine/core.rs", "")]).len(), 1);
    assert_eq!(
        planted(&[("server/mod.rs", "use crate::engine::core::X;"), ("engine/core.rs", "")]),
        Vec::<String>::new()
    );
}

#[test]
fn test_code_may_use_other_crates_and_the_file_system() {
    for text in [
        "#[cfg(test)] mod tests { use proptest::prelude::*; use std::fs; }",
        "#[cfg(all(test, unix))] use tempfile::TempDir; fn f() {}",
        "#[cfg(test)] fn f() { std::fs::read(\"x\"); }",
    ] {
        assert_eq!(planted(&[("charging/x.rs", text)]), Vec::<String>::new(), "{text}");
    }
    let apart =
        [("charging/x.rs", "#[cfg(test)] mod tests;"), ("charging/x/tests.rs", "use tempfile::TempDir;")];
    assert_eq!(planted(&apart), Vec::<String>::new());
    let not = [("charging/x.rs", "mod tests;"), ("charging/x/tests.rs", "use tempfile::TempDir;")];
    assert_eq!(planted(&not).len(), 1);
}

#[test]
fn a_module_without_a_row_is_found() {
    assert_eq!(planted(&[("helpers/mod.rs", "")]), ["helpers/mod.rs: no row in the table for this module"]);
    assert_eq!(
        planted(&[("lib.rs", "pub mod time;"), ("main.rs", "fn main() { gyro::cli::main() }")]),
        Vec::<String>::new()
    );
}

#[test]
fn planted_circles_are_found() {
    let top = planted(&[
        ("config/mod.rs", "use crate::cli::X;"),
        ("cli/mod.rs", "pub fn f() { crate::config::g() }"),
    ]);
    let circle = |ways: &[(&str, &str)]| -> Vec<String> {
        ways.iter().map(|(from, to)| format!("in a circle of modules: {from} imports {to}")).collect()
    };
    assert_eq!(top, circle(&[("cli", "config"), ("config", "cli")]));
    let siblings = planted(&[
        ("diameter/a.rs", "use super::b::B;"),
        ("diameter/b.rs", "use crate::diameter::c::deep::C;"),
        ("diameter/c/deep.rs", "use crate::diameter::a::A;"),
        ("diameter/c/mod.rs", "pub mod deep;"),
    ]);
    let [a, b, c] = ["diameter::a", "diameter::b", "diameter::c"];
    assert_eq!(siblings, circle(&[(a, b), (b, c), (c, a)]));
    // Hidden behind names that the parent passes on.
    let hidden = planted(&[
        ("diameter/mod.rs", "mod a; mod b; pub use self::a::A; pub use b::{B as Bee};"),
        ("diameter/a.rs", "use super::Bee; pub struct A;"),
        ("diameter/b.rs", "use crate::diameter::A; pub struct B;"),
    ]);
    assert_eq!(hidden, circle(&[(a, b), (b, a)]));
    let none = planted(&[
        ("diameter/mod.rs", "mod a; mod b; pub struct Here;"),
        ("diameter/a.rs", "use super::b::B; use super::Here;"),
        ("diameter/b.rs", "use super::Here; #[cfg(test)] mod tests { use super::super::a::A; }"),
    ]);
    assert_eq!(none, Vec::<String>::new());
}

#[test]
fn an_overlong_file_is_found() {
    assert_eq!(planted(&[("time.rs", &"//\n".repeat(MAX_LINES))]), Vec::<String>::new());
    assert_eq!(planted(&[("time.rs", &"//\n".repeat(MAX_LINES + 1))]), ["time.rs: 701 lines, more than 700"]);
}

#[test]
fn text_and_comments_are_no_imports() {
    let text = "//! See crate::charging and tokio::net.\n/* use tokio::x; */ const X: &str = \"use tokio::x; crate::charging\";\n\
                fn f<'a>(x: &'a str) -> impl Iterator + use<'a> { g::<u8>(x).tokio }";
    assert_eq!(planted(&[("diameter/x.rs", text)]), Vec::<String>::new());
}
