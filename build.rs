//! Turns `dictionaries/*.xml` into the static tables that `diameter::dictionary::builtin` is made of, so
//! that the protocol ring needs no XML. It reads the form in which our own files are written and refuses
//! everything else; a test compares the result with what the run-time reader makes of the same files.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use roxmltree::{Document, Node};

/// The files, in the order in which they build on each other.
const FILES: [&str; 4] = ["base.xml", "credit-control.xml", "3gpp-charging.xml", "sy.xml"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("dictionaries");
    let mut out = io::stdout();
    writeln!(out, "cargo::rerun-if-changed=build.rs")?;
    let mut vendors = BTreeMap::from([("None".to_owned(), 0)]);
    let mut code = String::from("pub(super) static SOURCES: &[StaticSource] = &[\n");
    for file in FILES {
        let path = folder.join(file);
        writeln!(out, "cargo::rerun-if-changed={}", path.display())?;
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let document = Document::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut source = Tables { path: &path, vendors: &mut vendors, sections: Sections::default() };
        source.dictionary(document.root_element())?;
        source.sections.write(&mut code)?;
    }
    code.push_str("];\n");
    let target = PathBuf::from(env::var("OUT_DIR")?).join("dictionary.rs");
    fs::write(target, code)?;
    Ok(())
}

/// The rows of one file, as Rust.
#[derive(Default)]
struct Sections {
    applications: String,
    vendors: String,
    commands: String,
    avps: String,
}

impl Sections {
    fn write(&self, code: &mut String) -> Result<()> {
        let Self { applications, vendors, commands, avps } = self;
        writeln!(code, "StaticSource {{ applications: &[{applications}], vendors: &[{vendors}],")?;
        writeln!(code, "commands: &[{commands}], avps: &[{avps}] }},")?;
        Ok(())
    }
}

/// The reader of one file.
struct Tables<'a> {
    path: &'a Path,
    /// The words of all vendors so far.
    vendors: &'a mut BTreeMap<String, u32>,
    sections: Sections,
}

