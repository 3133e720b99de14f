//! One gateway in the world: it is driven through its day, every answer is held to its rules and to those of all
//! others, and after each step the books are held to what it has reported.

use std::time::Duration;

use bytes::Bytes;
use gyro::diameter::header::ApplicationId;
use gyro::diameter::message::Message;
use gyro::diameter::peer::registry::ConnectionId;
use gyro::engine::core::reauth::{Scope, What};
use gyro::ro::ccr::RequestType;
use gyro::sim::actor::{Actor, Ending, Next, Outgoing, Phase};
use gyro::sim::check;
use gyro::sim::heard::Heard;
use gyro::sim::make;
use gyro::sim::manners::{Level, Make, Service, Silence};
use gyro::sim::quota::Standing;

use crate::world::{DICTIONARY, START, World, ids, who};

/// What becomes of the next request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Loss {
    /// It arrives, and so does its answer.
    Nothing,
    /// It does not arrive.
    Request,
    /// It arrives; its answer does not.
    Answer,
}

pub(crate) const MIB: u64 = 1 << 20;

pub(crate) struct Gate {
    pub(crate) world: World,
    pub(crate) actor: Actor,
    link: ConnectionId,
    loss: Loss,
    sent: u64,
    /// Hundredths that were paid in.
    paid: i64,
    /// Hundredths that sessions before this one, messages, and requests that were lost for good came to.
    settled: i64,
    /// The last request and its answer, as octets.
    pub(crate) last: Option<(Outgoing, Bytes)>,
    /// Result-Codes at command level so far, with the type of their requests.
    pub(crate) codes: Vec<(RequestType, u32)>,
    /// Most requests under way at a time.
    pub(crate) most_in_flight: usize,
    /// What was answered to the server's own requests.
    pub(crate) demanded: Vec<Option<u32>>,
    /// CCR-Ts that were sent.
    pub(crate) ends_sent: usize,
    /// Of requests that are under way together the last arrives first.
    pub(crate) overtaking: bool,
}

impl Gate {
    /// A gateway of this make, and a subscriber with so many hundredths.
    pub(crate) fn new(name: &str, balance: i64) -> Self {
        Self::on_plan(name, "metered", balance)
    }

    /// The same, with a subscriber of this plan.
    pub(crate) fn on_plan(name: &str, plan: &str, balance: i64) -> Self {
        let make: &'static dyn Make = make::by_name(name).unwrap();
        let mut world = World::new();
        world.subscriber(plan, balance);
        let link = world.connect(make);
        let mut gate = Self {
            world,
            actor: Actor::new(make, who(make), DICTIONARY.clone(), START),
            link,
            loss: Loss::Nothing,
            sent: 0,
            paid: balance,
            settled: 0,
            last: None,
            codes: Vec::new(),
            most_in_flight: 0,
            demanded: Vec::new(),
            ends_sent: 0,
            overtaking: false,
        };
        gate.look();
        gate
    }

