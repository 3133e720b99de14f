//! A scenario as it runs: what the gateway says and hears as a ladder, and whether it is what must come.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::scenario::{self, Act, Amount, Expect, Scenario, Step};
use crate::admin::json::change::{Done, Topup};
use crate::admin::json::subscriber::Subscriber;
use crate::cli::Status;
use crate::cli::client::{Absent, Failure, Reach, with};
use crate::cli::ladder::Ladder;
use crate::diameter::dictionary::Dictionary;
use crate::diameter::header::CommandCode;
use crate::diameter::message::Message;
use crate::diameter::parse::{self, Limits};
use crate::ro::cca::Cca;
use crate::ro::ccr::Ccr;
use crate::ro::profile::Profiles;
use crate::sim::actor::Outgoing;
use crate::sim::check::{SUCCESS, metered};
use crate::sim::gateway::GatewayError;
use crate::sim::heard::Offer;
use crate::sim::manners::Service;
use crate::sim::play::{Event, Loss, Play, PlayError};

/// What a gateway uses at most when it uses all it gets, so that what is free does not go on for ever.
const ALL: u64 = 1 << 40;
const ALL_SECONDS: u64 = 1 << 20;

/// Why a scenario stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// The output cannot be written.
    Output(io::Error),
    /// Something is not as it must be, or cannot go on.
    Failed(Failure),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A scenario that runs.
pub(super) struct Course<'a, 'b> {
    /// The gateway.
    pub(super) play: Play,
    /// The server that it speaks to.
    pub(super) server: SocketAddr,
    /// Where it is shown.
    pub(super) ladder: &'a mut Ladder<'b>,
    /// What reads requests for the ladder.
    pub(super) dictionary: Arc<Dictionary>,
    /// Where an operator asks; none where no such interface was named.
    pub(super) reach: Option<Reach>,
    /// What the client has answered to the server last.
    pub(super) demanded: Option<u32>,
}

impl Course<'_, '_> {
    /// Runs all steps.
    pub(super) async fn run(&mut self, scenario: &Scenario) -> Result<(), Stop> {
        self.play.connect().await.map_err(|error| unreachable(self.server, &error))?;
        for step in &scenario.steps {
            if let Some(note) = &step.note {
                self.ladder.title(note)?;
            }
            self.act(step).await?;
            self.expect(step)?;
        }
        self.play.disconnect().await.map_err(|error| Stop::Failed(failed(0, &error)))
    }

    async fn act(&mut self, step: &Step) -> Result<(), Stop> {
        let group = self.group(step.group);
        let actor = self.play.actor_mut();
        let voice = actor.make().manners().service == Service::Voice;
        match &step.act {
            Act::Attach { groups, to } => actor.attach(groups, to.as_deref()),
            Act::Use(Amount::Octets(count) | Amount::Seconds(count)) => actor.use_units(group, *count),
            Act::Exhaust => actor.use_units(group, if voice { ALL_SECONDS } else { ALL }),
            Act::Wait(span) => actor.pass(*span),
            Act::Message(to) => actor.message(to),
            Act::Repeat => {
                if !actor.repeat() {
                    return Err(told(step.line, "nothing was sent yet that could be repeated"));
                }
            }
            Act::Replay(times) => return self.replay(step, *times).await,
            Act::Lose(loss) => {
                self.play.lose(*loss);
                return Ok(());
            }
            Act::Reconnect => {
                self.play.connect().await.map_err(|error| unreachable(self.server, &error))?;
                self.ladder.note("connected again")?;
            }
            Act::Hear => {
                let event = self.play.hear().await.map_err(|error| failed(step.line, &error))?;
                self.show(&event)?;
            }
            Act::Topup(amount) => return self.topup(step, amount),
            Act::End => actor.end(),
        }
        self.go_on(step).await
    }

    /// A group as a step names it; else the only quota there is, or the first.
    fn group(&self, named: Option<u32>) -> Option<u32> {
        let first = || self.play.actor().session().and_then(|session| session.quotas.first());
        named.or_else(|| first().and_then(|quota| quota.group))
    }

    /// Until the gateway rests, or what is to be lost is lost.
    async fn go_on(&mut self, step: &Step) -> Result<(), Stop> {
        loop {
            let event = self.play.step().await.map_err(|error| failed(step.line, &error))?;
            self.show(&event)?;
            if matches!(event, Event::Rest | Event::Lost(..)) {
                return Ok(());
            }
        }
    }

    async fn replay(&mut self, step: &Step, times: u64) -> Result<(), Stop> {
        for _ in 0..times {
            if !self.play.actor_mut().replay() {
                let message = "this client does not send its CCR-T again, or has sent none yet";
                return Err(told(step.line, message));
            }
            self.go_on(step).await?;
        }
        Ok(())
    }

    fn topup(&mut self, step: &Step, amount: &str) -> Result<(), Stop> {
        let reach = self.reach(step)?;
        let msisdn = self.play.actor().who().msisdn.to_string();
        let body = Topup { amount: amount.to_owned(), reference: None, note: None };
        let path = format!("/v1/subscribers/{msisdn}/topup");
        let done: Done = with(&reach, Absent::Refuse, |client| client.post(&path, &body))?;
        self.ladder.note(&format!("{amount} paid in: balance {}", done.balance))?;
        Ok(())
    }

    fn reach(&self, step: &Step) -> Result<Reach, Stop> {
        self.reach.clone().ok_or_else(|| {
            let message = "this step asks the server's admin interface: name it with --admin ADDR";
            Stop::Failed(Failure::new(Status::Usage, format!("line {}: {message}", step.line)))
        })
    }

