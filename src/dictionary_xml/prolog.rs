//! What the XML parser must not see: the document type declaration and references to entities.
//!
//! Both are found by their markup, kept as values, and overwritten with blanks, so that every other octet
//! stays where it was. The parser then knows no entity at all but those that XML has of itself.

use std::ops::Range;

use super::finding::Cause;
use super::limits::MAX_REFERENCES;

/// A file that the document type declaration gives a name: `<!ENTITY name SYSTEM "file">`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entity {
    /// The name.
    pub(super) name: String,
    /// The file, as it is written.
    pub(super) file: String,
    /// Where the declaration stands, in octets.
    pub(super) offset: usize,
}

/// A place where an entity is to be taken in: `&name;`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reference {
    /// The name.
    pub(super) name: String,
    /// Where, in octets.
    pub(super) offset: usize,
}

/// A file's text without what the parser must not see, and what that was.
#[derive(Debug, Default)]
pub(super) struct Prolog {
    /// The text, as long as before.
    pub(super) body: String,
    /// The entities of the document type declaration, in order.
    pub(super) entities: Vec<Entity>,
    /// The references, in order.
    pub(super) references: Vec<Reference>,
    /// Where the document type declaration is.
    pub(super) doctype: Option<usize>,
    /// What is wrong, with the place in octets.
    pub(super) faults: Vec<(usize, Cause)>,
}

/// Takes the document type declaration, the XML declaration and all references out of a text.
pub(super) fn scan(text: &str) -> Prolog {
    let mut scanner = Scanner { text, at: 0, blanks: Vec::new(), prolog: Prolog::default() };
    scanner.document();
    let Scanner { blanks, mut prolog, .. } = scanner;
    prolog.body = blank(text, &blanks);
    prolog
}

