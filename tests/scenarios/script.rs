//! A scenario file, read: nothing is run before all of it is understood.

use std::time::Duration;

use clap::CommandFactory as _;
use gyro::cli::Cli;

use crate::answer::Expected;
use crate::gateway::Ask;
use crate::lex::{At, Cursor, Line, Mistake, Read, words};
use crate::values::{self, Moment};
use crate::{books, command};

/// A file of scenarios.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) scenarios: Vec<Scenario>,
}

/// One scenario.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) title: String,
    pub(crate) at: At,
    pub(crate) steps: Vec<(At, Step)>,
}

/// Where a tariff comes from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Tariff {
    /// A file of the repository.
    File(String),
    /// The text itself.
    Text(String),
}

/// One line of a scenario.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Tariff(Tariff),
    /// A file that commands name as `file:NAME`.
    File(String, String),
    Command {
        words: Vec<String>,
        claims: Vec<(At, command::Claim)>,
    },
    /// A subscriber that is there from the start.
    Given {
        number: String,
        words: Vec<String>,
    },
    At(Moment),
    Later(Duration),
    /// The power is cut and comes back, after so long.
    Restart(Duration),
    Ask(Box<Ask>, Expected),
    /// The last command once more, under its key.
    CommandAgain {
        words: Vec<String>,
        claims: Vec<(At, command::Claim)>,
    },
    /// The last request once more, or the last of that session.
    Again(Option<String>, Expected),
    Expect(Vec<(At, books::Claim)>),
    /// An invoice of that number's account is unpaid since then.
    Unpaid(String, Option<Moment>),
    /// An operator says that the clock is right.
    ClockIsRight,
}

const STEPS: &str = "scenario:, tariff:, given:, file, at, later, restart, unpaid, clock, gyro, again, expect:, or a \
                     number with a service and a verb, like `77010000001 voice start`";

impl Script {
    pub(crate) fn read(text: &str) -> Read<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let mut reader = Reader { lines: &lines, next: 0, tariff: None, scenarios: Vec::new() };
        while reader.next < lines.len() {
            reader.line()?;
        }
        let Reader { scenarios, .. } = reader;
        if scenarios.is_empty() {
            let at = At { line: lines.len().max(1), column: 1 };
            return Err(Mistake::unlike(at, "a scenario", "the end of the file"));
        }
        if let Some(empty) = scenarios.iter().find(|scenario| !scenario.expects()) {
            return Err(Mistake::new(empty.at, "this scenario expects nothing"));
        }
        Ok(Self { scenarios })
    }
}

impl Scenario {
    fn expects(&self) -> bool {
        self.steps.iter().any(|(_, step)| match step {
            Step::Expect(_)
            | Step::Ask(_, Expected::Answer { .. })
            | Step::Again(_, Expected::Answer { .. }) => true,
            Step::Command { claims, .. } | Step::CommandAgain { claims, .. } => !claims.is_empty(),
            _ => false,
        })
    }
}

struct Reader<'a> {
    lines: &'a [&'a str],
    next: usize,
    /// The tariff of the file, for scenarios that name none.
    tariff: Option<(At, Tariff)>,
    scenarios: Vec<Scenario>,
}

