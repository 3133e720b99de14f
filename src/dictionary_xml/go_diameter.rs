//! go-diameter's format: `<diameter>` with applications, and commands and AVPs in them.

use super::element::Element;
use super::finding::{Cause, Report};
use super::page::{Page, Tree};
use crate::diameter::dictionary::declaration::{
    AvpDeclaration, CommandDeclaration, GrammarDeclaration, Origin, RuleDeclaration, Source, VendorRef,
};
use crate::diameter::dictionary::{Application, Enumerator, FlagRule, Name, RuleKind, Vendor};

/// Reads a parsed file.
pub(super) fn read(page: &Page, tree: &Tree<'_>, source: &mut Source, report: &mut Report) {
    for (parent, reference) in tree.references() {
        let cause = Cause::MisplacedEntity {
            name: reference.name.clone(),
            parent: parent.tag_name().name().to_owned(),
            allowed: "a dictionary in Wireshark's format",
        };
        report.fault(page.origin(reference.offset), cause);
    }
    let mut reader = Reader { source, report };
    for root in Element::new(tree.root(), page).children() {
        if root.tag() != "diameter" {
            root.unexpected("the file", &["diameter"], reader.report);
            continue;
        }
        for application in root.children() {
            match application.tag() {
                "application" => reader.application(application),
                _ => application.unexpected("<diameter>", &["application"], reader.report),
            }
        }
    }
}

