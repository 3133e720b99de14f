//! What a source file imports: every `use` and every path, with the module it stands in, and
//! whether it is test code. Works on tokens, so paths inside of macros count as well.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path of modules from the root of the crate.
pub(crate) type Module = Vec<String>;

/// A source file: its module, the name to show, and its text.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) module: Module,
    pub(crate) text: String,
}

impl File {
    /// The file at a path below `src`.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let stem = path.trim_end_matches(".rs");
        let mut module: Module = stem.split('/').map(str::to_owned).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            module.pop();
        }
        Self { name: path.to_owned(), module, text: text.to_owned() }
    }
}

/// Where an import leads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Target {
    /// Into this crate: the path from its root.
    Inside(Vec<String>),
    /// Out of it: the crate and the path in it.
    Outside(Vec<String>),
}

/// One import.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) file: String,
    pub(crate) module: Module,
    pub(crate) test: bool,
    pub(crate) target: Target,
}

/// Everything that was found in the source.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) imports: Vec<Import>,
    /// Every module, by file or inside of one.
    pub(crate) modules: BTreeSet<Module>,
}

/// A path as it is written.
#[derive(Clone, Debug)]
struct Written {
    file: String,
    module: Module,
    test: bool,
    segments: Vec<String>,
    /// The name that a `use` gives it.
    bound: Option<String>,
    is_use: bool,
}

/// Reads files; `crates` are the names of outside crates, which tell a path to one from a path to a local
/// name. A file that cannot be read as tokens is told in the error.
pub(crate) fn scan(files: &[File], crates: &BTreeSet<String>) -> Result<Tree, String> {
    let mut walk = Walk::default();
    for file in files {
        let stream: TokenStream = file.text.parse().map_err(|error| format!("{}: {error}", file.name))?;
        walk.modules.insert(file.module.clone());
        walk.stream(stream, &Place { file: &file.name, module: file.module.clone(), test: false });
    }
    Ok(walk.finish(crates))
}

/// Where the walk is.
#[derive(Clone)]
struct Place<'a> {
    file: &'a str,
    module: Module,
    test: bool,
}

#[derive(Default)]
struct Walk {
    written: Vec<Written>,
    modules: BTreeSet<Module>,
    test_modules: BTreeSet<Module>,
}

