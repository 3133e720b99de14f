//! Wireshark's format (`diameter/dictionary.dtd` of Wireshark), its fragments taken in.

use std::fs;
use std::path::PathBuf;

use super::element::Element;
use super::files::{Files, sibling};
use super::finding::{Cause, Report};
use super::limits::{MAX_DEPTH, WRAPPER};
use super::page::{Item, Page, Tree};
use super::prolog::{Entity, Reference};
use crate::diameter::dictionary::declaration::{
    AvpDeclaration, CommandDeclaration, GrammarDeclaration, RuleDeclaration, Source, TypeDeclaration,
    VendorRef,
};
use crate::diameter::dictionary::{Application, Enumerator, FlagRule, Name, RuleKind, Vendor, nearest};

/// The name of application 0, which a `<base>` has no attribute for.
const BASE_NAME: &str = "Diameter Common Messages";

/// Reads a parsed file and the fragments that it takes in.
pub(super) fn read(
    page: &Page,
    tree: &Tree<'_>,
    source: &mut Source,
    files: &mut Files,
    report: &mut Report,
) {
    let open = fs::canonicalize(page.path()).ok().into_iter().collect();
    let mut reader = Reader { main: page, entities: page.entities(), open, source, files, report };
    reader.page(page, tree, &Scope::File);
}

/// What stands around an element.
#[derive(Clone, Debug)]
enum Scope {
    /// Nothing.
    File,
    /// `<dictionary>`.
    Dictionary,
    /// `<base>` or `<application>`, with its id.
    Application(u32),
    /// `<vendor>`, with its word.
    Vendor(Name),
}

impl Scope {
    fn name(&self) -> &'static str {
        match self {
            Self::File => "the file",
            Self::Dictionary => "<dictionary>",
            Self::Application(0) => "<base>",
            Self::Application(_) => "<application>",
            Self::Vendor(_) => "<vendor>",
        }
    }

    fn allowed(&self) -> &'static [&'static str] {
        match self {
            Self::File => &["dictionary", "base", "application", "vendor"],
            Self::Dictionary => &["base", "application", "vendor"],
            Self::Application(_) => &["command", "typedefn", "avp"],
            Self::Vendor(_) => &["avp"],
        }
    }
}

