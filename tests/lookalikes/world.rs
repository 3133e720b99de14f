//! A server without sockets, threads or clocks, and gateways that are connected to it: core, translation and peer
//! machines of both sides in one thread, under a time that the gateways' clocks move.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gyro::charging::account::{Account, Mode, Sequence};
use gyro::charging::policy::Policy;
use gyro::charging::session::Session;
use gyro::charging::units::{Digits, Money};
use gyro::diameter::base::local::{Application, Identity, LocalNode};
use gyro::diameter::dictionary::{Dictionary, builtin};
use gyro::diameter::frame::{Cut, cut};
use gyro::diameter::header::{ApplicationId, CommandCode, EndToEnd, HopByHop};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{self, parse};
use gyro::diameter::peer::event::PeerEvent;
use gyro::diameter::peer::ids::EndToEndIds;
use gyro::diameter::peer::limits::Limits as PeerLimits;
use gyro::diameter::peer::machine::{Config, Machine, Outgoing, SendError};
use gyro::diameter::peer::pending::Tag as PeerTag;
use gyro::diameter::peer::registry::{ConnectionId, Registry};
use gyro::diameter::peer::roster::{Roster, UnknownPeers};
use gyro::engine::core::reauth::{Demand, Reason, Scope, What};
use gyro::engine::core::sink::Recovered;
use gyro::engine::core::{
    Answered, Change, Command, Core, ErrandId, Handled, HashKey, Limits, Loaded, NewSubscriber, OperationKey,
    Route, Scanned, SessionKey, Settings, Tag, Told,
};
use gyro::ro::cca::{Asked, Origin, Refusal, refuse};
use gyro::ro::ccr::Ccr;
use gyro::ro::convert::{self, Charge};
use gyro::ro::profile::{Profiles, Rar};
use gyro::ro::reauth::{Reply, Verdict};
use gyro::ro::result;
use gyro::sim::ask::Who;
use gyro::sim::manners::Make;
use gyro::tariff;
use gyro::time::{Monotonic, Timestamp};

use crate::disk::Disk;

pub(crate) static DICTIONARY: LazyLock<Arc<Dictionary>> = LazyLock::new(|| Arc::new(builtin()));

pub(crate) const SERVER: &str = "ocs.gyro.localdomain";
pub(crate) const REALM: &str = "gyro.localdomain";
pub(crate) const MSISDN: &str = "77010000001";
pub(crate) const IMSI: &str = "401020000000001";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_767_225_600);

pub(crate) fn identity(text: &str) -> Identity {
    Identity::new(text).unwrap()
}

pub(crate) fn tariff_path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lookalikes/tariff.toml")
}

/// Who a gateway of this make is.
pub(crate) fn who(make: &dyn Make) -> Who {
    let manners = make.manners();
    Who {
        host: manners.host.into(),
        realm: manners.realm.into(),
        server_realm: REALM.into(),
        server_host: SERVER.into(),
        state_id: 1_700_000_000,
        msisdn: MSISDN.into(),
        imsi: IMSI.into(),
    }
}

/// One connection: the server's machine and the gateway's, and the octets between them.
struct Link {
    make: &'static dyn Make,
    server: Machine,
    gateway: Machine,
    to_server: BytesMut,
    to_gateway: BytesMut,
    /// The profile that the server speaks to it by, once it is up.
    profile: Option<Box<str>>,
    /// What the gateway has received that is no answer of a watchdog.
    received: Vec<Message>,
}

pub(crate) struct World {
    core: Core,
    pub(crate) disk: Disk,
    pub(crate) now: Timestamp,
    profiles: Profiles,
    registry: Registry,
    config: Arc<Config>,
    links: BTreeMap<ConnectionId, Link>,
    waiting: BTreeMap<Tag, (ConnectionId, Message)>,
    /// Clients that are asked.
    asked: BTreeMap<PeerTag, (ErrandId, Box<str>, bool)>,
    /// Answers that the server had to its own requests.
    pub(crate) replies: Vec<Message>,
    next: u64,
    run: Monotonic,
}

