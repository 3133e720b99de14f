//! A gateway of a make, with one subscriber: it says what it sends next, takes answers, and carries on as its make
//! does. It has a clock that only its owner moves, and no connection: its owner carries what it says.

mod answer;
mod demand;

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::ask::{Ask, Who, Why};
use super::heard::{Last, Offer};
use super::manners::{AtLast, Fate, Level, Make, Manners, Service, Silence};
use super::quota::{Quota, Standing};
use super::words;
use crate::diameter::dictionary::Dictionary;
use crate::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use crate::diameter::tree::AvpTree;
use crate::ro::ccr::RequestType;
use crate::time::Timestamp;

pub use demand::Demanded;

/// A request on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// Names it among the requests of the actor; a repeat has the name of its first.
    pub token: u64,
    /// What it says.
    pub ask: Ask,
    /// The T flag.
    pub again: bool,
    /// It was answered before: the answer changes nothing.
    pub replay: bool,
    /// How often it was sent before.
    pub tries: u32,
    avps: Vec<AvpTree>,
}

impl Outgoing {
    /// Its octets under these identifiers. But for them and the T flag they are the same each time.
    pub fn octets(&self, hop_by_hop: HopByHop, end_to_end: EndToEnd) -> Bytes {
        let flags = CommandFlags::PROXIABLE_REQUEST;
        let header = Header {
            flags: if self.again { flags.with_retransmitted() } else { flags },
            command: CommandCode::CREDIT_CONTROL,
            application: ApplicationId::CREDIT_CONTROL,
            hop_by_hop,
            end_to_end,
        };
        words::message(header, &self.avps)
    }
}

/// What comes next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// This is to be sent.
    Send(Box<Outgoing>),
    /// An answer is waited for.
    Await,
    /// Nothing: what was wanted is done, or cannot go on.
    Rest,
}

/// How a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// By a CCR-T that was answered.
    Closed,
    /// It was refused with this Result-Code.
    Refused(u32),
    /// The service is free; credit control is over.
    Free,
    /// No answer came, or none that could be taken.
    GivenUp,
}

/// Where a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Its CCR-I is not answered yet.
    Opening,
    /// It goes on.
    Open,
    /// Its CCR-T is not answered yet.
    Closing,
    /// It is over.
    Over(Ending),
}

/// A session at a gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Session-Id.
    pub id: Box<str>,
    /// Where it stands.
    pub phase: Phase,
    /// Its quotas, in the order in which they were asked for.
    pub quotas: Vec<Quota>,
    /// The other party of a call.
    callee: Option<Box<str>>,
    /// CC-Request-Number of its next request.
    number: u32,
    /// Groups that it asks for once it is open.
    later: Vec<Option<u32>>,
}

/// What an answer came to, for those who look on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answered {
    /// Result-Code at command level.
    pub code: u32,
    /// Its quotas, those at command level among them.
    pub offers: Vec<Offer>,
}

/// What the user is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Goal {
    Use { group: Option<u32>, left: u64 },
    Pass { until: Timestamp },
}

/// A gateway of a make, with one subscriber.
#[derive(Clone, Debug)]
pub struct Actor {
    make: &'static dyn Make,
    who: Who,
    dictionary: Arc<Dictionary>,
    now: Timestamp,
    started: i64,
    serial: u32,
    session: Option<Session>,
    ready: VecDeque<Outgoing>,
    flight: Vec<Outgoing>,
    sent: Option<Outgoing>,
    tokens: u64,
    goal: Option<Goal>,
    short: u64,
    interim: u64,
    answered: Option<Answered>,
    learned: Option<Box<str>>,
    state: Option<u32>,
}

impl Actor {
    /// A gateway that was started at `now`.
    pub fn new(make: &'static dyn Make, who: Who, dictionary: Arc<Dictionary>, now: Timestamp) -> Self {
        Self {
            make,
            who,
            dictionary,
            now,
            started: now.secs(),
            serial: 0,
            session: None,
            ready: VecDeque::new(),
            flight: Vec::new(),
            sent: None,
            tokens: 0,
            goal: None,
            short: 0,
            interim: 0,
            answered: None,
            learned: None,
            state: None,
        }
    }

    /// The same, with so many sessions behind it: what names a session by a count begins there.
    #[must_use]
    pub fn after(self, sessions: u32) -> Self {
        Self { serial: sessions, ..self }
    }