impl Reader<'_> {
    fn line(&mut self) -> Read<()> {
        let line = words(self.next + 1, self.lines[self.next])?;
        self.next += 1;
        let Some(first) = line.words.first() else { return Ok(()) };
        let mut cursor = Cursor::new(&line.words, line.end);
        let at = first.at;
        if cursor.takes("scenario:") {
            let title = self.lines[line.number - 1].trim().trim_start_matches("scenario:").trim().to_owned();
            if title.is_empty() {
                return Err(Mistake::unlike(line.end, "what the scenario shows", "the end of the line"));
            }
            if self.scenarios.iter().any(|other| other.title == title) {
                return Err(Mistake::new(at, format!("the file has a scenario {title:?} already")));
            }
            let steps = self.tariff.iter().map(|(at, tariff)| (*at, Step::Tariff(tariff.clone()))).collect();
            self.scenarios.push(Scenario { title, at, steps });
            return Ok(());
        }
        let step = self.step(&line, &mut cursor)?;
        match (self.scenarios.last_mut(), step) {
            (Some(scenario), step) => scenario.steps.push((at, step)),
            (None, Step::Tariff(tariff)) => self.tariff = Some((at, tariff)),
            (None, _) => {
                return Err(Mistake::unlike(at, "scenario: or tariff:", format_args!("{:?}", first.text)));
            }
        }
        Ok(())
    }

    fn step(&mut self, line: &Line, cursor: &mut Cursor<'_>) -> Read<Step> {
        let at = cursor.at();
        if books::names_number(&line.words[0]) {
            return request(cursor);
        }
        let word = cursor.word(STEPS)?;
        let step = match word.text.as_str() {
            "tariff:" if cursor.is_done() => Step::Tariff(Tariff::Text(self.block(line)?)),
            "tariff:" => Step::Tariff(Tariff::File(cursor.word("a file")?.text.clone())),
            "file" => {
                let name = cursor.word("the name of the file, with a colon behind it")?;
                let Some(plain) = name.text.strip_suffix(':') else {
                    return Err(Mistake::unlike(
                        name.at,
                        "a name with a colon behind it",
                        format_args!("{:?}", name.text),
                    ));
                };
                if plain.is_empty() || plain.contains(['/', '\\']) {
                    return Err(Mistake::unlike(
                        name.at,
                        "the plain name of a file",
                        format_args!("{plain:?}"),
                    ));
                }
                Step::File(plain.into(), self.block(line)?)
            }
            "given:" => given(cursor)?,
            "at" => Step::At(values::moment(cursor)?),
            "later" => Step::Later(values::span(cursor)?),
            "restart" if cursor.takes("after") => Step::Restart(values::span(cursor)?),
            "restart" => Step::Restart(Duration::ZERO),
            "unpaid" => {
                let number = cursor.word("a number")?.text.clone();
                let since = if cursor.takes("nothing") {
                    None
                } else if cursor.takes("since") {
                    Some(values::moment(cursor)?)
                } else {
                    return Err(Mistake::new(cursor.at(), "expected `since DATE` or `nothing`"));
                };
                Step::Unpaid(number, since)
            }
            "clock" if cursor.takes_all(&["is", "right"]) => Step::ClockIsRight,
            "gyro" => {
                let (before, behind) = cursor.split("->");
                *cursor = Cursor::new(&[], line.end);
                operators(at, before, behind)?
            }
            "again" => {
                let (mut before, behind) = cursor.split("->");
                *cursor = Cursor::new(&[], line.end);
                let session =
                    if before.takes("session") { Some(before.word("a session")?.text.clone()) } else { None };
                finished(&before)?;
                let steps = self.scenarios.last().map_or(&[][..], |scenario| &scenario.steps);
                let last = steps.iter().rev().find_map(|(_, step)| match step {
                    Step::Command { words, .. } => Some(Some(words.clone())),
                    Step::Ask(..) => Some(None),
                    _ => None,
                });
                if let (Some(Some(words)), None) = (last, &session) {
                    let claims = behind.map_or(Ok(Vec::new()), command::read)?;
                    return Ok(Step::CommandAgain { words, claims });
                }
                let expected = behind.map_or(Ok(Expected::success(at)), Expected::read)?;
                Step::Again(session, expected)
            }
            "expect:" => {
                let claims = books::read(cursor.clone())?;
                cursor.rest();
                Step::Expect(claims)
            }
            other => {
                return Err(Mistake::unlike(
                    word.at,
                    format_args!("one of {STEPS}"),
                    format_args!("{other:?}"),
                ));
            }
        };
        finished(cursor)?;
        Ok(step)
    }

    /// The lines that stand deeper than this one, without what they have in common before them.
    fn block(&mut self, above: &Line) -> Read<String> {
        let indent = |line: &str| line.chars().take_while(|letter| *letter == ' ').count();
        let rest = &self.lines[self.next..];
        let length = rest.iter().position(|line| !line.trim().is_empty() && indent(line) <= above.indent);
        let block = &rest[..length.unwrap_or(rest.len())];
        let common = block.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min();
        let Some(common) = common else {
            return Err(Mistake::unlike(above.end, "lines below that stand deeper", "none"));
        };
        self.next += block.len();
        let mut text = String::new();
        for line in block {
            text.push_str(line.get(common..).unwrap_or_default());
            text.push('\n');
        }
        Ok(text)
    }
}

fn finished(cursor: &Cursor<'_>) -> Read<()> {
    match cursor.clone().rest().first() {
        None => Ok(()),
        Some(word) => Err(Mistake::unlike(word.at, "the end of the line", format_args!("{:?}", word.text))),
    }
}

fn request(cursor: &mut Cursor<'_>) -> Read<Step> {
    let at = cursor.at();
    let (before, behind) = cursor.split("->");
    cursor.rest();
    let ask = Ask::read(before)?;
    let expected = behind.map_or(Ok(Expected::success(at)), Expected::read)?;
    Ok(Step::Ask(Box::new(ask), expected))
}

/// `given: NUMBER plan P balance B …`: the options of `gyro subscriber add` without their dashes.
fn given(cursor: &mut Cursor<'_>) -> Read<Step> {
    let what = "a number of 5 to 15 digits";
    let number = cursor.word(what)?;
    if !books::names_number(number) {
        return Err(Mistake::unlike(number.at, what, format_args!("{:?}", number.text)));
    }
    let command = Cli::command();
    let add = command.find_subcommand("subscriber").and_then(|of| of.find_subcommand("add")).unwrap();
    let ours = ["admin", "data", "tariffs", "operator", "output", "help"];
    let options: Vec<&str> = add
        .get_arguments()
        .filter_map(|option| option.get_long())
        .filter(|name| !ours.contains(name))
        .collect();
    let mut words: Vec<String> = ["gyro", "subscriber", "add"].map(Into::into).into();
    words.push(number.text.clone());
    let known = format!("one of {}", options.join(", "));
    while !cursor.is_done() {
        let option = cursor.word(&known)?;
        if option.quoted || !options.contains(&option.text.as_str()) {
            return Err(Mistake::unlike(option.at, known, format_args!("{:?}", option.text)));
        }
        let value = cursor.word(&format!("the {}", option.text))?;
        words.push(format!("--{}={}", option.text, value.text));
    }
    understood(number.at, &words)?;
    Ok(Step::Given { number: number.text.clone(), words })
}

fn operators(at: At, mut before: Cursor<'_>, behind: Option<Cursor<'_>>) -> Read<Step> {
    let mut words = vec!["gyro".to_owned()];
    words.extend(before.rest().iter().map(|word| word.text.clone()));
    let claims = behind.map_or(Ok(Vec::new()), command::read)?;
    if command::wants_json(&claims) && !words.iter().any(|word| word.starts_with("--output")) {
        words.push("--output=json".into());
    }
    understood(at, &words)?;
    Ok(Step::Command { words, claims })
}

/// A command line that `gyro` would not take is a mistake of the file.
fn understood(at: At, words: &[String]) -> Read<()> {
    match Cli::command().try_get_matches_from(words) {
        Ok(_) => Ok(()),
        Err(error) => Err(Mistake::new(at, format!("gyro does not take this: {}", error.to_string().trim()))),
    }
}
