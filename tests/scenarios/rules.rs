//! Each rule of the contract that is said to be done, wholly or partly, has its scenario file; each file has its rule.

use std::collections::BTreeMap;
use std::path::Path;

use crate::every::files;

/// The chapters of `docs/contract.md` whose rules have scenarios.
const CHAPTERS: [&str; 4] = [
    "Accounts, money, time",
    "Online reservation and rating",
    "Suspension, restoration, end of contract",
    "Annex 2: mobile financial services",
];

/// Rules that have no file yet, and why. The list only shrinks.
const WITHOUT: &[(&str, &str)] = &[
    ("RES-4", "a notice leaves by the outbox, which scenarios have none of: its tests stand in the page"),
    ("ROAM-3", "a notice leaves by the outbox, which scenarios have none of: its tests stand in the page"),
];

/// Files that are about no single rule.
const TOPICS: [&str; 1] = ["repeats"];

/// The rules of a page and their states; `ROAM-1 … ROAM-4` are four.
fn rules(page: &str) -> BTreeMap<String, String> {
    let (mut heading, mut found) = ("", BTreeMap::new());
    for line in page.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            heading = text;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if !CHAPTERS.contains(&heading)
            || cells.len() < 5
            || !cells[1].contains('-')
            || cells[1].starts_with('-')
        {
            continue;
        }
        let ends: Vec<&str> = cells[1].split('…').map(str::trim).collect();
        let number = |rule: &str| rule.rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok());
        let name = ends[0].rsplit_once('-').map_or("", |(name, _)| name);
        match (number(ends[0]), ends.last().copied().and_then(number)) {
            (Some(from), Some(to)) if is_rule(name) => {
                (from..=to)
                    .for_each(|number| drop(found.insert(format!("{name}-{number}"), cells[3].into())));
            }
            _ => {}
        }
    }
    found
}

fn is_rule(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_uppercase())
}

/// What is wrong with these rules and files.
fn faults(rules: &BTreeMap<String, String>, files: &[String], without: &[(&str, &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (rule, state) in rules {
        let built = state == "done" || state == "partly";
        let has = files.contains(rule);
        let excused = without.iter().any(|(other, why)| other == rule && !why.is_empty());
        if built && !has && !excused {
            faults.push(format!("{rule} is {state} and has no tests/scenarios/{rule}.txt"));
        }
        if excused && (has || !built) {
            faults.push(format!("{rule} needs no excuse any more"));
        }
    }
    for file in files {
        if !rules.contains_key(file) && !TOPICS.contains(&file.as_str()) {
            faults.push(format!("{file}.txt is named for no rule of docs/contract.md"));
        }
    }
    faults
}

#[test]
fn every_rule_that_is_built_has_its_scenarios() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/contract.md");
    let rules = rules(&std::fs::read_to_string(page).unwrap());
    assert!(rules.len() > 40, "{rules:?}");
    let files: Vec<String> =
        files().iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let faults = faults(&rules, &files, WITHOUT);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_rule_without_scenarios_is_noticed() {
    let page = "## Accounts, money, time\n\n| rule | in short | state | test |\n|---|---|---|---|\n\
                | ACC-1 | a | done | t |\n| ROAM-1 … ROAM-3 | b | partly | t |\n| ACC-2 | c | not yet | |\n\
                ## Annex 1: fair and good-faith use\n| FUP-1 | d | done | t |\n";
    let rules = rules(page);
    let names: Vec<&str> = rules.keys().map(String::as_str).collect();
    assert_eq!(names, ["ACC-1", "ACC-2", "ROAM-1", "ROAM-2", "ROAM-3"]);
    let files = ["ROAM-1", "ROAM-2", "ACC-2", "ACC-9"].map(String::from);
    let without = [("ROAM-2", "no longer so"), ("ROAM-3", "needs a partner")];
    let found = faults(&rules, &files, &without);
    assert_eq!(
        found,
        [
            "ACC-1 is done and has no tests/scenarios/ACC-1.txt",
            "ROAM-2 needs no excuse any more",
            "ACC-9.txt is named for no rule of docs/contract.md",
        ]
    );
}