struct Reader<'a> {
    /// The file that declares the entities.
    main: &'a Page,
    entities: &'a [Entity],
    /// The files that are being read, outermost first, links followed.
    open: Vec<PathBuf>,
    source: &'a mut Source,
    files: &'a mut Files,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn page(&mut self, page: &Page, tree: &Tree<'_>, scope: &Scope) {
        for (parent, reference) in tree.references() {
            let parent = parent.tag_name().name();
            if ![WRAPPER, "dictionary", "base", "application", "vendor"].contains(&parent) {
                let cause = Cause::MisplacedEntity {
                    name: reference.name.clone(),
                    parent: parent.to_owned(),
                    allowed: "<dictionary>, <base>, <application> and <vendor>",
                };
                self.report.fault(page.origin(reference.offset), cause);
            }
        }
        self.items(page, tree, Element::new(tree.root(), page), scope);
    }

    fn items<'t, 'd>(&mut self, page: &'t Page, tree: &'t Tree<'d>, element: Element<'t, 'd>, scope: &Scope) {
        for item in tree.items(element.node()) {
            match item {
                Item::Element(node) => self.element(page, tree, Element::new(node, page), scope),
                Item::Reference(reference) => self.fragment(page, reference, scope),
            }
        }
    }

    fn element<'t, 'd>(
        &mut self,
        page: &'t Page,
        tree: &'t Tree<'d>,
        element: Element<'t, 'd>,
        scope: &Scope,
    ) {
        if !scope.allowed().contains(&element.tag()) {
            element.unexpected(scope.name(), scope.allowed(), self.report);
            return;
        }
        let inner = match element.tag() {
            "dictionary" => Some(Scope::Dictionary),
            "base" => Some(self.base(element)),
            "application" => self.application(element),
            "vendor" => self.vendor(element),
            "command" => {
                self.command(element, scope);
                None
            }
            "typedefn" => {
                self.type_definition(element);
                None
            }
            _ => {
                self.avp(element, scope);
                None
            }
        };
        if let Some(inner) = inner {
            self.items(page, tree, element, &inner);
        }
    }

    /// Takes in the file of an entity as if it stood here.
    fn fragment(&mut self, page: &Page, reference: &Reference, scope: &Scope) {
        let origin = page.origin(reference.offset);
        let name = reference.name.clone();
        let Some(entity) = self.entities.iter().find(|entity| entity.name == name) else {
            let declared = self.entities.iter().map(|entity| entity.name.as_str());
            let nearest = nearest(&name, declared).map(str::to_owned);
            self.report.fault(origin, Cause::UndeclaredEntity { name, nearest });
            return;
        };
        if self.open.len() > MAX_DEPTH {
            self.report.fault(origin, Cause::TooDeep);
            return;
        }
        let path = match sibling(self.main.path(), &entity.file) {
            Ok(path) => path,
            Err(cause) => {
                self.report.fault(self.main.origin(entity.offset), cause);
                return;
            }
        };
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if self.open.contains(&real) {
            self.report.fault(origin, Cause::Cycle { name });
            return;
        }
        let Some(fragment) = Page::open(&path, true, self.files, self.report) else { return };
        let Some(tree) = fragment.parse(self.report) else { return };
        self.open.push(real);
        self.page(&fragment, &tree, scope);
        self.open.pop();
    }

    fn base(&mut self, element: Element<'_, '_>) -> Scope {
        element.known(&["uri"], self.report);
        let application = Application { id: 0, name: Name::Borrowed(BASE_NAME) };
        self.source.applications.push((application, element.origin()));
        Scope::Application(0)
    }

    fn application(&mut self, element: Element<'_, '_>) -> Option<Scope> {
        element.known(&["id", "name", "uri"], self.report);
        let id = element.number("id", self.report)?;
        let name = element.attribute("name").unwrap_or_default().to_owned();
        self.source.applications.push((Application { id, name: Name::Owned(name) }, element.origin()));
        Some(Scope::Application(id))
    }

    fn vendor(&mut self, element: Element<'_, '_>) -> Option<Scope> {
        element.known(&["vendor-id", "code", "name"], self.report);
        let word = element.name("vendor-id", self.report);
        let code = element.number("code", self.report);
        let (word, code) = word.zip(code)?;
        let name =
            element.attribute("name").map_or_else(|| word.clone(), |name| Name::Owned(name.to_owned()));
        if !is_none(&word) {
            self.source.vendors.push((Vendor { code, word: word.clone(), name }, element.origin()));
        }
        Some(Scope::Vendor(word))
    }

    fn type_definition(&mut self, element: Element<'_, '_>) {
        element.known(&["type-name", "type-parent", "description"], self.report);
        let parent = element.attribute("type-parent").map(|parent| Name::Owned(parent.to_owned()));
        if let Some(name) = element.name("type-name", self.report) {
            self.source.types.push(TypeDeclaration { name, parent });
        }
    }

    fn command(&mut self, element: Element<'_, '_>, scope: &Scope) {
        element.known(&["name", "code", "vendor-id", "short", "pbit"], self.report);
        let name = element.name("name", self.report);
        let code = element.number("code", self.report);
        let pbit = |word: &str| [("0", false), ("1", true)].into_iter().find(|(bit, _)| *bit == word);
        let proxiable = element.choice(
            "pbit",
            None,
            |word| pbit(word).map(|(_, set)| Some(set)),
            "`0` or `1`",
            self.report,
        );
        let mut request = GrammarDeclaration::default();
        let mut answer = GrammarDeclaration::default();
        for side in element.children() {
            match side.tag() {
                "requestrules" => self.rules(side, &mut request),
                "answerrules" => self.rules(side, &mut answer),
                _ => side.unexpected("<command>", &["requestrules", "answerrules"], self.report),
            }
        }
        let Scope::Application(application) = *scope else { return };
        let Some(((name, code), proxiable)) = name.zip(code).zip(proxiable) else { return };
        let short = element.attribute("short").map(|short| Name::Owned(short.to_owned()));
        let origin = element.origin();
        self.source.commands.push(CommandDeclaration {
            application,
            code,
            name,
            short,
            proxiable,
            request,
            answer,
            origin,
        });
    }

    fn rules(&mut self, side: Element<'_, '_>, grammar: &mut GrammarDeclaration) {
        for group in side.children() {
            let kinds = [RuleKind::Fixed, RuleKind::Required, RuleKind::Optional];
            let Some(kind) = kinds.into_iter().find(|kind| kind.name() == group.tag()) else {
                group.unexpected(&side.shown(), &["fixed", "required", "optional"], self.report);
                continue;
            };
            for rule in group.children() {
                if rule.tag() != "avprule" {
                    rule.unexpected(&group.shown(), &["avprule"], self.report);
                } else if let Some(rule) = self.rule(rule, kind) {
                    grammar.rules.push(rule);
                }
            }
        }
    }

    fn rule(&mut self, element: Element<'_, '_>, kind: RuleKind) -> Option<RuleDeclaration> {
        element.known(&["name", "position", "minimum", "maximum"], self.report);
        let name = element.name("name", self.report);
        let count = |word: &str| word.parse::<u32>().ok();
        let limit = |word: &str| if word == "none" { Some(None) } else { count(word).map(Some) };
        let least = u32::from(kind != RuleKind::Optional);
        let min = element.choice("minimum", least, count, "a number", self.report);
        let max = element.choice("maximum", Some(1), limit, "a number or `none`", self.report);
        let ((name, min), max) = name.zip(min).zip(max)?;
        if max.is_some_and(|max| max < min) {
            let found = element.attribute("maximum").unwrap_or("1");
            element.value("maximum", found, "not less than the minimum", self.report);
            return None;
        }
        Some(RuleDeclaration { name, kind, min, max, origin: element.origin() })
    }

    fn avp(&mut self, element: Element<'_, '_>, scope: &Scope) {
        const FLAGS: &str = "`must`, `may`, `mustnot` or `shouldnot`";
        let known = [
            "name",
            "description",
            "code",
            "may-encrypt",
            "mandatory",
            "protected",
            "vendor-bit",
            "vendor-id",
            "constrained",
        ];
        element.known(&known, self.report);
        let name = element.name("name", self.report);
        let code = element.number("code", self.report);
        let flag = |word: &str| FlagRule::from_name(word);
        let mandatory = element.choice("mandatory", FlagRule::May, flag, FLAGS, self.report);
        let protected = element.choice("protected", FlagRule::May, flag, FLAGS, self.report);
        let vendor_bit = element.choice("vendor-bit", FlagRule::MustNot, flag, FLAGS, self.report);
        let Some(body) = self.body(element, name.as_ref()) else { return };
        let Some((name, code)) = name.zip(code) else { return };
        let Some(((mandatory, protected), vendor_bit)) = mandatory.zip(protected).zip(vendor_bit) else {
            return;
        };
        self.source.avps.push(AvpDeclaration {
            name,
            code,
            vendor: vendor(element, scope),
            data_type: body.data_type,
            mandatory,
            protected,
            vendor_bit,
            members: body.members,
            enumerators: body.enumerators,
            origin: element.origin(),
        });
    }

    /// What stands in an `<avp>`.
    fn body(&mut self, element: Element<'_, '_>, name: Option<&Name>) -> Option<Body> {
        let mut types: Vec<Name> = Vec::new();
        let mut members = GrammarDeclaration::default();
        let mut enumerators = Vec::new();
        for child in element.children() {
            match child.tag() {
                "type" => {
                    child.known(&["type-name"], self.report);
                    types.push(child.name("type-name", self.report)?);
                }
                "grouped" => {
                    self.members(child, &mut members);
                    if !types.iter().any(|held| held == "Grouped") {
                        types.push(Name::Borrowed("Grouped"));
                    }
                }
                "enum" => {
                    child.known(&["name", "code"], self.report);
                    let value = child.signed("code", self.report);
                    let name = child.name("name", self.report);
                    enumerators.extend(value.zip(name).map(|(value, name)| Enumerator { value, name }));
                }
                _ => child.unexpected("<avp>", &["type", "grouped", "enum"], self.report),
            }
        }
        let avp = || name.map_or_else(String::new, |name| name.clone().into_owned());
        let mut types = types.into_iter();
        let Some(data_type) = types.next() else {
            let allowed = "<type> or <grouped>";
            self.report.fault(element.origin(), Cause::NoType { avp: avp(), allowed });
            return None;
        };
        if types.next().is_some() {
            self.report.fault(element.origin(), Cause::SecondType { avp: avp() });
            return None;
        }
        Some(Body { data_type, members, enumerators })
    }

    fn members(&mut self, grouped: Element<'_, '_>, members: &mut GrammarDeclaration) {
        for member in grouped.children() {
            if member.tag() != "gavp" {
                member.unexpected("<grouped>", &["gavp"], self.report);
                continue;
            }
            member.known(&["name"], self.report);
            if let Some(name) = member.name("name", self.report) {
                let (kind, origin) = (RuleKind::Optional, member.origin());
                members.rules.push(RuleDeclaration { name, kind, min: 0, max: None, origin });
            }
        }
    }
}

/// The inside of an AVP.
struct Body {
    data_type: Name,
    members: GrammarDeclaration,
    enumerators: Vec<Enumerator>,
}

/// The vendor of an AVP: its own, else that of the `<vendor>` around it.
fn vendor(element: Element<'_, '_>, scope: &Scope) -> VendorRef {
    let word = match (element.attribute("vendor-id"), scope) {
        (Some(word), _) => Name::Owned(word.to_owned()),
        (None, Scope::Vendor(word)) => word.clone(),
        (None, Scope::File | Scope::Dictionary | Scope::Application(_)) => return VendorRef::Code(0),
    };
    match word.parse() {
        Ok(code) => VendorRef::Code(code),
        Err(_) if is_none(&word) => VendorRef::Code(0),
        Err(_) => VendorRef::Word(word),
    }
}

/// Wireshark's word for no vendor.
fn is_none(word: &str) -> bool {
    word.eq_ignore_ascii_case("None")
}
