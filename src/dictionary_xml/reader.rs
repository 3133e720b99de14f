//! Reads one file of an operator: tells its format by its root and hands it to that format's reader.

use std::path::Path;

use super::element::Element;
use super::files::Files;
use super::finding::{Cause, Report};
use super::go_diameter;
use super::page::{Item, Page};
use super::wireshark;
use crate::diameter::dictionary::declaration::Source;

/// What a file says; faults are told to the report.
pub(super) fn read(path: &Path, files: &mut Files, report: &mut Report) -> Source {
    let mut source = Source::default();
    let Some(page) = Page::open(path, false, files, report) else { return source };
    let Some(tree) = page.parse(report) else { return source };
    let items = tree.items(tree.root());
    let first = items.iter().find_map(|item| match item {
        Item::Element(node) => Some(Element::new(*node, &page)),
        Item::Reference(_) => None,
    });
    match first {
        Some(root) if root.tag() == "diameter" => {
            go_diameter::read(&page, &tree, &mut source, report);
        }
        None if items.is_empty() => report.fault(page.origin(0), Cause::Empty),
        _ => wireshark::read(&page, &tree, &mut source, files, report),
    }
    source
}