    fn make(&self) -> &'static dyn Make {
        self.actor.make()
    }

    // steps

    pub(crate) fn attach(&mut self) {
        self.attach_to(None);
    }

    pub(crate) fn attach_to(&mut self, callee: Option<&str>) {
        self.settle_session();
        self.actor.attach(&[], callee);
        self.run();
    }

    /// Uses units; says how many could not be used.
    pub(crate) fn use_units(&mut self, group: Option<u32>, units: u64) -> u64 {
        self.actor.use_units(group, units);
        self.run();
        self.actor.short()
    }

    /// Uses all that there is.
    pub(crate) fn exhaust(&mut self, group: Option<u32>) -> u64 {
        const ALL: u64 = 1 << 40;
        ALL - self.use_units(group, ALL)
    }

    pub(crate) fn pass(&mut self, secs: u64) {
        self.actor.pass(Duration::from_secs(secs));
        self.run_unchecked();
        self.world.pass_to(self.actor.now());
        self.books();
    }

    pub(crate) fn end(&mut self) {
        self.actor.end();
        self.run();
        assert_eq!(self.actor.phase(), Some(Phase::Over(Ending::Closed)));
    }

    pub(crate) fn message(&mut self, to: &str) -> u32 {
        self.actor.message(to);
        self.run_unchecked();
        let Some((RequestType::Event, code)) = self.codes.last().copied() else { panic!("{:?}", self.codes) };
        self.settled += if code == 2_001 { 500 } else { 0 };
        self.books();
        code
    }

    pub(crate) fn topup(&mut self, cents: i64) {
        self.world.topup(cents);
        self.paid += cents;
        self.books();
        // the server asks those sessions to report that lack of money has limited
        self.pass(1);
        self.hear();
        self.run();
    }

    /// The last request again, over another connection, with new identifiers and the T flag: the same answer comes,
    /// and nothing changes.
    pub(crate) fn repeat(&mut self) {
        let before = (self.world.account().clone(), self.world.disk.ledger.len());
        let (_, first) = self.last.clone().expect("a request was answered");
        self.reconnect();
        assert!(self.actor.repeat());
        self.run();
        let (again, second) = self.last.clone().unwrap();
        assert!(again.again, "the T flag");
        assert_eq!(first.slice(20..), second.slice(20..), "the answer to a repeat, but for its identifiers");
        assert_ne!(first.slice(12..20), second.slice(12..20), "identifiers are new");
        assert_eq!(
            (self.world.account().clone(), self.world.disk.ledger.len()),
            before,
            "a repeat changes nothing"
        );
    }

    /// The next request is lost, or its answer, and the connection with it.
    pub(crate) fn lose(&mut self, loss: Loss) {
        self.loss = loss;
    }

    /// Another connection. A gateway has one at a time.
    pub(crate) fn reconnect(&mut self) {
        self.world.cut(self.link);
        self.link = self.world.connect(self.make());
        self.look();
    }

    /// The watchdog's question and its answer.
    pub(crate) fn beat(&mut self) {
        self.world.beat(self.link);
        self.look();
    }

    /// The server asks for a re-authorisation of the session or of a group; gives the Result-Code that came back. What
    /// follows is carried.
    pub(crate) fn reauth(&mut self, group: Option<u32>) -> Option<u32> {
        self.demand(What::Reauthorise(group.map_or(Scope::Session, Scope::RatingGroup)))
    }

    /// The server asks for the end of the session.
    pub(crate) fn abort(&mut self) -> Option<u32> {
        self.demand(What::Abort)
    }

    fn demand(&mut self, what: What) -> Option<u32> {
        let session = self.actor.session().unwrap().id.clone();
        let before = self.demanded.len();
        self.world.demand(&session, what);
        self.world.pass_to(self.world.now.plus(Duration::from_millis(10)));
        self.hear();
        assert_eq!(self.demanded.len(), before + 1, "the server asks");
        self.run();
        self.demanded.last().copied().flatten()
    }

    /// A RAR comes for a session that is over.
    pub(crate) fn reauth_of_old(&mut self) -> Option<u32> {
        let session = self.actor.session().unwrap().id.clone();
        self.world.demand_of_old(self.link, &session);
        self.hear();
        self.demanded.last().copied().flatten()
    }

    /// Answers what the server asks by itself.
    fn hear(&mut self) {
        for message in self.look() {
            if message.header().flags.is_request()
                && message.header().application == ApplicationId::CREDIT_CONTROL
            {
                let demanded = self.actor.demanded(&message);
                self.demanded.push(demanded.code);
                if let Some(reply) = demanded.reply {
                    self.world.send(self.link, &reply);
                    let heard = self.world.replies.pop().expect("the server has its answer");
                    assert_eq!(Some(Heard::new(&heard, &DICTIONARY).code()), demanded.code);
                }
            }
        }
    }

    // what holds

    /// Carries requests and answers until the gateway rests, then looks at the books.
    pub(crate) fn run(&mut self) {
        self.run_unchecked();
        self.books();
    }

    pub(crate) fn run_unchecked(&mut self) {
        let mut under_way: Vec<(u64, Outgoing)> = Vec::new();
        loop {
            match self.actor.step() {
                Next::Rest => break,
                Next::Send(outgoing) => {
                    self.ends_sent += usize::from(outgoing.ask.kind == RequestType::Termination);
                    self.sent += 1;
                    under_way.push((self.sent, *outgoing));
                    self.most_in_flight = self.most_in_flight.max(under_way.len());
                }
                Next::Await => {
                    assert!(!under_way.is_empty(), "it waits for an answer to nothing");
                    self.exchange(std::mem::take(&mut under_way));
                }
            }
        }
    }

    fn exchange(&mut self, under_way: Vec<(u64, Outgoing)>) {
        self.world.pass_to(self.actor.now());
        let loss = std::mem::replace(&mut self.loss, Loss::Nothing);
        let order: Vec<&(u64, Outgoing)> =
            if self.overtaking { under_way.iter().rev().collect() } else { under_way.iter().collect() };
        for (number, outgoing) in order {
            let (hop_by_hop, end_to_end) = ids(*number);
            if loss != Loss::Request {
                self.world.send(self.link, &outgoing.octets(hop_by_hop, end_to_end));
            }
        }
        if loss != Loss::Nothing {
            let gone = self.make().manners().silence == Silence::GivesUp && loss == Loss::Request;
            for (_, outgoing) in under_way.iter().filter(|_| gone) {
                self.settled -= reported(self.make().manners().service, outgoing);
            }
            self.reconnect();
            self.actor.lost();
            return;
        }
        let answers = self.look();
        for (number, outgoing) in under_way {
            let (hop_by_hop, end_to_end) = ids(number);
            let mine = |answer: &&Message| answer.header().hop_by_hop == hop_by_hop;
            let answer =
                answers.iter().find(mine).unwrap_or_else(|| panic!("no answer to {:?}", outgoing.ask));
            assert_eq!(answer.header().end_to_end, end_to_end);
            self.accept(outgoing, answer);
        }
    }

    fn accept(&mut self, outgoing: Outgoing, answer: &Message) {
        let name = self.make().manners().name;
        let accepted = self.actor.answered(outgoing.token, answer);
        accepted.unwrap_or_else(|objection| panic!("{name}: {objection}\n{:?}\n{answer:?}", outgoing.ask));
        let heard = Heard::new(answer, &DICTIONARY);
        let manners = self.make().manners();
        let is_event = outgoing.ask.kind == RequestType::Event;
        let service = if is_event { Service::Messages } else { manners.service };
        check::strict(&outgoing.ask, &heard, manners.level, service)
            .unwrap_or_else(|objection| panic!("{name}, as any other: {objection}\n{answer:?}"));
        self.codes.push((outgoing.ask.kind, heard.code()));
        self.last = Some((outgoing, answer.bytes().clone()));
    }

    /// Goes on until a request of this type is under way, and gives its name and its answer, which the gateway has not
    /// taken yet.
    pub(crate) fn until_answer(&mut self, kind: RequestType) -> (u64, Message) {
        loop {
            let Next::Send(outgoing) = self.actor.step() else { panic!("no {kind:?}") };
            self.sent += 1;
            let (hop_by_hop, end_to_end) = ids(self.sent);
            self.world.send(self.link, &outgoing.octets(hop_by_hop, end_to_end));
            let answer = self.look().pop().expect("an answer");
            if outgoing.ask.kind == kind {
                return (outgoing.token, answer);
            }
            self.accept(*outgoing, &answer);
        }
    }

    /// What the server has said since; its name and state stay.
    fn look(&mut self) -> Vec<Message> {
        let received = self.world.received(self.link);
        for message in &received {
            self.actor.watch(message).unwrap_or_else(|objection| panic!("{objection}"));
        }
        received
    }

    /// Every book balances, what was reported is charged, and no more; a session that is over holds nothing.
    pub(crate) fn books(&self) {
        self.world.disk.audit();
        let account = self.world.account();
        let due = self.settled + self.bill();
        assert_eq!(account.main.to_string(), money(self.paid - due), "{} was paid, {due} is due", self.paid);
        let over = matches!(self.actor.phase(), None | Some(Phase::Over(_)));
        if over {
            assert_eq!(account.reserved.to_string(), "0.00");
        }
    }

    /// What the session has reported, in hundredths: by the octet, rounded up to steps of a KiB, at 1.00 a MiB, each
    /// quota by itself; by the second at 6.00 a minute. Group 20 is free.
    fn bill(&self) -> i64 {
        let manners = self.make().manners();
        let quotas = self.actor.session().into_iter().flat_map(|session| &session.quotas);
        let priced = quotas.filter(|quota| quota.group != Some(20) && manners.level != Level::Nothing);
        priced.map(|quota| price(manners.service, quota.reported)).sum()
    }

    fn settle_session(&mut self) {
        self.settled += self.bill();
    }

    pub(crate) fn balance(&self) -> String {
        self.world.account().main.to_string()
    }

    pub(crate) fn reserved(&self) -> String {
        self.world.account().reserved.to_string()
    }

    pub(crate) fn standing(&self, group: Option<u32>) -> Standing {
        self.actor.quota(group).unwrap().standing
    }

    pub(crate) fn phase(&self) -> Phase {
        self.actor.phase().unwrap()
    }
}

fn price(service: Service, units: u64) -> i64 {
    let units = i64::try_from(units).unwrap();
    match service {
        // (KiB × 100 / 1024) rounded half up
        Service::Data => ((units + 1_023) / 1_024 * 100 + 512) / 1_024,
        Service::Voice => units * 10,
        Service::Messages => 0,
    }
}

/// What a request reports, in hundredths; whole steps, so that parts add up.
fn reported(service: Service, outgoing: &Outgoing) -> i64 {
    let used = outgoing.ask.wants.iter().flat_map(|want| &want.used);
    let units =
        used.map(|used| if service == Service::Data { used.total() } else { used.seconds.into() }).sum();
    price(service, units)
}

fn money(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}
