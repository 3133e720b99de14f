//! One file, ready to be parsed: its text, its entities, and where a place in it is.

use std::path::{Path, PathBuf};

use roxmltree::{Document, Node, NodeId, ParsingOptions};

use super::files::Files;
use super::finding::{Cause, Report};
use super::limits::{MAX_NODES, WRAPPER};
use super::prolog::{self, Entity, Reference};
use crate::diameter::dictionary::declaration::Origin;

/// A file's text inside of one more element, so that fragments may have several roots.
#[derive(Debug)]
pub(super) struct Page {
    path: PathBuf,
    file: u32,
    text: String,
    wrapped: String,
    /// Where lines begin in the text, in octets.
    lines: Vec<usize>,
    entities: Vec<Entity>,
    references: Vec<Reference>,
}

/// What stands in an element, in order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a, 'd> {
    /// An element.
    Element(Node<'a, 'd>),
    /// A reference to an entity.
    Reference(&'a Reference),
}

/// A parsed page, and which element each reference stands in.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    document: Document<'a>,
    references: Vec<(NodeId, &'a Reference)>,
}

impl Page {
    /// Opens a file; `None` if it cannot be read, which is told.
    pub(super) fn open(path: &Path, fragment: bool, files: &mut Files, report: &mut Report) -> Option<Self> {
        let file = files.number(path);
        let text = match files.read(path) {
            Ok(text) => text,
            Err(cause) => {
                report.fault(Origin { file, line: 0, column: 0 }, cause);
                return None;
            }
        };
        let prolog = prolog::scan(&text);
        let lines =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at.saturating_add(1))).collect();
        let page = Self {
            path: path.to_path_buf(),
            file,
            wrapped: format!("<{WRAPPER}>{}</{WRAPPER}>", prolog.body),
            text,
            lines,
            entities: prolog.entities,
            references: prolog.references,
        };
        for (offset, cause) in prolog.faults {
            report.fault(page.origin(offset), cause);
        }
        if let Some(offset) = prolog.doctype.filter(|_| fragment) {
            report.fault(page.origin(offset), Cause::DoctypeInFragment);
        }
        Some(page)
    }

    /// Parses the text; `None` if it is no XML, which is told.
    pub(super) fn parse(&self, report: &mut Report) -> Option<Tree<'_>> {
        let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
        match Document::parse_with_options(&self.wrapped, options) {
            Ok(document) => {
                let references = self.references.iter();
                let references = references
                    .map(|reference| (holder(&document, wrapped(reference.offset)), reference))
                    .collect();
                Some(Tree { document, references })
            }
            Err(error) => {
                report.fault(self.syntax_origin(&error), Cause::Syntax(error));
                None
            }
        }
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The entities that the file declares.
    pub(super) fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The place of a node.
    pub(super) fn origin_of(&self, node: Node<'_, '_>) -> Origin {
        self.origin(node.range().start.saturating_sub(shift()))
    }

    /// The place of an octet of the file.
    pub(super) fn origin(&self, offset: usize) -> Origin {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..offset).map_or(0, |text| text.chars().count());
        Origin { file: self.file, line: number(line), column: number(before.saturating_add(1)) }
    }

    /// The place of a syntax error. Only the first line has another column than the parser says; what is
    /// missed at the end is missed at the end of the file.
    fn syntax_origin(&self, error: &roxmltree::Error) -> Origin {
        let at = error.pos();
        let end = self.lines.len();
        let column = if at.row == 1 { at.col.saturating_sub(number(shift())) } else { at.col };
        match error {
            roxmltree::Error::UnexpectedEndOfStream | roxmltree::Error::UnclosedRootNode => {
                Origin { file: self.file, line: number(end), column: 1 }
            }
            _ => Origin { file: self.file, line: at.row, column: column.max(1) },
        }
    }
}

impl<'a> Tree<'a> {
    /// The element around the whole file.
    pub(super) fn root(&self) -> Node<'_, 'a> {
        self.document.root_element()
    }

    /// What stands in an element, in order.
    pub(super) fn items<'t>(&'t self, node: Node<'t, 'a>) -> Vec<Item<'t, 'a>> {
        let elements = node.children().filter(Node::is_element);
        let mut items: Vec<(usize, Item<'t, 'a>)> =
            elements.map(|element| (element.range().start, Item::Element(element))).collect();
        let here = self.references.iter().filter(|(holder, _)| *holder == node.id());
        items.extend(here.map(|(_, reference)| (wrapped(reference.offset), Item::Reference(reference))));
        items.sort_by_key(|(offset, _)| *offset);
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// Every reference and the element that it stands in.
    pub(super) fn references(&self) -> impl Iterator<Item = (Node<'_, 'a>, &'a Reference)> {
        self.references.iter().filter_map(|(id, reference)| Some((self.document.get_node(*id)?, *reference)))
    }
}

/// The innermost element around an octet.
fn holder(document: &Document<'_>, offset: usize) -> NodeId {
    let mut holder = document.root_element();
    while let Some(inner) =
        holder.children().find(|child| child.is_element() && child.range().contains(&offset))
    {
        holder = inner;
    }
    holder.id()
}

/// How far the wrapper moves the text, in octets.
const fn shift() -> usize {
    // `<`, the name, `>`.
    WRAPPER.len().saturating_add(2)
}

fn wrapped(offset: usize) -> usize {
    offset.saturating_add(shift())
}

fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
