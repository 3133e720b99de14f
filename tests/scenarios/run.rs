//! A scenario, carried out.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use gyro::charging::units::Digits;
use gyro::cli::{Status, run_over};
use gyro::ro::cca::Cca;
use gyro::time::Timestamp;

use crate::answer::{self, Expected};
use crate::books;
use crate::command;
use crate::lex::{At, Mistake, Read};
use crate::script::{Scenario, Step, Tariff};
use crate::values::Moment;
use crate::world::{Prices, Way, World, prices};

/// 2026-01-01T09:00:00 in Almaty: where a scenario begins that says nothing of time.
const START: Timestamp = Timestamp::from_secs(1_767_240_000);

/// The tariff of scenarios that name none.
const FIRST: &str = "examples/tariffs/first.toml";

/// Carries out a scenario and audits its books at the end.
pub(crate) fn run(scenario: &Scenario) -> Read<()> {
    let mut stage = Stage {
        prices: None,
        begins: None,
        world: None,
        numbers: BTreeSet::new(),
        commands: 0,
        kept: BTreeMap::new(),
    };
    for (at, step) in &scenario.steps {
        stage.step(*at, step)?;
    }
    let last = scenario.steps.last().map_or(scenario.at, |(at, _)| *at);
    stage.audit(last)
}

/// What stands so far.
struct Stage {
    prices: Option<Prices>,
    begins: Option<Moment>,
    world: Option<Rc<RefCell<World>>>,
    numbers: BTreeSet<String>,
    commands: u64,
    /// Values that commands have printed, by their names.
    kept: BTreeMap<String, String>,
}

impl Stage {
    /// The world, which begins with the first step that needs it.
    fn world(&mut self, at: At) -> Read<Rc<RefCell<World>>> {
        if let Some(world) = &self.world {
            return Ok(Rc::clone(world));
        }
        let prices = match self.prices.take() {
            Some(prices) => prices,
            None => prices(&Tariff::File(FIRST.into())).map_err(|error| Mistake::new(at, error))?,
        };
        let now = self.begins.map(|moment| moment.in_zone(prices.catalogue.timezone())).transpose()?;
        let world = Rc::new(RefCell::new(World::start(prices, now.unwrap_or(START))));
        self.world = Some(Rc::clone(&world));
        Ok(world)
    }

    fn step(&mut self, at: At, step: &Step) -> Read<()> {
        match step {
            Step::Tariff(tariff) => {
                let read = prices(tariff).map_err(|error| Mistake::new(at, error))?;
                match &self.world {
                    Some(world) => world.borrow_mut().set_tariff(read),
                    None => self.prices = Some(read),
                }
            }
            Step::At(moment) if self.world.is_none() => self.begins = Some(*moment),
            Step::At(moment) => {
                let world = self.world(at)?;
                let mut world = world.borrow_mut();
                let to = moment.in_zone(world.catalogue().timezone())?;
                if to < world.now() {
                    let now = format!("{}, which is later", world.now());
                    return Err(Mistake::unlike(moment.at, "a time that is still to come", now));
                }
                world.pass_to(to);
            }
            Step::Later(span) => {
                let world = self.world(at)?;
                let mut world = world.borrow_mut();
                let to = world.now().plus(*span);
                world.pass_to(to);
            }
            Step::Restart(after) => {
                self.audit(at)?;
                self.world(at)?.borrow_mut().restart(*after);
            }
            Step::ClockIsRight => self.world(at)?.borrow_mut().confirm_clock(),
            Step::File(name, text) => {
                let world = self.world(at)?;
                let path = world.borrow().folder().join(name);
                std::fs::write(path, text).map_err(|error| Mistake::new(at, error.to_string()))?;
            }
            Step::Unpaid(number, since) => {
                let world = self.world(at)?;
                let mut world = world.borrow_mut();
                let zone = world.catalogue().timezone().to_owned();
                let since = since.map(|moment| moment.in_zone(&zone)).transpose()?;
                let digits = Digits::parse(number).filter(|_| self.numbers.contains(number));
                let digits = digits.ok_or_else(|| Mistake::new(at, format!("{number} was not given")))?;
                world.set_unpaid(digits, since);
            }
            Step::Given { number, words } => {
                let (status, _, err) = self.command(at, words)?;
                if status != Status::Done {
                    return Err(Mistake::new(at, err.trim().to_owned()));
                }
                self.numbers.insert(number.clone());
            }
            Step::Command { words, claims } | Step::CommandAgain { words, claims } => {
                // a command has the key of its number: given again it has the same
                self.commands -= u64::from(matches!(step, Step::CommandAgain { .. }));
                let (status, out, err) = self.command(at, words)?;
                command::check(at, claims, status, &out, &err)?;
                self.kept.extend(command::kept(claims, &out)?);
            }
            Step::Ask(ask, expected) => {
                let world = self.world(at)?;
                let answer = world.borrow_mut().ask(ask)?;
                let zone = world.borrow().catalogue().timezone().to_owned();
                hold(expected, &answer, &zone)?;
            }
            Step::Again(session, expected) => {
                let world = self.world(at)?;
                let answer = world.borrow_mut().again(session.as_deref());
                let answer =
                    answer.ok_or_else(|| Mistake::new(at, "nothing was asked that could be asked again"))?;
                let zone = world.borrow().catalogue().timezone().to_owned();
                hold(expected, &answer, &zone)?;
            }
            Step::Expect(claims) => {
                let world = self.world(at)?;
                let only = self.numbers.first().filter(|_| self.numbers.len() == 1);
                books::check(claims, only.map(String::as_str), &mut *world.borrow_mut())?;
            }
        }
        Ok(())
    }

    fn command(&mut self, at: At, words: &[String]) -> Read<(Status, String, String)> {
        let world = self.world(at)?;
        self.commands += 1;
        let folder = world.borrow().folder().to_owned();
        let words: Vec<String> = words
            .iter()
            .map(|word| match (word.strip_prefix("file:"), word.strip_prefix('$')) {
                (Some(name), _) => Ok(folder.join(name).display().to_string()),
                (None, Some(name)) => self
                    .kept
                    .get(name)
                    .cloned()
                    .ok_or_else(|| Mistake::new(at, format!("nothing was kept under the name {name:?}"))),
                (None, None) => Ok(word.clone()),
            })
            .collect::<Read<_>>()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let way = Rc::new(Way { world, command: self.commands, keys: Cell::new(0) });
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status =
            run_over(&words, way, &mut out, &mut err).map_err(|error| Mistake::new(at, error.to_string()))?;
        let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
        Ok((status, text(out), text(err)))
    }

    fn audit(&mut self, at: At) -> Read<()> {
        let world = self.world(at)?;
        let audited = world.borrow_mut().audit();
        audited.map_err(|fault| Mistake::new(at, format!("the books do not balance: {fault}")))
    }
}

fn hold(expected: &Expected, answer: &gyro::diameter::message::Message, zone: &str) -> Read<()> {
    let Expected::Answer { code, at, claims } = expected else { return Ok(()) };
    let cca = Cca::read(answer)
        .map_err(|fault| Mistake::new(*at, format!("an answer that cannot be read: {fault:?}")))?;
    answer::check(*code, *at, claims, &cca, zone)
}
