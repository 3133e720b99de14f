//! Lines and words of a scenario file, each with its place.

use std::fmt;
use std::path::Path;

/// A place in a file: line and column, both from 1; columns count letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Something is not as it should be: a file that is written wrongly, or an expectation that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mistake {
    pub(crate) at: At,
    pub(crate) message: String,
}

impl Mistake {
    pub(crate) fn new(at: At, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// An expectation that does not hold.
    pub(crate) fn unlike(at: At, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self::new(at, format!("expected {expected}, found {found}"))
    }

    /// The mistake with its file and line, as a person wants to see it.
    pub(crate) fn shown(&self, path: &Path, text: &str) -> String {
        let At { line, column } = self.at;
        let source = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let mark = " ".repeat(column.saturating_sub(1));
        format!(
            "{}:{line}:{column}: {}\n{line:>5} | {source}\n      | {mark}^",
            path.display(),
            self.message.replace('\n', "\n        ")
        )
    }
}

pub(crate) type Read<T> = Result<T, Mistake>;

/// A word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) at: At,
    /// It stood between quotation marks.
    pub(crate) quoted: bool,
}

/// A line that says something.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) words: Vec<Word>,
    /// Letters before the first word.
    pub(crate) indent: usize,
    pub(crate) number: usize,
    /// Where it ends.
    pub(crate) end: At,
}

/// Cuts a line into words. A `#` that begins a word begins a comment; a comma behind a word separates and is left out;
/// what stands between quotation marks is one word.
pub(crate) fn words(number: usize, text: &str) -> Read<Line> {
    let letters: Vec<char> = text.chars().collect();
    let (mut words, mut next) = (Vec::new(), 0);
    let indent = letters.iter().take_while(|letter| letter.is_whitespace()).count();
    if let Some(tab) = letters.iter().position(|letter| *letter == '\t') {
        return Err(Mistake::new(At { line: number, column: tab + 1 }, "a tab: write blanks"));
    }
    loop {
        while letters.get(next).is_some_and(|letter| letter.is_whitespace() || *letter == ',') {
            next += 1;
        }
        let at = At { line: number, column: next + 1 };
        match letters.get(next) {
            None | Some('#') => return Ok(Line { words, indent, number, end: at }),
            Some('"') => {
                let rest = &letters[next + 1..];
                let Some(length) = rest.iter().position(|letter| *letter == '"') else {
                    return Err(Mistake::new(
                        at,
                        "expected a closing quotation mark, found the end of the line",
                    ));
                };
                words.push(Word { text: rest[..length].iter().collect(), at, quoted: true });
                next += length + 2;
            }
            Some(_) => {
                let rest = &letters[next..];
                let length = rest.iter().position(|letter| letter.is_whitespace()).unwrap_or(rest.len());
                let text: String = rest[..length].iter().collect();
                let text = text.trim_end_matches(',').to_owned();
                words.push(Word { text, at, quoted: false });
                next += length;
            }
        }
    }
}

/// Words read one after another.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    words: &'a [Word],
    end: At,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(words: &'a [Word], end: At) -> Self {
        Self { words, end }
    }

    /// Where the next word stands.
    pub(crate) fn at(&self) -> At {
        self.words.first().map_or(self.end, |word| word.at)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.words.is_empty()
    }

    /// The next word, left where it is.
    pub(crate) fn peek(&self) -> Option<&'a str> {
        self.words.first().filter(|word| !word.quoted).map(|word| word.text.as_str())
    }

    /// The next word; `what` says what should stand there.
    pub(crate) fn word(&mut self, what: &str) -> Read<&'a Word> {
        let (first, rest) = self
            .words
            .split_first()
            .ok_or_else(|| Mistake::new(self.end, format!("expected {what}, found the end of the line")))?;
        self.words = rest;
        Ok(first)
    }

    /// Takes the next word where it is this one.
    pub(crate) fn takes(&mut self, word: &str) -> bool {
        let is = self.peek() == Some(word);
        if is {
            self.words = &self.words[1..];
        }
        is
    }

    /// Takes the next words where they are these.
    pub(crate) fn takes_all(&mut self, words: &[&str]) -> bool {
        let are = words.len() <= self.words.len()
            && words.iter().zip(self.words).all(|(word, found)| !found.quoted && found.text == *word);
        if are {
            self.words = &self.words[words.len()..];
        }
        are
    }

    /// The words up to a mark, and those behind it where it is there.
    pub(crate) fn split(&self, mark: &str) -> (Self, Option<Self>) {
        match self.words.iter().position(|word| !word.quoted && word.text == mark) {
            Some(place) => {
                let before = Self { words: &self.words[..place], end: self.words[place].at };
                (before, Some(Self { words: &self.words[place + 1..], end: self.end }))
            }
            None => (self.clone(), None),
        }
    }

    /// All words that are left.
    pub(crate) fn rest(&mut self) -> &'a [Word] {
        std::mem::take(&mut self.words)
    }
}
