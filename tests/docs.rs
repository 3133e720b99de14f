//! The pages that name tests: every test they name exists, every section of a standard has its row, and what is said to
//! be done has a test. Planted faults show that the check bites.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what is not as it should be"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const COMPLIANCE: &str = "docs/compliance.md";
const CONTRACT: &str = "docs/contract.md";

/// The sections of the standards, as their tables of contents have them: a number, or two with `–` between for all that
/// lie between them, both included.
const SECTIONS: &[(&str, &str)] = &[
    (
        "RFC 6733",
        "1 1.1 1.1.1 1.1.2 1.1.3 1.2 1.3 1.3.1 1.3.2 1.3.3 1.3.4 \
         2 2.1 2.1.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 2.8.1 2.8.2 2.8.3 2.8.4 2.9 \
         3 3.1 3.2 3.3 4 4.1 4.1.1 4.2 4.3 4.3.1 4.4 4.4.1 4.5 \
         5 5.1 5.2 5.3 5.3.1 5.3.2 5.3.3 5.3.4 5.3.5 5.3.6 5.3.7 5.4 5.4.1 5.4.2 5.4.3 \
         5.5 5.5.1 5.5.2 5.5.3 5.5.4 5.6 5.6.1 5.6.2 5.6.3 5.6.4 \
         6 6.1 6.1.1 6.1.2 6.1.3 6.1.4 6.1.5 6.1.6 6.1.7 6.1.8 6.1.9 6.2 6.2.1 6.2.2 6.3 6.4 6.5 6.6 \
         6.7 6.7.1 6.7.2 6.7.3 6.7.4 6.8 6.9 6.10 6.11 6.12 6.13 6.14 \
         7 7.1 7.1.1 7.1.2 7.1.3 7.1.4 7.1.5 7.2 7.3 7.4 7.5 7.6 7.7 \
         8 8.1 8.2 8.3 8.3.1 8.3.2 8.4 8.4.1 8.4.2 8.5 8.5.1 8.5.2 8.6 8.7 8.8 8.9 8.10 8.11 8.12 8.13 \
         8.14 8.15 8.16 8.17 8.18 8.19 8.20 8.21 \
         9 9.1 9.2 9.3 9.4 9.5 9.6 9.7 9.7.1 9.7.2 9.8 9.8.1 9.8.2 9.8.3 9.8.4 9.8.5 9.8.6 9.8.7 \
         10 10.1 10.2 11 12 13 13.1 13.2 13.3",
    ),
    ("RFC 3539", "3.4 3.4.1 3.4.2 3.4.3"),
    (
        "RFC 8506",
        "1 1.1 1.2 1.3 2 3 3.1 3.2 4 4.1 4.1.1 4.1.2 4.1.3 4.1.4 \
         5 5.1 5.1.1 5.1.2 5.2 5.2.1 5.2.2 5.3 5.4 5.5 5.6 5.6.1 5.6.2 5.6.3 5.6.4 5.7 6 6.1 6.2 6.3 6.4 6.5 7 \
         8 8.1–8.68 9 9.1 9.2 10 10.1 10.2 11 12 13 14 14.1 14.2 15 15.1 15.2 15.3",
    ),
    (
        "3GPP TS 32.299",
        "5.2.2.1 5.2.2.2 5.2.2.3 5.3.1 5.3.2 5.3.3 5.3.4 6.1 6.2 6.3 6.4.1–6.4.13 6.5 6.6 6.7",
    ),
];

const STATES: [&str; 4] = ["done", "partly", "not yet", "nothing"];

type Number = Vec<u32>;

fn number(text: &str) -> Option<Number> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// From and to of `8.17–8.19`; of `8.17` alone the same twice.
fn range(text: &str) -> Option<(Number, Number)> {
    let (from, to) = text.split_once('–').unwrap_or((text, text));
    Some((number(from.trim())?, number(to.trim())?))
}

/// The sections that a list names one by one.
fn listed(list: &str) -> Vec<Number> {
    let all = list.split_whitespace().flat_map(|word| {
        let (from, to) = range(word).unwrap_or_else(|| panic!("{word} is no section"));
        let (head, last) = from.split_at(from.len() - 1);
        (last[0]..=*to.last().unwrap()).map(|last| [head, &[last]].concat()).collect::<Vec<_>>()
    });
    all.collect()
}