struct Reader<'a> {
    source: &'a mut Source,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn application(&mut self, element: Element<'_, '_>) {
        element.known(&["id", "type", "name"], self.report);
        let Some(id) = element.number("id", self.report) else { return };
        let name = element.attribute("name").unwrap_or_default().to_owned();
        self.source.applications.push((Application { id, name: Name::Owned(name) }, element.origin()));
        let mut vendors = Vec::new();
        for vendor in element.children().filter(|child| child.tag() == "vendor") {
            vendors.extend(self.vendor(vendor));
        }
        // An AVP with the V bit and without vendor-id belongs to the application's only vendor.
        let only = match vendors.as_slice() {
            [vendor] => Some(*vendor),
            _ => None,
        };
        for child in element.children() {
            match child.tag() {
                "vendor" => {}
                "command" => self.command(child, id),
                "avp" => self.avp(child, only),
                _ => child.unexpected("<application>", &["vendor", "command", "avp"], self.report),
            }
        }
    }

    fn vendor(&mut self, element: Element<'_, '_>) -> Option<u32> {
        element.known(&["id", "name"], self.report);
        let code = element.number("id", self.report)?;
        let word = element.name("name", self.report)?;
        if code != 0 {
            self.source.vendors.push((Vendor { code, name: word.clone(), word }, element.origin()));
        }
        Some(code)
    }

    fn command(&mut self, element: Element<'_, '_>, application: u32) {
        element.known(&["code", "short", "name"], self.report);
        let name = element.name("name", self.report);
        let code = element.number("code", self.report);
        let mut request = GrammarDeclaration::default();
        let mut answer = GrammarDeclaration::default();
        for side in element.children() {
            match side.tag() {
                "request" => self.rules(side, &mut request),
                "answer" => self.rules(side, &mut answer),
                _ => side.unexpected("<command>", &["request", "answer"], self.report),
            }
        }
        let Some((name, code)) = name.zip(code) else { return };
        let short = element.attribute("short").map(|short| Name::Owned(short.to_owned()));
        let origin = element.origin();
        let declaration =
            CommandDeclaration { application, code, name, short, proxiable: None, request, answer, origin };
        self.source.commands.push(declaration);
    }

    /// The rules of a command or a group. The format has no word for `*[ AVP ]`; its own library lets every
    /// AVP pass, so a grammar is always open.
    fn rules(&mut self, parent: Element<'_, '_>, grammar: &mut GrammarDeclaration) {
        for rule in parent.children().filter(|child| child.tag() == "rule") {
            grammar.rules.extend(self.rule(rule));
        }
        for other in parent.children().filter(|child| !["rule", "item"].contains(&child.tag())) {
            other.unexpected(&parent.shown(), &["rule", "item"], self.report);
        }
        if !grammar.rules.is_empty() {
            grammar.rules.push(any(parent.origin()));
        }
    }

    fn rule(&mut self, element: Element<'_, '_>) -> Option<RuleDeclaration> {
        element.known(&["avp", "required", "min", "max"], self.report);
        let name = element.name("avp", self.report);
        let truth = |word: &str| {
            [("true", true), ("false", false)]
                .into_iter()
                .find_map(|(name, value)| name.eq_ignore_ascii_case(word).then_some(value))
        };
        let required = element.choice("required", false, truth, "`true` or `false`", self.report);
        let count = |word: &str| word.parse::<u32>().ok();
        let (name, required) = name.zip(required)?;
        let min = element.choice("min", u32::from(required), count, "a number", self.report)?;
        // 0 and -1 are what the library takes for any number.
        let limit = |word: &str| match word {
            "0" | "-1" => Some(None),
            _ => count(word).map(Some),
        };
        let max = element.choice("max", None, limit, "a number", self.report)?;
        let kind = if required { RuleKind::Required } else { RuleKind::Optional };
        Some(RuleDeclaration { name, kind, min, max, origin: element.origin() })
    }

    fn avp(&mut self, element: Element<'_, '_>, only: Option<u32>) {
        let known = ["name", "code", "must", "may", "must-not", "may-encrypt", "should-not", "vendor-id"];
        element.known(&known, self.report);
        let name = element.name("name", self.report);
        let code = element.number("code", self.report);
        let vendor = match element.attribute("vendor-id") {
            Some(_) => element.number("vendor-id", self.report),
            None if flag(element, 'V') == FlagRule::Must => {
                if only.is_none() {
                    let avp = name.as_deref().unwrap_or_default().to_owned();
                    self.report.note(element.origin(), Cause::NoVendor { avp });
                }
                Some(only.unwrap_or(0))
            }
            None => Some(0),
        };
        let Some(body) = self.body(element, name.as_ref()) else { return };
        let Some(((name, code), vendor)) = name.zip(code).zip(vendor) else { return };
        self.source.avps.push(AvpDeclaration {
            name,
            code,
            vendor: VendorRef::Code(vendor),
            data_type: body.data_type,
            mandatory: flag(element, 'M'),
            protected: flag(element, 'P'),
            vendor_bit: flag(element, 'V'),
            members: body.members,
            enumerators: body.enumerators,
            origin: element.origin(),
        });
    }

    /// What stands in an `<avp>`.
    fn body(&mut self, element: Element<'_, '_>, name: Option<&Name>) -> Option<Body> {
        let avp = || name.map_or_else(String::new, |name| name.clone().into_owned());
        let mut body = None;
        for data in element.children() {
            if data.tag() != "data" {
                data.unexpected("<avp>", &["data"], self.report);
                continue;
            }
            if body.is_some() {
                self.report.fault(data.origin(), Cause::SecondType { avp: avp() });
                return None;
            }
            data.known(&["type"], self.report);
            let data_type = data.name("type", self.report)?;
            let mut members = GrammarDeclaration::default();
            self.rules(data, &mut members);
            let enumerators = self.items(data);
            body = Some(Body { data_type, members, enumerators });
        }
        if body.is_none() {
            self.report.fault(element.origin(), Cause::NoType { avp: avp(), allowed: "<data type=\"…\">" });
        }
        body
    }

    fn items(&mut self, data: Element<'_, '_>) -> Vec<Enumerator> {
        let mut enumerators = Vec::new();
        for item in data.children().filter(|child| child.tag() == "item") {
            item.known(&["code", "name"], self.report);
            let value = item.signed("code", self.report);
            let name = item.name("name", self.report);
            enumerators.extend(value.zip(name).map(|(value, name)| Enumerator { value, name }));
        }
        enumerators
    }
}

/// The inside of an AVP.
struct Body {
    data_type: Name,
    members: GrammarDeclaration,
    enumerators: Vec<Enumerator>,
}

/// The rule of a flag: its letter stands in one of the lists (`must="M,V"`, `-`: none).
fn flag(element: Element<'_, '_>, letter: char) -> FlagRule {
    let lists = [
        ("must", FlagRule::Must),
        ("must-not", FlagRule::MustNot),
        ("should-not", FlagRule::ShouldNot),
        ("may", FlagRule::May),
    ];
    let listed =
        |(name, _): &(&str, FlagRule)| element.attribute(name).is_some_and(|list| list.contains(letter));
    lists.into_iter().find(listed).map_or(FlagRule::May, |(_, rule)| rule)
}

/// `*[ AVP ]`.
fn any(origin: Origin) -> RuleDeclaration {
    RuleDeclaration { name: Name::Borrowed("AVP"), kind: RuleKind::Optional, min: 0, max: None, origin }
}
