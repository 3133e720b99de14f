//! Random requests, batches, loads, cuts of power and passing of time against a naive model: what was acknowledged is
//! charged, once, and the books balance.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::world::*;
use crate::charging::answer::{Answer, Outcome};
use crate::charging::request::{Kind, Request};
use crate::engine::core::{Limits, Tag};

const SESSIONS: usize = 4;
const BALANCE: i64 = 40_000;

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A client sends its next request, or the same again where that was not answered.
    Send(usize),
    /// A client repeats the last request that was answered.
    Repeat(usize),
    /// A message is sent, or sent again.
    Message(u8),
    Batch,
    Durable,
    Load,
    Cut,
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..SESSIONS).prop_map(Step::Send),
        2 => (0..SESSIONS).prop_map(Step::Repeat),
        2 => (0u8..6).prop_map(Step::Message),
        5 => Just(Step::Batch),
        5 => Just(Step::Durable),
        5 => Just(Step::Load),
        1 => Just(Step::Cut),
        1 => (1i64..200).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 1..160)
}

/// A client with one session: a request at a time, repeated until it is answered.
#[derive(Default)]
struct Client {
    next: u32,
    pending: Option<Tag>,
    /// What was answered, with the octets it reported.
    acknowledged: Vec<(Request, u64, Answer)>,
    refused: bool,
}

impl Client {
    fn request(&self, at: usize) -> (Request, u64) {
        let id = format!("client;{at}");
        let used = u64::from(self.next) * 137 + u64::try_from(at).unwrap() * 11;
        match self.next {
            0 => (initial(&id), 0),
            7 => (terminate(&id, 7, used), used),
            number => (update(&id, number, used), used),
        }
    }
}

struct Model {
    world: World,
    clients: Vec<Client>,
    messages: BTreeMap<u8, (Vec<Tag>, Option<Answer>)>,
}

impl Model {
    fn new(limits: Limits) -> Self {
        let world = World::with_money(limits, BALANCE);
        Self { world, clients: (0..SESSIONS).map(|_| Client::default()).collect(), messages: BTreeMap::new() }
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Send(at) => {
                let client = &mut self.clients[at];
                if client.refused || client.next > 7 {
                    return Ok(());
                }
                let (request, _) = client.request(at);
                client.pending = Some(self.world.send(request));
            }
            Step::Repeat(at) => {
                if let Some((request, _, answer)) = self.clients[at].acknowledged.last().cloned() {
                    let tag = self.world.send(request);
                    self.world.settle();
                    match self.world.delivered.remove(&tag) {
                        Some(Delivered::Answer(again)) if again == answer => {}
                        other => return Err(format!("a repeat got {other:?} instead of {answer:?}")),
                    }
                }
            }
            Step::Message(id) => {
                let tag = self.world.send(message(&format!("sms;{id}")));
                self.messages.entry(id).or_default().0.push(tag);
            }
            Step::Batch => drop(self.world.batch()),
            Step::Durable => drop(self.world.durable()),
            Step::Load => drop(self.world.load()),
            Step::Cut => {
                self.world.restart();
                for client in &mut self.clients {
                    client.pending.take_if(|tag| !self.world.delivered.contains_key(tag));
                }
            }
            Step::Pass(secs) => self.world.pass(secs),
        }
        self.world.poll();
        self.take_answers()
    }

    fn take_answers(&mut self) -> Result<(), String> {
        for (at, client) in self.clients.iter_mut().enumerate() {
            let Some(delivered) = client.pending.and_then(|tag| self.world.delivered.remove(&tag)) else {
                continue;
            };
            client.pending = None;
            if let Delivered::Answer(answer) = delivered {
                let (request, used) = client.request(at);
                client.refused = request.kind == Kind::Initial && answer.outcome != Outcome::Done;
                client.acknowledged.push((request, used, answer));
                client.next += 1;
            }
        }
        for (tags, first) in self.messages.values_mut() {
            for tag in std::mem::take(tags) {
                match (self.world.delivered.remove(&tag), &first) {
                    (None, _) => tags.push(tag),
                    (Some(Delivered::Overloaded), _) => {}
                    (Some(Delivered::Answer(answer)), None) => *first = Some(answer),
                    (Some(Delivered::Answer(answer)), Some(known)) if answer == *known => {}
                    (other, known) => {
                        return Err(format!("one message was answered {known:?} and {other:?}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// What must have been charged at least: every acknowledged report, by the price of its session's octets.
    fn charged(&self) -> i64 {
        let sessions = self.clients.iter().map(|client| {
            let used: u64 = client.acknowledged.iter().map(|(_, used, _)| used).sum();
            i64::try_from((used + 5) / 10).unwrap()
        });
        let sent = |first: &Option<Answer>| {
            first.as_ref().is_some_and(|answer| {
                answer.outcome == Outcome::Done
                    && answer.parts.iter().all(|part| part.outcome == Outcome::Done)
            })
        };
        let messages = self.messages.values().filter(|(_, first)| sent(first)).count();
        sessions.sum::<i64>() + i64::try_from(messages).unwrap() * 500
    }

    /// Everybody asks until he is answered; then the account has what the model says, to the tiyn.
    fn finish(mut self) -> Result<(), String> {
        self.world.settle();
        self.take_answers()?;
        for at in 0..SESSIONS {
            while !self.clients[at].refused && self.clients[at].next <= 7 {
                self.step(Step::Send(at))?;
                self.world.settle();
                self.take_answers()?;
            }
        }
        for id in 0..6 {
            if self.messages.contains_key(&id) {
                self.step(Step::Message(id))?;
                self.world.settle();
                self.take_answers()?;
            }
        }
        self.world.restart();
        self.world.settle();
        self.world.disk.audit()?;
        let balance = self.world.disk.main(1).micros() / 10_000;
        let expected = BALANCE - self.charged();
        if balance != expected {
            return Err(format!("the balance is {balance}, acknowledged charges leave {expected}"));
        }
        let held = self.world.disk.accounts.values().next().map_or(0, |account| account.reserved.micros());
        if held != 0 {
            return Err(format!("{held} is reserved after all sessions have ended"));
        }
        if self.world.core.reserved().micros() != held {
            return Err("the sum of reservations is wrong".into());
        }
        Ok(())
    }
}

fn run(steps: &[Step], limits: Limits, early: bool) -> Result<(), String> {
    let mut model = Model::new(limits);
    model.world.early = early;
    for step in steps {
        model.step(*step)?;
    }
    model.world.early = false;
    model.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn no_acknowledged_charge_is_lost_and_none_is_made_twice(steps in steps()) {
        prop_assert_eq!(run(&steps, Limits::default(), false), Ok(()));
    }

    #[test]
    fn nor_when_nothing_stays_in_memory(steps in steps()) {
        let limits = Limits { cached_octets: 0, recent_events: 0, ..Limits::default() };
        prop_assert_eq!(run(&steps, limits, false), Ok(()));
    }
}

#[test]
fn an_answer_that_leaves_early_is_found() {
    let lost = [Step::Send(0), Step::Send(0), Step::Batch, Step::Durable, Step::Send(0), Step::Cut];
    let mut all: Vec<Step> = lost.to_vec();
    all.splice(0..0, [Step::Send(1), Step::Batch, Step::Durable]);
    assert_eq!(run(&all, Limits::default(), false), Ok(()));
    let found = run(&all, Limits::default(), true).unwrap_err();
    assert!(found.contains("acknowledged charges leave"), "{found}");
}
