//! An element and its attributes: what is missing or wrong is told, with its place.

use roxmltree::Node;

use super::finding::{Cause, Report};
use super::limits::MAX_NAME;
use super::page::Page;
use crate::diameter::dictionary::declaration::Origin;
use crate::diameter::dictionary::{Name, nearest};

/// How much of a wrong value a fault shows, in letters.
const SHOWN: usize = 40;

/// An element of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a, 'd> {
    node: Node<'a, 'd>,
    page: &'a Page,
}

impl<'a, 'd> Element<'a, 'd> {
    /// The element of that node.
    pub(super) fn new(node: Node<'a, 'd>, page: &'a Page) -> Self {
        Self { node, page }
    }

    /// Its node.
    pub(super) fn node(self) -> Node<'a, 'd> {
        self.node
    }

    /// Its name.
    pub(super) fn tag(self) -> &'a str {
        self.node.tag_name().name()
    }

    /// Its name as messages show it.
    pub(super) fn shown(self) -> String {
        format!("<{}>", self.tag())
    }

    /// Where it stands.
    pub(super) fn origin(self) -> Origin {
        self.page.origin_of(self.node)
    }

    /// The elements in it.
    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        self.node.children().filter(Node::is_element).map(move |node| Self { node, page: self.page })
    }

    /// An attribute without the blanks around it; `None` if it is not there or empty.
    pub(super) fn attribute(self, name: &str) -> Option<&'a str> {
        self.node.attribute(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// An attribute that must be there.
    pub(super) fn required(self, name: &'static str, report: &mut Report) -> Option<&'a str> {
        let value = self.attribute(name);
        if value.is_none() {
            report.fault(
                self.origin(),
                Cause::MissingAttribute { element: self.tag().to_owned(), attribute: name },
            );
        }
        value
    }

    /// A name that must be there.
    pub(super) fn name(self, name: &'static str, report: &mut Report) -> Option<Name> {
        let value = self.required(name, report)?;
        if value.len() > MAX_NAME || value.chars().any(char::is_control) {
            self.value(name, value, "a name of at most 255 octets without control characters", report);
            return None;
        }
        Some(Name::Owned(value.to_owned()))
    }

    /// A number that must be there.
    pub(super) fn number(self, name: &'static str, report: &mut Report) -> Option<u32> {
        let value = self.required(name, report)?;
        let number = value.parse().ok();
        if number.is_none() {
            self.value(name, value, "a number from 0 to 4294967295", report);
        }
        number
    }

    /// A value of an AVP, which may be negative, and must be there.
    pub(super) fn signed(self, name: &'static str, report: &mut Report) -> Option<i64> {
        let value = self.required(name, report)?;
        let allowed = i64::from(i32::MIN)..=i64::from(u32::MAX);
        let number = value.parse().ok().filter(|number| allowed.contains(number));
        if number.is_none() {
            self.value(name, value, "a number from -2147483648 to 4294967295", report);
        }
        number
    }

    /// One of several words, or `default` where the attribute is absent.
    pub(super) fn choice<T>(
        self,
        name: &'static str,
        default: T,
        read: impl Fn(&str) -> Option<T>,
        allowed: &'static str,
        report: &mut Report,
    ) -> Option<T> {
        let Some(value) = self.attribute(name) else { return Some(default) };
        let choice = read(value);
        if choice.is_none() {
            self.value(name, value, allowed, report);
        }
        choice
    }

    /// Tells that an attribute has a value that it cannot have.
    pub(super) fn value(self, name: &'static str, found: &str, allowed: &'static str, report: &mut Report) {
        let mut shown: String = found.chars().take(SHOWN).collect();
        if shown.len() < found.len() {
            shown.push('…');
        }
        let element = self.tag().to_owned();
        report.fault(self.origin(), Cause::Value { element, attribute: name, found: shown, allowed });
    }

    /// Notes the attributes that are none of these.
    pub(super) fn known(self, known: &[&str], report: &mut Report) {
        for attribute in self.node.attributes().filter(|attribute| !known.contains(&attribute.name())) {
            let found = attribute.name().chars().take(SHOWN).collect();
            let cause =
                Cause::UnknownAttribute { element: self.tag().to_owned(), found, allowed: known.join(", ") };
            report.note(self.origin(), cause);
        }
    }

    /// Tells that this element does not belong into `parent`, where `allowed` do.
    pub(super) fn unexpected(self, parent: &str, allowed: &[&str], report: &mut Report) {
        let near = nearest(self.tag(), allowed.iter().copied()).map(str::to_owned);
        let cause = Cause::UnexpectedElement {
            found: self.tag().chars().take(SHOWN).collect(),
            parent: parent.to_owned(),
            allowed: allowed.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(", "),
            nearest: near.map(|name| format!("<{name}>")),
        };
        report.fault(self.origin(), cause);
    }
}