impl Tables<'_> {
    fn dictionary(&mut self, root: Node<'_, '_>) -> Result<()> {
        if !root.has_tag_name("dictionary") {
            return Err(self.unexpected(root));
        }
        for node in root.children().filter(Node::is_element) {
            match node.tag_name().name() {
                "base" => self.application(node, 0, "Diameter Common Messages")?,
                "application" => {
                    let (id, name) = (self.number(node, "id")?, self.text(node, "name")?.to_owned());
                    self.application(node, id, &name)?;
                }
                "vendor" => self.vendor(node)?,
                _ => return Err(self.unexpected(node)),
            }
        }
        Ok(())
    }

    fn application(&mut self, node: Node<'_, '_>, id: u32, name: &str) -> Result<()> {
        writeln!(self.sections.applications, "({id}, {name:?}),")?;
        for child in node.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "command" => self.command(child, id)?,
                "avp" => self.avp(child)?,
                // Named types matter to files that use them; ours use the names of the standard.
                "typedefn" => {}
                _ => return Err(self.unexpected(child)),
            }
        }
        Ok(())
    }

    fn vendor(&mut self, node: Node<'_, '_>) -> Result<()> {
        let (word, code) = (self.text(node, "vendor-id")?.to_owned(), self.number(node, "code")?);
        writeln!(self.sections.vendors, "({code}, {word:?}, {:?}),", self.text(node, "name")?)?;
        self.vendors.insert(word, code);
        for child in node.children().filter(Node::is_element) {
            if !child.has_tag_name("avp") {
                return Err(self.unexpected(child));
            }
            self.avp(child)?;
        }
        Ok(())
    }

    fn command(&mut self, node: Node<'_, '_>, application: u32) -> Result<()> {
        let mut grammars = [String::new(), String::new()];
        for side in node.children().filter(Node::is_element) {
            let [request, answer] = &mut grammars;
            let rules = match side.tag_name().name() {
                "requestrules" => request,
                "answerrules" => answer,
                _ => return Err(self.unexpected(side)),
            };
            for group in side.children().filter(Node::is_element) {
                let kind = match group.tag_name().name() {
                    "fixed" => "Fixed",
                    "required" => "Required",
                    "optional" => "Optional",
                    _ => return Err(self.unexpected(group)),
                };
                for rule in group.children().filter(Node::is_element) {
                    let (name, min) = (self.text(rule, "name")?, self.number(rule, "minimum")?);
                    let max = match self.text(rule, "maximum")? {
                        "none" => "None".to_owned(),
                        _ => format!("Some({})", self.number(rule, "maximum")?),
                    };
                    write!(rules, "({name:?}, RuleKind::{kind}, {min}, {max}),")?;
                }
            }
        }
        let [request, answer] = grammars;
        let (name, short) = (self.text(node, "name")?, self.text(node, "short")?);
        let (code, proxiable) = (self.number(node, "code")?, self.text(node, "pbit")? == "1");
        writeln!(
            self.sections.commands,
            "StaticCommand {{ application: {application}, code: {code}, name: {name:?}, short: {short:?}, \
             proxiable: {proxiable}, request: &[{request}], answer: &[{answer}] }},"
        )?;
        Ok(())
    }

    fn avp(&mut self, node: Node<'_, '_>) -> Result<()> {
        let (name, code) = (self.text(node, "name")?, self.number(node, "code")?);
        let word = node.attribute("vendor-id").unwrap_or("None");
        let vendor = self.vendors.get(word).ok_or_else(|| self.fault(node, "vendor-id names no vendor"))?;
        let mandatory = self.flag(node, "mandatory")?;
        let vendor_bit = self.flag(node, "vendor-bit")?;
        let (mut data_type, mut members, mut values) = ("Grouped", String::new(), String::new());
        for child in node.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "type" => data_type = self.text(child, "type-name")?,
                "grouped" => {
                    for member in child.children().filter(Node::is_element) {
                        write!(members, "{:?},", self.text(member, "name")?)?;
                    }
                }
                "enum" => {
                    let value: i64 = self.text(child, "code")?.parse()?;
                    write!(values, "({value}, {:?}),", self.text(child, "name")?)?;
                }
                _ => return Err(self.unexpected(child)),
            }
        }
        writeln!(
            self.sections.avps,
            "StaticAvp {{ name: {name:?}, code: {code}, vendor: {vendor}, data_type: {data_type:?}, mandatory: \
             FlagRule::{mandatory}, vendor_bit: FlagRule::{vendor_bit}, members: &[{members}], values: \
             &[{values}] }},"
        )?;
        Ok(())
    }

    fn flag(&self, node: Node<'_, '_>, name: &str) -> Result<&'static str> {
        match self.text(node, name)? {
            "must" => Ok("Must"),
            "may" => Ok("May"),
            "shouldnot" => Ok("ShouldNot"),
            "mustnot" => Ok("MustNot"),
            _ => Err(self.fault(node, name)),
        }
    }

    fn text<'a>(&self, node: Node<'a, '_>, name: &str) -> Result<&'a str> {
        node.attribute(name).ok_or_else(|| self.fault(node, &format!("attribute {name} is missing")))
    }

    fn number(&self, node: Node<'_, '_>, name: &str) -> Result<u32> {
        let text = self.text(node, name)?;
        text.parse().map_err(|_| self.fault(node, &format!("{name}=\"{text}\" is no number")))
    }

    fn unexpected(&self, node: Node<'_, '_>) -> Box<dyn Error> {
        self.fault(node, &format!("<{}> is not expected here", node.tag_name().name()))
    }

    fn fault(&self, node: Node<'_, '_>, text: &str) -> Box<dyn Error> {
        let at = node.document().text_pos_at(node.range().start);
        format!("{}:{}:{}: {text}", self.path.display(), at.row, at.col).into()
    }
}