    /// Of which make.
    pub const fn make(&self) -> &'static dyn Make {
        self.make
    }

    fn manners(&self) -> &'static Manners {
        self.make.manners()
    }

    /// Who it is.
    pub const fn who(&self) -> &Who {
        &self.who
    }

    /// It is told who the server is; what was configured stays.
    pub fn meet(&mut self, host: &str, realm: &str) {
        if self.who.server_host.is_empty() {
            self.who.server_host = host.into();
        }
        if self.who.server_realm.is_empty() {
            self.who.server_realm = realm.into();
        }
    }

    /// Its clock.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Its session, the last one when that is over.
    pub const fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Where its session stands.
    pub fn phase(&self) -> Option<Phase> {
        self.session.as_ref().map(|session| session.phase)
    }

    /// A quota of its session.
    pub fn quota(&self, group: Option<u32>) -> Option<&Quota> {
        self.session.as_ref()?.quotas.iter().find(|quota| quota.group == group)
    }

    /// The last answer that was taken.
    pub const fn answered_last(&self) -> Option<&Answered> {
        self.answered.as_ref()
    }

    /// Of what was to be used last, how much could not be.
    pub const fn short(&self) -> u64 {
        self.short
    }

    /// Begins a session for these groups; none: those that its make asks for. `callee` is the other party of a call.
    pub fn attach(&mut self, groups: &[u32], callee: Option<&str>) {
        let manners = self.manners();
        let groups: Vec<Option<u32>> = match (groups, manners.groups) {
            ([], []) => vec![None],
            ([], usual) => usual.iter().copied().map(Some).collect(),
            (given, _) => given.iter().copied().map(Some).collect(),
        };
        self.serial = self.serial.saturating_add(1);
        let id = self.make.session_id(&self.who, self.started, self.serial).into();
        let now = self.now;
        let bare = manners.opens_bare || manners.level == Level::Nothing;
        let named = |group: &Option<u32>| Quota::new(*group, manners.services, now);
        self.session = Some(Session {
            id,
            phase: Phase::Opening,
            quotas: if bare { Vec::new() } else { groups.iter().map(named).collect() },
            callee: callee.map(Into::into),
            number: manners.first_number,
            later: if manners.level == Level::Nothing { Vec::new() } else { groups },
        });
        self.goal = None;
        self.send_for(RequestType::Initial, |_| true, None, true);
    }

    /// Sends one message, whatever its session is at.
    pub fn message(&mut self, to: &str) {
        let manners = self.manners();
        self.serial = self.serial.saturating_add(1);
        let mut quota = Quota::new(manners.groups.first().copied(), manners.services, self.now);
        let ask = Ask {
            kind: RequestType::Event,
            number: 0,
            session: self.make.session_id(&self.who, self.started, self.serial).into(),
            at: self.now,
            wants: vec![quota.report(None, Some(manners.wants), manners, self.now)],
            callee: Some(to.into()),
            learned: self.learned.clone(),
        };
        self.push(ask);
    }

    /// The user uses so many units of a group's service, as far as quota is had for it. Of calls these are seconds,
    /// and the clock goes on with them.
    pub fn use_units(&mut self, group: Option<u32>, units: u64) {
        self.goal = Some(Goal::Use { group, left: units });
    }

    /// Time passes, and nothing is used.
    pub fn pass(&mut self, span: Duration) {
        self.goal = Some(Goal::Pass { until: self.now.plus(span) });
    }

    /// The session ends.
    pub fn end(&mut self) {
        let over = matches!(self.phase(), None | Some(Phase::Closing | Phase::Over(_)));
        if !over {
            self.goal = None;
            self.send_for(RequestType::Termination, Quota::is_live, Some(Why::Final), false);
            self.set_phase(Phase::Closing);
        }
    }

    /// What it does next.
    pub fn step(&mut self) -> Next {
        loop {
            let may_send = self.flight.is_empty() || self.manners().parallel;
            if may_send && let Some(outgoing) = self.ready.pop_front() {
                self.flight.push(outgoing.clone());
                self.sent = Some(outgoing.clone());
                return Next::Send(Box::new(outgoing));
            }
            if !self.flight.is_empty() {
                return Next::Await;
            }
            self.go_on();
            if self.ready.is_empty() {
                return Next::Rest;
            }
        }
    }

    /// The last request once more, with the T flag. Its answer changes nothing.
    pub fn repeat(&mut self) -> bool {
        let Some(sent) = self.sent.clone() else { return false };
        let tries = sent.tries.saturating_add(1);
        self.ready.push_front(Outgoing { again: true, replay: true, tries, ..sent });
        true
    }

    /// The last CCR-T once more, as makes send it that never stop. False for other makes, and where there is none.
    pub fn replay(&mut self) -> bool {
        let ended = |sent: &&Outgoing| sent.ask.kind == RequestType::Termination;
        let (Some(pause), Some(sent)) = (self.manners().replays, self.sent.as_ref().filter(ended)) else {
            return false;
        };
        let tries = sent.tries.saturating_add(1);
        let again = Outgoing { again: false, replay: true, tries, ..sent.clone() };
        self.now = self.now.plus(Duration::from_secs(pause.into()));
        self.ready.push_back(again);
        true
    }

    /// The connection is gone, or no answer came in time: what waited is sent again, or given up, as its make does.
    pub fn lost(&mut self) {
        self.state = None;
        let flight = core::mem::take(&mut self.flight);
        for outgoing in flight.into_iter().rev() {
            let tries = outgoing.tries.saturating_add(1);
            match self.manners().silence {
                Silence::SendsAgain { flag } => {
                    self.ready.push_front(Outgoing { again: flag, tries, ..outgoing });
                }
                Silence::Assumes { octets } => {
                    self.interim = octets;
                    self.ready.push_front(Outgoing { again: true, tries, ..outgoing });
                }
                Silence::GivesUp => self.give_up(&outgoing.ask),
            }
        }
    }

    /// While nobody answers, the user goes on, where the make lets him. Says how much he could not use.
    pub fn use_meanwhile(&mut self, group: Option<u32>, units: u64) -> u64 {
        let (service, now) = (self.manners().service, self.now);
        let granted = units.min(self.interim);
        let Some(quota) = self.quota_mut(group) else { return units };
        quota.consume(granted, service, now);
        self.interim = self.interim.saturating_sub(granted);
        units.saturating_sub(granted)
    }

    fn quota_mut(&mut self, group: Option<u32>) -> Option<&mut Quota> {
        self.session.as_mut()?.quotas.iter_mut().find(|quota| quota.group == group)
    }

    fn set_phase(&mut self, phase: Phase) {
        if let Some(session) = &mut self.session {
            session.phase = phase;
        }
    }

    /// Goes on with what the user is at, until there is something to send or nothing more can be done.
    fn go_on(&mut self) {
        while self.ready.is_empty() {
            match self.goal {
                None => return,
                Some(Goal::Use { group, left }) => {
                    let still = self.consume(group, left);
                    self.short = still;
                    let stuck = still == left && self.ready.is_empty();
                    let more = still > 0 && !stuck;
                    self.goal = more.then_some(Goal::Use { group, left: still });
                }
                Some(Goal::Pass { until }) => {
                    let due = self.due().filter(|at| *at <= until);
                    self.now = self.now.max(due.unwrap_or(until));
                    self.goal = due.map(|_| Goal::Pass { until });
                    self.fall_due();
                }
            }
        }
    }

    /// When time alone has it say something.
    pub fn due(&self) -> Option<Timestamp> {
        let session = self.session.as_ref().filter(|session| session.phase == Phase::Open)?;
        session.quotas.iter().filter_map(Quota::due).min()
    }

    fn fall_due(&mut self) {
        let now = self.now;
        let Some(session) = self.session.as_ref().filter(|session| session.phase == Phase::Open) else {
            return;
        };
        let fallen = |quota: &Quota| Some((quota.group, quota.fallen_due(now)?));
        let fallen: Vec<_> = session.quotas.iter().filter_map(fallen).collect();
        for (group, why) in fallen {
            self.send_for(RequestType::Update, |quota| quota.group == group, Some(why), why != Why::Holding);
            if why == Why::Holding {
                self.stand(group, Standing::Idle);
            }
        }
    }

    /// Uses units of a group's quota; says how many could not be used now.
    fn consume(&mut self, group: Option<u32>, units: u64) -> u64 {
        let (manners, now) = (self.manners(), self.now);
        let open = self.phase() == Some(Phase::Open);
        if manners.level == Level::Nothing && open {
            self.send_for(RequestType::Update, |_| false, None, false);
            return 0;
        }
        let Some(session) = self.session.as_mut().filter(|_| open) else { return units };
        let at = session.quotas.iter().position(|quota| quota.group == group);
        if at.is_none() {
            session.quotas.push(Quota::new(group, manners.services, now));
        }
        let Some(quota) = self.quota_mut(group) else { return units };
        if matches!(quota.standing, Standing::Blocked(Some(until)) if until <= now) {
            quota.standing = Standing::Idle;
        }
        match quota.standing {
            Standing::Idle => {
                self.send_for(RequestType::Update, |quota| quota.group == group, None, true);
                units
            }
            Standing::Granted => {
                let usable = quota.usable(units, manners, now);
                quota.consume(usable, manners.service, now);
                if manners.service == Service::Voice {
                    self.now = now.plus(Duration::from_secs(usable));
                    self.fall_due();
                }
                if self.ready.is_empty() {
                    self.report_when_low(group);
                }
                units.saturating_sub(usable)
            }
            Standing::Blocked(_) | Standing::Dropped | Standing::Limited => units,
        }
    }

    /// Has a quota speak whose threshold is reached or that is used up.
    fn report_when_low(&mut self, group: Option<u32>) {
        let (manners, now) = (self.manners(), self.now);
        let Some(quota) = self.quota_mut(group) else { return };
        if quota.left > 0 && (quota.left > quota.threshold || quota.old) {
            return;
        }
        let this = |other: &Quota| other.group == group;
        if quota.left > 0 {
            return self.send_for(RequestType::Update, this, Some(Why::Threshold), true);
        }
        if quota.old {
            return self.end();
        }
        let last = quota.last.map(|last| if manners.any_last_ends { Last::Terminate } else { last });
        match (last, manners.at_last) {
            (None, _) => self.send_for(RequestType::Update, this, Some(Why::Exhausted), true),
            (Some(Last::Terminate), AtLast::EndsSession) => self.end(),
            (Some(Last::Terminate), AtLast::ClosesGroup) => {
                self.send_for(RequestType::Update, this, Some(Why::Final), false);
                self.stand(group, Standing::Blocked(self.blocked_until(now)));
            }
            (Some(Last::Redirect | Last::Restrict), _) => {
                self.send_for(RequestType::Update, this, Some(Why::Exhausted), false);
                self.stand(group, Standing::Limited);
            }
        }
    }

    fn stand(&mut self, group: Option<u32>, standing: Standing) {
        if let Some(quota) = self.quota_mut(group) {
            quota.standing = standing;
        }
    }

    /// Until when a group is blocked for lack of credit.
    fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        match (self.manners().refused_group)(RequestType::Update, 4_012) {
            Fate::Blocks(Some(seconds)) => Some(now.plus(Duration::from_secs(seconds.into()))),
            _ => None,
        }
    }

    /// Puts a request of the session together: reports of the quotas that `about` picks, and requests for them.
    fn send_for(&mut self, kind: RequestType, about: impl Fn(&Quota) -> bool, why: Option<Why>, asks: bool) {
        let (manners, now) = (self.manners(), self.now);
        let Some(session) = &mut self.session else { return };
        let asks = asks.then_some(manners.wants);
        let picked = session.quotas.iter_mut().filter(|quota| about(quota));
        let wants = picked.map(|quota| quota.report(why, asks, manners, now)).collect();
        let ask = Ask {
            kind,
            number: session.number,
            session: session.id.clone(),
            at: now,
            wants,
            callee: session.callee.clone(),
            learned: self.learned.clone(),
        };
        session.number = session.number.saturating_add(1);
        self.push(ask);
    }

    fn push(&mut self, ask: Ask) {
        self.tokens = self.tokens.saturating_add(1);
        let avps = self.make.avps(&self.who, &ask);
        let (again, replay, tries) = (false, false, 0);
        self.ready.push_back(Outgoing { token: self.tokens, ask, again, replay, tries, avps });
    }

    /// A request that got no answer and is not sent again.
    fn give_up(&mut self, ask: &Ask) {
        match ask.kind {
            RequestType::Initial => self.set_phase(Phase::Over(Ending::GivenUp)),
            RequestType::Termination => self.set_phase(Phase::Over(Ending::Closed)),
            RequestType::Event => {}
            RequestType::Update => {
                for quota in self.session.iter_mut().flat_map(|session| &mut session.quotas) {
                    if ask.wants.iter().any(|want| want.group == quota.group) {
                        (quota.asked, quota.old) = (false, true);
                    }
                }
            }
        }
    }
}