/// The text with blanks in some places; lines stay lines.
fn blank(text: &str, blanks: &[Range<usize>]) -> String {
    let mut body = String::with_capacity(text.len());
    let mut from = 0;
    for range in blanks {
        body.push_str(text.get(from..range.start).unwrap_or_default());
        for letter in text.get(range.clone()).unwrap_or_default().chars() {
            match letter {
                '\n' | '\r' | '\t' => body.push(letter),
                _ => body.extend(std::iter::repeat_n(' ', letter.len_utf8())),
            }
        }
        from = range.end;
    }
    body.push_str(text.get(from..).unwrap_or_default());
    body
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    blanks: Vec<Range<usize>>,
    prolog: Prolog,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, octets: usize) {
        self.at = self.at.saturating_add(octets).min(self.text.len());
    }

    /// Goes behind the next `end`, or to the end of the text, where the parser will miss it.
    fn skip_past(&mut self, end: &str) {
        let octets = self.rest().find(end).map_or(self.rest().len(), |found| found.saturating_add(end.len()));
        self.skip(octets);
    }

    /// Goes behind the `>` that ends the markup here, leaving out those in quotes.
    fn skip_markup(&mut self) {
        let mut quote = None;
        let end = self.rest().char_indices().find(|(_, letter)| match (quote, letter) {
            (None, '>') => true,
            (None, '"' | '\'') => {
                quote = Some(*letter);
                false
            }
            (Some(open), letter) if open == *letter => {
                quote = None;
                false
            }
            _ => false,
        });
        let octets = end.map_or(self.rest().len(), |(at, _)| at.saturating_add(1));
        self.skip(octets);
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.skip(rest.len().saturating_sub(rest.trim_ascii_start().len()));
    }

    fn fault(&mut self, offset: usize, cause: Cause) {
        self.prolog.faults.push((offset, cause));
    }

    fn document(&mut self) {
        if self.rest().starts_with("<?xml") {
            self.skip_past("?>");
            self.blanks.push(0..self.at);
            self.encoding();
        }
        while let Some(found) = self.rest().find(['<', '&']) {
            self.skip(found);
            let rest = self.rest();
            if rest.starts_with("<!--") {
                self.skip(4);
                self.skip_past("-->");
            } else if rest.starts_with("<![CDATA[") {
                self.skip_past("]]>");
            } else if rest.starts_with("<?") {
                self.skip_past("?>");
            } else if rest.starts_with("<!DOCTYPE") {
                self.doctype();
            } else if rest.starts_with('&') {
                self.reference();
            } else {
                self.skip_markup();
            }
        }
    }

    fn encoding(&mut self) {
        let declaration = self.text.get(..self.at).unwrap_or_default();
        let Some((_, value)) = declaration.split_once("encoding") else { return };
        let mut parts = value.split(['"', '\'']);
        let found = parts.nth(1).unwrap_or_default();
        let read = ["utf-8", "us-ascii", "ascii"];
        if !read.iter().any(|name| name.eq_ignore_ascii_case(found)) {
            self.fault(0, Cause::Encoding { found: found.to_owned() });
        }
    }

    /// `&name;`; character references and those of XML itself stay for the parser, malformed ones as well.
    fn reference(&mut self) {
        let offset = self.at;
        self.skip(1);
        let Some((name, _)) = self.rest().split_once(';') else { return };
        let own = ["amp", "lt", "gt", "quot", "apos"].contains(&name);
        if own || !is_name(name) {
            return;
        }
        self.skip(name.len().saturating_add(1));
        self.blanks.push(offset..self.at);
        if self.prolog.references.len() < MAX_REFERENCES {
            self.prolog.references.push(Reference { name: name.to_owned(), offset });
        } else if self.prolog.references.len() == MAX_REFERENCES {
            self.fault(offset, Cause::TooManyReferences);
            // The rest is as wrong as this one and need not be told.
            self.prolog.references.push(Reference { name: name.to_owned(), offset });
        }
    }

    fn doctype(&mut self) {
        let offset = self.at;
        self.prolog.doctype.get_or_insert(offset);
        // The external subset (Wireshark's dictionary.dtd) is not read: attributes have their defaults here.
        let mut quote = None;
        let subset = self.rest().char_indices().find(|(_, letter)| match (quote, letter) {
            (None, '[' | '>') => true,
            (None, '"' | '\'') => {
                quote = Some(*letter);
                false
            }
            (Some(open), letter) if open == *letter => {
                quote = None;
                false
            }
            _ => false,
        });
        let Some((found, opener)) = subset else {
            self.fault(offset, Cause::Doctype);
            self.skip(self.rest().len());
            return;
        };
        self.skip(found.saturating_add(1));
        if opener == '[' {
            self.subset();
        }
        self.blanks.push(offset..self.at);
    }

    /// The internal subset, up to and with `]>`.
    fn subset(&mut self) {
        loop {
            self.skip_space();
            let rest = self.rest();
            if rest.starts_with("<!--") {
                self.skip(4);
                self.skip_past("-->");
            } else if rest.starts_with("<?") {
                self.skip_past("?>");
            } else if rest.starts_with("<!ENTITY") {
                self.entity();
            } else if ["<!ELEMENT", "<!ATTLIST", "<!NOTATION"].iter().any(|word| rest.starts_with(word)) {
                self.skip_markup();
            } else if rest.starts_with('%') {
                self.fault(self.at, Cause::EntityKind);
                self.skip_past(";");
            } else if rest.starts_with(']') {
                self.skip_past(">");
                return;
            } else {
                self.fault(self.at, Cause::Doctype);
                self.skip_past("]");
                self.skip_past(">");
                return;
            }
        }
    }

    fn entity(&mut self) {
        let offset = self.at;
        self.skip_markup();
        let declaration = self.text.get(offset..self.at).unwrap_or_default();
        match entity(declaration, offset) {
            // The first declaration of a name is the one that counts (XML 1.0 §4.2).
            Ok(entity) if self.prolog.entities.iter().any(|held| held.name == entity.name) => {}
            Ok(entity) => self.prolog.entities.push(entity),
            Err(cause) => self.fault(offset, cause),
        }
    }
}