impl Walk {
    fn stream(&mut self, stream: TokenStream, place: &Place<'_>) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        // Behind `#[cfg(test)]`, up to the end of the item.
        let mut pending = false;
        let mut at = 0;
        while at < tokens.len() {
            let here = Place { test: place.test || pending, ..place.clone() };
            match &tokens[at] {
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    let skip = if punct(tokens.get(at + 1), '!') { 2 } else { 1 };
                    if let Some(TokenTree::Group(group)) = tokens.get(at + skip) {
                        pending |= is_test(group);
                        self.stream(group.stream(), &here);
                        at += skip;
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => pending = false,
                TokenTree::Group(group) => {
                    self.stream(group.stream(), &here);
                    if group.delimiter() == Delimiter::Brace {
                        pending = false;
                    }
                }
                TokenTree::Ident(word) if word == "use" && !punct(tokens.get(at + 1), '<') => {
                    let end =
                        (at..tokens.len()).find(|end| punct(tokens.get(*end), ';')).unwrap_or(tokens.len());
                    self.use_tree(&tokens[at + 1..end], Vec::new(), &here);
                    at = end;
                    pending = false;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let (Some(TokenTree::Ident(name)), Some(next)) =
                        (tokens.get(at + 1), tokens.get(at + 2))
                    {
                        let mut module = place.module.clone();
                        module.push(name.to_string());
                        if here.test {
                            self.test_modules.insert(module.clone());
                        }
                        self.modules.insert(module.clone());
                        if let TokenTree::Group(body) = next {
                            self.stream(body.stream(), &Place { module, ..here });
                        }
                        pending = false;
                        at += 2;
                    }
                }
                TokenTree::Ident(_) => {
                    let (segments, next) = path(&tokens, at);
                    if segments.len() > 1 {
                        self.push(segments, None, false, &here);
                    }
                    at = next;
                    continue;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
    }

    /// One tree of a `use`, behind what stands before it.
    fn use_tree(&mut self, tokens: &[TokenTree], prefix: Vec<String>, place: &Place<'_>) {
        let mut segments = prefix;
        let mut bound = None;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    bound = tokens.get(at + 1).map(ToString::to_string);
                    at += 1;
                }
                TokenTree::Ident(word) => segments.push(word.to_string()),
                TokenTree::Punct(mark) if mark.as_char() == '*' => segments.push("*".to_owned()),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in inner.split(|token| punct(Some(token), ',')).filter(|part| !part.is_empty()) {
                        self.use_tree(part, segments.clone(), place);
                    }
                    return;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let bound = bound.or_else(|| segments.last().cloned());
        self.push(segments, bound, true, place);
    }

    fn push(&mut self, segments: Vec<String>, bound: Option<String>, is_use: bool, place: &Place<'_>) {
        let (file, module) = (place.file.to_owned(), place.module.clone());
        self.written.push(Written { file, module, test: place.test, segments, bound, is_use });
    }

    /// Turns what is written into where it leads.
    fn finish(self, crates: &BTreeSet<String>) -> Tree {
        let Self { written, modules, test_modules } = self;
        let names = Names::new(&written, &modules, crates);
        let in_tests = |module: &Module| test_modules.iter().any(|tests| module.starts_with(tests));
        let imports = written.iter().filter_map(|written| {
            Some(Import {
                file: written.file.clone(),
                module: written.module.clone(),
                test: written.test || in_tests(&written.module),
                target: names.target(&written.module, &written.segments, written.is_use)?,
            })
        });
        Tree { imports: imports.collect(), modules: modules.clone() }
    }
}

/// What names mean in which module.
struct Names<'a> {
    bound: BTreeMap<(&'a Module, &'a str), &'a [String]>,
    modules: &'a BTreeSet<Module>,
    crates: &'a BTreeSet<String>,
}

/// Most steps from one `use` to the next.
const MAX_STEPS: usize = 16;

impl<'a> Names<'a> {
    fn new(written: &'a [Written], modules: &'a BTreeSet<Module>, crates: &'a BTreeSet<String>) -> Self {
        let uses = written.iter().filter(|written| written.is_use && !written.test);
        let bound = uses.filter_map(|written| {
            let name = written.bound.as_deref().filter(|name| *name != "*" && *name != "_")?;
            Some(((&written.module, name), written.segments.as_slice()))
        });
        Self { bound: bound.collect(), modules, crates }
    }

    fn target(&self, module: &Module, segments: &[String], is_use: bool) -> Option<Target> {
        let target = self.start(module, segments, is_use, MAX_STEPS)?;
        Some(match target {
            Target::Inside(path) => self.through(path, MAX_STEPS),
            outside @ Target::Outside(_) => outside,
        })
    }

    fn start(&self, module: &Module, segments: &[String], is_use: bool, steps: usize) -> Option<Target> {
        let first = segments.first()?.as_str();
        match first {
            "crate" => return Some(Target::Inside(segments[1..].to_vec())),
            "self" | "super" => {
                let mut base = module.clone();
                let ups = segments.iter().take_while(|word| ["self", "super"].contains(&word.as_str()));
                let mut taken = 0;
                for word in ups {
                    if word == "super" {
                        base.pop();
                    }
                    taken += 1;
                }
                return Some(Target::Inside(
                    base.into_iter().chain(segments[taken..].iter().cloned()).collect(),
                ));
            }
            _ => {}
        }
        let child: Module = module.iter().cloned().chain([first.to_owned()]).collect();
        if self.modules.contains(&child) {
            return Some(Target::Inside(child.into_iter().chain(segments[1..].iter().cloned()).collect()));
        }
        let bound = self.bound.get(&(module, first)).filter(|bound| ***bound != *segments && steps > 0);
        if let Some(bound) = bound {
            let whole: Vec<String> = bound.iter().chain(&segments[1..]).cloned().collect();
            // A name that is bound to itself (`use jiff;`) leads out.
            if bound.first().is_some_and(|word| word != first) {
                return self.start(module, &whole, true, steps - 1);
            }
        }
        let lower = first.starts_with(|letter: char| letter.is_ascii_lowercase());
        let outside =
            ["std", "core", "alloc"].contains(&first) || self.crates.contains(first) || (is_use && lower);
        outside.then(|| Target::Outside(segments.to_vec()))
    }

    /// Follows names that a module only passes on (`pub use self::model::Name`), so that they count for where
    /// they come from.
    fn through(&self, path: Vec<String>, steps: usize) -> Target {
        for length in 0..path.len() {
            let (module, rest) = (path[..length].to_vec(), &path[length..]);
            let child: Module = path[..=length].to_vec();
            if !self.modules.contains(&module) || self.modules.contains(&child) {
                continue;
            }
            let Some(bound) = self.bound.get(&(&module, rest[0].as_str())) else { continue };
            let whole: Vec<String> = bound.iter().chain(&rest[1..]).cloned().collect();
            return match self.start(&module, &whole, true, steps) {
                Some(Target::Inside(next)) if steps > 0 && next != path => self.through(next, steps - 1),
                Some(Target::Inside(next)) => Target::Inside(next),
                // What comes from outside counts where it is imported; the way there leads to the module.
                Some(Target::Outside(_)) | None => Target::Inside(path),
            };
        }
        Target::Inside(path)
    }
}

/// The path that begins at a token, and the token behind it. No path begins behind a dot or a path.
fn path(tokens: &[TokenTree], from: usize) -> (Vec<String>, usize) {
    let mut segments = Vec::new();
    let mut at = from;
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        segments.push(word.to_string());
        if !(punct(tokens.get(at + 1), ':') && punct(tokens.get(at + 2), ':')) {
            return (segments, at + 1);
        }
        at += 3;
    }
    // Behind `::` stands no name (`::<`): the path ends with the name before.
    (segments, at)
}

fn punct(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == mark)
}

/// Whether an attribute is `cfg(test)`, or a `cfg` that asks for it among others.
fn is_test(attribute: &Group) -> bool {
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    let [TokenTree::Ident(word), TokenTree::Group(condition)] = tokens.as_slice() else { return false };
    let words: Vec<String> =
        condition.to_string().split(|letter: char| !letter.is_alphanumeric()).map(str::to_owned).collect();
    word == "cfg"
        && words.iter().any(|word| word == "test")
        && !words.iter().any(|word| word == "not" || word == "any")
}