struct Row<'a> {
    line: usize,
    heading: &'a str,
    cells: Vec<&'a str>,
}

/// The rows of all tables, under the heading of their chapter.
fn rows(page: &str) -> Vec<Row<'_>> {
    let mut heading = "";
    let mut found = Vec::new();
    for (at, line) in page.lines().enumerate() {
        if let Some(text) = line.strip_prefix("## ") {
            heading = text;
        }
        let inner = line.strip_prefix("| ").and_then(|rest| rest.strip_suffix('|'));
        if let Some(inner) = inner {
            let cells: Vec<_> = inner.split('|').map(str::trim).collect();
            if cells[0] != "section" {
                found.push(Row { line: at + 1, heading, cells });
            }
        }
    }
    found
}

/// A place that names a test: file and function.
#[derive(Debug)]
struct Reference<'a> {
    file: String,
    function: Option<&'a str>,
}

fn is_name(text: &str) -> bool {
    text.contains('_') && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

/// The tests that a piece of text names: `` `file.rs` `function`, `function` ``. A name that stands anywhere else, behind
/// words, names something else.
fn references(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut file: Option<String> = None;
    // every second piece stands between backticks
    let pieces: Vec<&str> = text.split('`').collect();
    for pair in pieces.chunks(2) {
        let [between, span] = pair else { continue };
        let follows = matches!(between.trim(), "" | "," | "and");
        if Path::new(span).extension().is_some_and(|end| end == "rs") && !span.contains(' ') {
            let path = full(span);
            found.push(Reference { file: path.clone(), function: None });
            file = Some(path);
        } else if let (true, true, Some(file)) = (is_name(span), follows, &file) {
            found.push(Reference { file: file.clone(), function: Some(span) });
        } else {
            file = None;
        }
    }
    found
}

/// The path from the root of the repository.
fn full(path: &str) -> String {
    let short = ["rfc3539/", "rfc6733/", "rfc8506/", "ts32299/", "faults/"]
        .iter()
        .any(|folder| path.starts_with(folder));
    if short { format!("tests/conformance/{path}") } else { path.to_owned() }
}

/// The text of the files that were looked into, by path; none for a file that is not there.
struct Source<F>(BTreeMap<String, Option<String>>, F);

impl<F: Fn(&str) -> Option<String>> Source<F> {
    fn text(&mut self, path: &str) -> Option<&str> {
        let Self(texts, read) = self;
        texts.entry(path.to_owned()).or_insert_with(|| read(path)).as_deref()
    }

    /// What is wrong with a reference.
    fn fault(&mut self, reference: &Reference<'_>) -> Option<String> {
        let Reference { file, function } = reference;
        let Some(text) = self.text(file) else { return Some(format!("{file} is not there")) };
        let function = (*function)?;
        let head = format!("fn {function}(");
        let Some(at) = text.find(&head) else { return Some(format!("{file} has no {function}")) };
        let before = text.split_at(at).0;
        let own = before.rsplit_once("\n\n").map_or(before, |(_, own)| own);
        let is_test = ["#[test]", "#[tokio::test]"].iter().any(|mark| own.contains(mark));
        (!is_test).then(|| format!("{function} in {file} is no test"))
    }
}

fn from_disk(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// What is wrong with the tests that a page names.
fn wrong_tests(page: &str, source: &mut Source<impl Fn(&str) -> Option<String>>) -> Vec<String> {
    let lines = page.lines().enumerate();
    let all =
        lines.flat_map(|(at, line)| references(line).into_iter().map(move |reference| (at + 1, reference)));
    all.filter_map(|(at, reference)| Some(format!("line {at}: {}", source.fault(&reference)?))).collect()
}

/// What is wrong with the rows of the page of standards.
fn wrong_rows(page: &str, sections: &[(&str, &str)]) -> Vec<String> {
    let rows = rows(page);
    let mut found = Vec::new();
    for Row { line, cells, .. } in &rows {
        let [_, _, state, _, test] = &cells[..] else {
            found.push(format!("line {line}: {} cells, not 5", cells.len()));
            continue;
        };
        if !STATES.contains(state) {
            found.push(format!("line {line}: `{state}` is no state"));
        }
        let named = references(test).iter().any(|reference| reference.function.is_some());
        if *state == "done" && !named && !test.starts_with("no test:") {
            found.push(format!("line {line}: done, and no test is named"));
        }
    }
    for (standard, list) in sections {
        let of_standard = || rows.iter().filter(|row| row.heading.starts_with(standard));
        let ranges: Vec<_> = of_standard()
            .flat_map(|row| row.cells[0].split(','))
            .map(|text| range(text.trim()).unwrap_or_else(|| panic!("{standard}: {text} is no section")))
            .collect();
        let lacking = listed(list).into_iter().filter(|section| {
            !ranges.iter().any(|(from, to)| {
                (from <= section && section <= to)
                    || (section.starts_with(to) && from != to && section > from)
            })
        });
        found.extend(lacking.map(|section| format!("{standard}: no row for {}", written(&section))));
    }
    found
}

fn written(section: &[u32]) -> String {
    section.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let mut source = Source(BTreeMap::new(), from_disk);
    let mut found = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap() {
        let page = format!("docs/{}", entry.unwrap().file_name().to_str().unwrap());
        let text = from_disk(&page).unwrap();
        if [COMPLIANCE, CONTRACT].contains(&page.as_str()) {
            assert!(references(&text).len() > 50, "{page}: nothing was found in it");
        }
        found.extend(wrong_tests(&text, &mut source).into_iter().map(|wrong| format!("{page}, {wrong}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_section_of_the_standards_has_its_row_and_what_is_done_has_a_test() {
    let wrong = wrong_rows(&from_disk(COMPLIANCE).unwrap(), SECTIONS);
    assert!(wrong.is_empty(), "{COMPLIANCE}:\n{}", wrong.join("\n"));
}

#[test]
fn a_test_that_is_not_there_is_found_wherever_it_is_named() {
    let disk = |path: &str| {
        let text = "#[test]\nfn a_rule() {}\n\nfn a_helper() {}\n\n#[test]\n#[ignore]\nfn b_rule() {}\n";
        (path == "src/x.rs").then(|| text.to_owned())
    };
    let wrong = |page: &str| wrong_tests(page, &mut Source(BTreeMap::new(), disk));
    assert_eq!(wrong("| 1 | `src/x.rs` `a_rule`, `b_rule` |"), [""; 0]);
    assert_eq!(wrong("`src/x.rs` `a_rule`,\n`src/x.rs` `a_rul`"), ["line 2: src/x.rs has no a_rul"]);
    assert_eq!(wrong("`src/x.rs` `a_rule`, `c_rule`"), ["line 1: src/x.rs has no c_rule"]);
    assert_eq!(wrong("`src/x.rs` `a_helper`"), ["line 1: a_helper in src/x.rs is no test"]);
    assert_eq!(wrong("told in `src/y.rs`"), ["line 1: src/y.rs is not there"]);
    assert_eq!(wrong("`rfc6733/y.rs` `a_rule`").len(), 2);
    // a key of the configuration is no test
    assert_eq!(wrong("in `src/x.rs` the key `valid_from`, and `src/x.rs`"), [""; 0]);
}

#[test]
fn a_section_without_a_row_and_a_claim_without_a_test_are_found() {
    let wrong = |rows: &str| {
        let page = format!(
            "## RFC 1, one\n\n| section | what | state | code | test |\n|---|---|---|---|---|\n{rows}"
        );
        wrong_rows(&page, &[("RFC 1", "1 1.1 2.1–2.3")])
    };
    let row = |section: &str| format!("| {section} | x | not yet | | |\n");
    assert_eq!(wrong(&row("1–2.3")), [""; 0]);
    assert_eq!(wrong(&row("1, 1.1, 2.1–2.3")), [""; 0]);
    assert_eq!(wrong(&(row("1") + &row("2.1, 2.3"))), ["RFC 1: no row for 1.1", "RFC 1: no row for 2.2"]);
    let done = |test: &str| wrong(&format!("| 1–2.3 | x | done | `src/x.rs` | {test} |\n"));
    assert_eq!(done("`src/x.rs` `a_rule`"), [""; 0]);
    assert_eq!(done("no test: it cannot go wrong"), [""; 0]);
    assert_eq!(done("`src/x.rs`"), ["line 5: done, and no test is named"]);
    assert_eq!(wrong("| 1–2.3 | x | almost | | |\n"), ["line 5: `almost` is no state"]);
    assert_eq!(wrong("| 1–2.3 | x | partly | |\n"), ["line 5: 4 cells, not 5"]);
}