impl World {
    pub(crate) fn new() -> Self {
        let loaded = tariff::load(&tariff_path()).unwrap_or_else(|errors| panic!("{errors}"));
        let mut core = Core::new(Settings {
            limits: Limits::default(),
            policy: Policy::default(),
            catalogue: Arc::new(loaded.catalogue),
            hash_key: HashKey([7; 16]),
            hash_code: gyro::engine::run::hash_code,
        });
        core.on_recovered(&Recovered::default(), loaded.source.into(), START);
        for scanned in [Scanned::BucketsDone, Scanned::SessionsDone] {
            core.on_scanned(scanned, START);
        }
        let node = LocalNode::charging_server(identity(SERVER), identity(REALM), 1);
        let config = Config { node, limits: PeerLimits::DEFAULT, end_to_end: EndToEndIds::new(START, 1) };
        let mut world = Self {
            core,
            disk: Disk::default(),
            now: START,
            profiles: Profiles::BUILT_IN,
            registry: Registry::new(identity(SERVER), Roster::new([], UnknownPeers::Accept)),
            config: Arc::new(config),
            links: BTreeMap::new(),
            waiting: BTreeMap::new(),
            asked: BTreeMap::new(),
            replies: Vec::new(),
            next: 0,
            run: Monotonic::from_micros(1_000_000),
        };
        world.settle();
        let node = LocalNode { origin_state_id: world.core.origin_state(), ..world.config.node.clone() };
        let end_to_end = EndToEndIds::new(START, 1);
        world.config = Arc::new(Config { node, limits: PeerLimits::DEFAULT, end_to_end });
        world
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    // operators

    fn order(&mut self, what: Change) {
        let tag = Tag(self.number());
        let key = OperationKey(u128::from(tag.0).to_be_bytes());
        let command = Command { key, operator: "test".into(), what };
        self.core.command(tag, command, self.now);
        self.settle();
        let (_, outcome) = self.core.poll_reply().expect("a command is answered");
        outcome.unwrap_or_else(|error| panic!("{error}"));
    }

    /// A subscriber of a plan with so many hundredths.
    pub(crate) fn subscriber(&mut self, plan: &str, balance: i64) {
        self.order(Change::AddSubscriber(NewSubscriber {
            imsi: Digits::parse(IMSI),
            mode: Some(Mode::Advance),
            balance: Money::from_cents(balance).unwrap(),
            ..NewSubscriber::of(Digits::parse(MSISDN).unwrap(), plan)
        }));
    }

    pub(crate) fn topup(&mut self, cents: i64) {
        let amount = Money::from_cents(cents).unwrap();
        self.order(Change::Topup {
            msisdn: Digits::parse(MSISDN).unwrap(),
            amount,
            reference: None,
            note: None,
        });
    }

    pub(crate) fn account(&self) -> &Account {
        self.disk.accounts.values().next().expect("there is an account")
    }

    // time

    /// Time passes, and what is due at the server happens.
    pub(crate) fn pass_to(&mut self, at: Timestamp) {
        while self.now < at {
            let due = self.core.poll_timeout().unwrap_or(at);
            self.now = due.max(self.now.plus(Duration::from_millis(1))).min(at);
            self.core.handle_timeout(self.now);
            self.settle();
        }
        self.carry();
    }

    // connections

    /// A gateway of this make connects: capabilities are exchanged.
    pub(crate) fn connect(&mut self, make: &'static dyn Make) -> ConnectionId {
        let manners = make.manners();
        let node = LocalNode {
            product: manners.product.into(),
            origin_state_id: None,
            applications: vec![Application::credit_control_client()],
            ..LocalNode::charging_server(identity(manners.host), identity(manners.realm), 1)
        };
        let id = ConnectionId(self.number());
        let config = Config { node, limits: PeerLimits::DEFAULT, end_to_end: EndToEndIds::new(START, id.0) };
        let mut gateway = Machine::connect(Arc::new(config), None, HERE, id.0, self.run);
        gateway.handle_connected(HERE, self.run);
        let link = Link {
            make,
            server: Machine::accept(Arc::clone(&self.config), HERE, HERE, id.0, self.run),
            gateway,
            to_server: BytesMut::new(),
            to_gateway: BytesMut::new(),
            profile: None,
            received: Vec::new(),
        };
        self.links.insert(id, link);
        self.carry();
        assert!(self.links[&id].gateway.is_open(), "the CEA of {}", manners.name);
        id
    }

    /// The connection is gone on both sides.
    pub(crate) fn cut(&mut self, id: ConnectionId) {
        if let Some(mut link) = self.links.remove(&id) {
            link.server.handle_transport_closed();
            while let Some(notice) = link.server.poll_notice() {
                self.registry.handle_notice(id, notice);
            }
        }
    }

    /// The gateway writes octets, and everything that follows happens.
    pub(crate) fn send(&mut self, id: ConnectionId, octets: &[u8]) {
        self.links.get_mut(&id).expect("connected").to_server.extend_from_slice(octets);
        self.carry();
    }

    /// What the gateway has received since the last call.
    pub(crate) fn received(&mut self, id: ConnectionId) -> Vec<Message> {
        self.links.get_mut(&id).map(|link| std::mem::take(&mut link.received)).unwrap_or_default()
    }

    /// The gateway's watchdog asks whether the server is there.
    pub(crate) fn beat(&mut self, id: ConnectionId) {
        self.run = self.run.plus(Duration::from_secs(33));
        let now = self.run;
        self.links.get_mut(&id).expect("connected").gateway.handle_timeout(now);
        self.carry();
    }

    /// The server demands something of a session's client, as an operator has it do.
    pub(crate) fn demand(&mut self, session: &str, what: What) {
        let of = |(_, one): &(&SessionKey, &Session)| one.id.as_str() == session;
        let (key, _) = self.disk.sessions.iter().find(of).expect("a session");
        let demand =
            Demand { who: gyro::engine::core::reauth::Who::Session(*key), what, reason: Reason::Operator };
        self.core.demand(demand, self.now);
        self.settle();
        self.carry();
    }

    /// A RAR of a session that the server itself would not ask about any more.
    pub(crate) fn demand_of_old(&mut self, id: ConnectionId, session: &str) {
        let manners = self.links[&id].make.manners();
        let (host, realm) = (manners.host, manners.realm);
        let number = self.number();
        self.write_demand(id, number, session, (host, realm), What::Reauthorise(Scope::Session)).unwrap();
        self.carry();
    }

    fn write_demand(
        &mut self,
        id: ConnectionId,
        number: u64,
        session: &str,
        (host, realm): (&str, &str),
        what: What,
    ) -> Result<EndToEnd, SendError> {
        use gyro::ro::reauth;
        let what = match what {
            What::Reauthorise(Scope::Session) => reauth::What::ReAuthorise(reauth::Scope::Session),
            What::Reauthorise(Scope::RatingGroup(group)) => {
                reauth::What::ReAuthorise(reauth::Scope::RatingGroup(group))
            }
            What::Reauthorise(Scope::Service(service)) => {
                reauth::What::ReAuthorise(reauth::Scope::Service(service))
            }
            What::Abort => reauth::What::Abort,
        };
        let demand = reauth::Demand {
            what,
            session_id: session,
            origin_host: SERVER,
            origin_realm: REALM,
            destination_realm: realm,
            destination_host: host,
            origin_state_id: self.config.node.origin_state_id,
        };
        let outgoing = Outgoing {
            tag: PeerTag(number),
            command: what.command(),
            application: ApplicationId::CREDIT_CONTROL,
            deadline: self.run.plus(Duration::from_secs(10)),
            again: None,
        };
        let link = self.links.get_mut(&id).expect("connected");
        link.server.send(outgoing, |out| demand.fill(out))
    }

    /// Asks the clients that the core wants to be asked.
    fn errands(&mut self) -> bool {
        let mut moved = false;
        while let Some(errand) = self.core.poll_errand() {
            moved = true;
            let profile = self.profiles.by_name_or_standard(&errand.profile);
            let (follows, none) = (profile.rar == Rar::Reacts, profile.rar == Rar::None);
            let of = |(_, link): &(&ConnectionId, &Link)| link.make.manners().host == &*errand.host;
            let link = self.links.iter().find(of).map(|(id, _)| *id);
            let number = self.number();
            let told = match link {
                _ if none && errand.what != What::Abort => Told::NotWanted,
                None => Told::NoRoute,
                Some(id) => {
                    let to = (&*errand.host, &*errand.realm);
                    let token = self.write_demand(id, number, errand.session.as_str(), to, errand.what);
                    self.asked.insert(PeerTag(number), (errand.id, errand.host.clone(), follows));
                    Told::Sent { route: Route::of(id.0), token: token.unwrap().get() }
                }
            };
            self.core.told(errand.id, told, self.now);
        }
        moved
    }

    fn replied(&mut self, tag: PeerTag, message: &Message) {
        let Some((id, host, follows)) = self.asked.remove(&tag) else { return };
        let told = match Reply::read(message).verdict(&host) {
            Verdict::Done => Told::Done { follows },
            Verdict::Unknown => Told::Unknown,
            Verdict::Elsewhere => Told::Elsewhere,
            Verdict::Refused => Told::Refused,
        };
        self.core.told(id, told, self.now);
        self.settle();
    }

    /// Carries octets until none are left, and serves what comes.
    pub(crate) fn carry(&mut self) {
        loop {
            let mut moved = false;
            for id in self.links.keys().copied().collect::<Vec<_>>() {
                moved |= self.carry_one(id);
            }
            moved |= self.errands();
            while let Some((id, order)) = self.registry.poll_order() {
                if let Some(link) = self.links.get_mut(&id) {
                    link.server.handle_order(order, self.run);
                }
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }

    fn carry_one(&mut self, id: ConnectionId) -> bool {
        let mut moved = false;
        let run = self.run;
        let link = self.links.get_mut(&id).expect("connected");
        moved |= link.gateway.poll_transmit(&mut link.to_server);
        moved |= link.server.poll_transmit(&mut link.to_gateway);
        while let Ok(Cut::Message(octets)) = cut(&mut link.to_server, 1 << 20) {
            link.server.handle_message(read(octets), run);
            moved = true;
        }
        while let Ok(Cut::Message(octets)) = cut(&mut link.to_gateway, 1 << 20) {
            let message = read(octets);
            link.received.push(message.clone());
            let header = message.header();
            let answers_us = header.command == CommandCode::CREDIT_CONTROL && !header.flags.is_request();
            if !answers_us {
                link.gateway.handle_message(message, run);
            }
            moved = true;
        }
        // what the gateway's machine says of requests and states is seen in `received`
        while link.gateway.poll_event().is_some() {}
        let mut events = Vec::new();
        while let Some(event) = link.server.poll_event() {
            events.push(event);
        }
        while let Some(notice) = link.server.poll_notice() {
            self.registry.handle_notice(id, notice);
            moved = true;
        }
        for event in events {
            moved = true;
            self.event(id, event);
        }
        moved
    }

    fn event(&mut self, id: ConnectionId, event: PeerEvent) {
        match event {
            PeerEvent::Up(up) => {
                let link = self.links.get_mut(&id).expect("connected");
                let configured = link.make.manners().profile;
                let (profile, _) = self.profiles.select(configured, Some(&up.peer.product));
                link.profile = Some(profile.name.as_ref().into());
            }
            PeerEvent::Request(message) => self.serve(id, message),
            PeerEvent::Answer { tag, message } => {
                self.replied(tag, &message);
                self.replies.push(message);
            }
            PeerEvent::Objection { refusal, .. } => panic!("the server objects: {refusal:?}"),
            PeerEvent::OriginState(_)
            | PeerEvent::Timeout { .. }
            | PeerEvent::Down { .. }
            | PeerEvent::Close { .. } => {}
        }
    }

    // the server

    fn serve(&mut self, id: ConnectionId, message: Message) {
        let name = self.links[&id].profile.clone().expect("it is up");
        let profile = self.profiles.by_name_or_standard(&name);
        let catalogue = Arc::clone(self.core.catalogue());
        let serves = |context: &str| catalogue.service_of(context).is_some();
        let ccr = Ccr::read(&message, &DICTIONARY, profile).unwrap_or_else(|refused| panic!("{refused:?}"));
        let request = convert::request(ccr, profile, self.now, serves).expect("a request");
        let tag = Tag(self.number());
        let handled = self.core.handle(tag, request, self.now);
        self.waiting.insert(tag, (id, message));
        self.handled(tag, handled);
        self.settle();
    }

    fn handled(&mut self, tag: Tag, handled: Handled) {
        match handled {
            Handled::Parked => {}
            Handled::Answered(answered) => {
                // every batch is durable before anything is carried
                self.settle();
                self.answer(tag, Some(&answered));
            }
            Handled::Overloaded => self.answer(tag, None),
        }
    }

    fn answer(&mut self, tag: Tag, answered: Option<&Answered>) {
        let (id, message) = self.waiting.remove(&tag).expect("it waits");
        let Some(link) = self.links.get_mut(&id) else { return };
        let name = answered.and_then(|answered| answered.profile.clone()).or(link.profile.clone());
        let profile = self.profiles.by_name_or_standard(name.as_deref().unwrap_or("standard"));
        let origin = Origin { state_id: self.config.node.origin_state_id, ..Origin::new(SERVER, REALM) };
        let asked = Asked::of(&message);
        let out = &mut link.to_gateway;
        match answered {
            Some(answered) => {
                let charge = if answered.held.is_none() { Charge::Free } else { Charge::Counted };
                convert::answer(out, &origin, &asked, &answered.answer, charge, profile)
            }
            None => refuse(out, &origin, &asked, &Refusal::new(result::BUSY)),
        }
        .unwrap();
    }

    /// Loads, batches, and what waited for them.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(load) = self.core.poll_load() {
                let found = self.disk.load(load);
                self.core.on_loaded(Loaded { load, found }, self.now);
                moved = true;
            }
            if let Some(sequence) = self.core.poll_batch(&mut self.disk) {
                assert_eq!(sequence, Sequence(self.disk.last.0 + 1), "batches are dense");
                self.disk.last = sequence;
                self.core.on_durable(sequence, self.now);
                moved = true;
            }
            while let Some((tag, handled)) = self.core.poll_answer() {
                self.handled(tag, handled);
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }
}

pub(crate) fn read(octets: Bytes) -> Message {
    let message = parse(octets, &parse::Limits::DEFAULT, DICTIONARY.as_ref()).unwrap();
    assert_eq!(message.faults(), [], "{message:?}");
    message
}

/// New identifiers for each message.
pub(crate) fn ids(number: u64) -> (HopByHop, EndToEnd) {
    let number = u32::try_from(number).unwrap();
    (HopByHop::new(number), EndToEnd::new(0x5000_0000 + number))
}