/// One `<!ENTITY … >`.
fn entity(declaration: &str, offset: usize) -> Result<Entity, Cause> {
    let inside = declaration.strip_prefix("<!ENTITY").and_then(|rest| rest.strip_suffix('>'));
    let inside = inside.ok_or(Cause::Doctype)?.trim_ascii();
    let (name, value) =
        inside.split_once(|letter: char| letter.is_ascii_whitespace()).ok_or(Cause::Doctype)?;
    if name == "%" {
        return Err(Cause::EntityKind);
    }
    if !is_name(name) {
        return Err(Cause::Doctype);
    }
    let value = value.trim_ascii();
    if value.starts_with(['"', '\'']) {
        return Err(Cause::InternalEntity { name: name.to_owned() });
    }
    let literal = value.strip_prefix("SYSTEM").ok_or(Cause::EntityKind)?.trim_ascii_start();
    let mut letters = literal.chars();
    let quote = letters.next().filter(|letter| ['"', '\''].contains(letter)).ok_or(Cause::Doctype)?;
    let (file, behind) = letters.as_str().split_once(quote).ok_or(Cause::Doctype)?;
    if !behind.trim_ascii().is_empty() {
        return Err(Cause::EntityKind);
    }
    Ok(Entity { name: name.to_owned(), file: file.to_owned(), offset })
}

/// Whether this may name an entity.
fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|letter| letter.is_alphabetic() || "_:".contains(letter));
    first && letters.all(|letter| letter.is_alphanumeric() || "_:.-".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, file: &str, offset: usize) -> Entity {
        Entity { name: name.into(), file: file.into(), offset }
    }

    #[test]
    fn entities_and_references_are_taken_out_and_all_else_stays_in_its_place() {
        let text = "<?xml version=\"1.0\"?>\n<!DOCTYPE d SYSTEM \"d.dtd\" [\n<!-- ' ] -->\n<!ENTITY a SYSTEM \"a.xml\">\n]>\n\
                    <d x='&lt;>'>&a;<!-- &b; --><e/>&amp;&#65;</d>";
        let prolog = scan(text);
        assert_eq!(prolog.body.len(), text.len());
        assert_eq!(prolog.body.lines().count(), text.lines().count());
        assert!(prolog.body.trim_start().starts_with("<d x='&lt;>'>   <!-- &b; --><e/>&amp;&#65;</d>"));
        assert_eq!(prolog.entities, [file("a", "a.xml", text.find("<!ENTITY").unwrap())]);
        let offset = text.find("&a;").unwrap();
        assert_eq!(prolog.references, [Reference { name: "a".into(), offset }]);
        assert_eq!(prolog.faults, []);
    }

    #[test]
    fn only_entities_that_are_files_are_let_through() {
        for (declaration, cause) in [
            ("<!ENTITY a \"text\">", Cause::InternalEntity { name: "a".into() }),
            ("<!ENTITY % a SYSTEM \"a\">", Cause::EntityKind),
            ("<!ENTITY a PUBLIC \"p\" \"a\">", Cause::EntityKind),
            ("<!ENTITY a SYSTEM \"a\" NDATA gif>", Cause::EntityKind),
            ("<!ENTITY a SYSTEM a>", Cause::Doctype),
            ("%a;", Cause::EntityKind),
            ("text", Cause::Doctype),
        ] {
            let prolog = scan(&format!("<!DOCTYPE d [{declaration}]><d/>"));
            assert_eq!(prolog.faults, [(13, cause)], "{declaration}");
            assert_eq!(prolog.entities, [], "{declaration}");
            assert_eq!(prolog.body.trim(), "<d/>", "{declaration}");
        }
    }

    #[test]
    fn another_encoding_is_refused() {
        let prolog = scan("<?xml version='1.0' encoding='ISO-8859-1'?><d/>");
        assert_eq!(prolog.faults, [(0, Cause::Encoding { found: "ISO-8859-1".into() })]);
        assert_eq!(scan("<?xml version='1.0' encoding='utf-8'?><d/>").faults, []);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_scanned_to_its_end(text in "[<>!&;%\\[\\]\"' aDOCTYPENI?x-]{0,60}") {
            let prolog = scan(&text);
            proptest::prop_assert_eq!(prolog.body.len(), text.len());
        }
    }
}