    fn show(&mut self, event: &Event) -> Result<(), Stop> {
        match event {
            Event::Sent(outgoing, octets) => self.request(outgoing, octets.clone(), "")?,
            Event::Answered(_, message) => self.answer(message)?,
            Event::Demanded(message, demanded) => {
                let is_reauth = message.header().command == CommandCode::RE_AUTH;
                self.ladder.hears(if is_reauth { "RAR" } else { "ASR" })?;
                self.demanded = demanded.code;
                match demanded.code {
                    Some(code) => self.ladder.says(&format!("{code}"))?,
                    None => self.ladder.note("the client does not answer it")?,
                }
            }
            Event::Lost(outgoing, loss) => {
                let octets = outgoing.octets(
                    crate::diameter::header::HopByHop::new(0),
                    crate::diameter::header::EndToEnd::new(0),
                );
                if *loss == Loss::Request {
                    self.request(outgoing, octets, ", lost")?;
                }
                let what = if *loss == Loss::Request { "request" } else { "answer" };
                self.ladder.note(&format!("the {what} is lost, and the connection with it"))?;
            }
            Event::Rest => {}
        }
        Ok(())
    }

    fn request(&mut self, outgoing: &Outgoing, octets: bytes::Bytes, remark: &str) -> Result<(), Stop> {
        let again = match (outgoing.tries, outgoing.again) {
            (0, _) => "",
            (_, true) => ", again (T)",
            (_, false) => ", again",
        };
        let profile = Profiles::BUILT_IN.by_name_or_standard("lenient").clone();
        let unreadable =
            || Stop::Failed(Failure::new(Status::Failed, "the client's own request is unreadable"));
        let message =
            parse::parse(octets, &Limits::DEFAULT, self.dictionary.as_ref()).map_err(|_| unreadable())?;
        let ccr = Ccr::read(&message, &self.dictionary, &profile).map_err(|_| unreadable())?;
        Ok(self.ladder.request(&ccr, &format!("{again}{remark}"))?)
    }

    fn answer(&mut self, message: &Message) -> Result<(), Stop> {
        let cca = Cca::read(message).map_err(|fault| {
            let code = fault.result_code.get();
            Stop::Failed(Failure::new(Status::Failed, format!("an answer cannot be read: {code}")))
        })?;
        Ok(self.ladder.answer(&cca)?)
    }

    fn expect(&mut self, step: &Step) -> Result<(), Stop> {
        let Expect { code, quota, granted, last, session, unused, demand, balance, reserved } = &step.expect;
        let actor = self.play.actor();
        let service = actor.make().manners().service;
        let answered = actor.answered_last().cloned().unwrap_or_default();
        let of_step = |offer: &&Offer| step.group.is_none() || offer.group == step.group;
        let offer = answered.offers.iter().find(of_step).cloned().unwrap_or_default();
        let units = offer.granted.and_then(|granted| metered(&granted, service));
        compare(step, "code", *code, &answered.code)?;
        // units at command level have the code of the whole
        let of_quota = offer.code.unwrap_or(if offer == Offer::default() { 0 } else { SUCCESS });
        compare(step, "quota", *quota, &of_quota)?;
        let wanted = granted.map(|amount| in_unit(step, amount, service)).transpose()?;
        compare(step, "granted", wanted, &units.unwrap_or(0))?;
        compare(step, "last", *last, &scenario::last(offer.last))?;
        compare(step, "session", *session, &scenario::standing(actor.phase()))?;
        let wanted = unused.map(|amount| in_unit(step, amount, service)).transpose()?;
        compare(step, "unused", wanted, &actor.short())?;
        compare(step, "demand", *demand, &self.demanded.unwrap_or(0))?;
        if balance.is_none() && reserved.is_none() {
            return Ok(());
        }
        let reach = self.reach(step)?;
        let path = format!("/v1/subscribers/{}", self.play.actor().who().msisdn);
        let found: Subscriber = with(&reach, Absent::Refuse, |client| client.get(&path))?;
        let (main, held) = (&found.balance.main, &found.balance.reserved);
        self.ladder.note(&format!("balance {main}, of it reserved {held}"))?;
        compare(step, "balance", balance.as_ref(), &main)?;
        compare(step, "reserved", reserved.as_ref(), &held)
    }
}

fn in_unit(step: &Step, amount: Amount, service: Service) -> Result<u64, Stop> {
    amount.of(service).ok_or_else(|| told(step.line, "an amount is not in the unit of this client"))
}

fn compare<T: PartialEq + core::fmt::Display>(
    step: &Step,
    what: &str,
    wanted: Option<T>,
    found: &T,
) -> Result<(), Stop> {
    match wanted {
        Some(wanted) if wanted != *found => {
            Err(told(step.line, &format!("expected {what} {wanted}, found {found}")))
        }
        _ => Ok(()),
    }
}

fn told(line: usize, message: &str) -> Stop {
    Stop::Failed(Failure::new(Status::Failed, format!("line {line}: {message}")))
}

fn failed(line: usize, error: &PlayError) -> Failure {
    let at = if line == 0 { String::new() } else { format!("line {line}: ") };
    Failure::new(Status::Failed, format!("{at}{error}"))
}

fn unreachable(server: SocketAddr, error: &PlayError) -> Stop {
    let status = match error {
        PlayError::Gateway(GatewayError::Transport(_)) => Status::Unreachable,
        PlayError::Identity { .. } => Status::Usage,
        _ => Status::Failed,
    };
    Stop::Failed(Failure::new(
        status,
        format!(
            "no server can be reached at {server} ({error}): start it with `gyro serve`, or name its Diameter address with --server"
        ),
    ))
}
