//! Subscribers and what they do with their phones, in charging's own words: sessions of traffic and calls, messages,
//! calls to free and emergency numbers, trips abroad; and gateways that repeat, fall silent, report late or too much.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use gyro::charging::answer::{Answer, Outcome};
use gyro::charging::request::{
    Action, ClientTraits, Identity, Kind, Measured, Part, Parties, Place, QuotaKey, Request, Role, SessionId,
    Shape, Used,
};
use gyro::charging::units::Digits;
use gyro::time::Timestamp;

use crate::auditor::Sent;
use crate::prices::MIB;
use crate::random::Random;

/// What a gateway has open for somebody.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) session: String,
    number: u32,
    pub(crate) service: &'static str,
    called: Option<String>,
    incoming: bool,
    abroad: bool,
    groups: Vec<Option<u32>>,
    /// What was granted last, for each group.
    granted: Vec<u64>,
    steps: u64,
    /// Its gateway says nothing more but a late word.
    silent: bool,
    pub(crate) last: Option<Request>,
}

pub(crate) struct Person {
    pub(crate) msisdn: Digits,
    pub(crate) credit: bool,
    pub(crate) call: Option<Call>,
    /// Another one that has ended, whose last word may come again.
    pub(crate) ended: Option<Request>,
    random: Random,
    serial: u32,
}

/// What somebody does next, and after how many seconds the next thing.
pub(crate) struct Step {
    pub(crate) send: Option<Request>,
    pub(crate) wait_secs: u64,
}

const ON_NET: &str = "77011234567";
const KZ: &str = "77051234567";
const WORLD: &str = "49301234567";

pub(crate) fn service_of(context: &str) -> &'static str {
    match context {
        "32251@3gpp.org" => "data",
        "32260@3gpp.org" => "voice",
        _ => "sms",
    }
}

fn context_of(service: &str) -> &'static str {
    match service {
        "data" => "32251@3gpp.org",
        "voice" => "32260@3gpp.org",
        _ => "32274@3gpp.org",
    }
}

impl Person {
    pub(crate) const fn new(msisdn: Digits, credit: bool, random: Random) -> Self {
        Self { msisdn, credit, call: None, ended: None, random, serial: 0 }
    }

    fn request(&self, call: &Call, kind: Kind, at: Timestamp) -> Request {
        let party = |role| Parties { role, ..Parties::default() };
        let mut parties = party(if call.incoming { Role::Terminating } else { Role::Originating });
        let address = call.called.as_ref().map(|called| {
            let address = if called.len() > 5 { format!("tel:+{called}") } else { called.clone() };
            address.into_boxed_str()
        });
        if call.service == "sms" {
            parties.recipients.extend(address);
        } else {
            parties.called = address;
        }
        let network = if call.abroad { "25001" } else { "40102" };
        Request {
            session: SessionId::new(&call.session).unwrap(),
            kind,
            number: call.number,
            digest: 0,
            client_host: "gw.example".into(),
            client_realm: "example".into(),
            profile: "standard".into(),
            traits: ClientTraits::default(),
            identities: vec![Identity::E164(self.msisdn)],
            context: context_of(call.service).into(),
            at,
            parties,
            place: Place { serving_plmn: Digits::parse(network), radio: Some(6) },
            shape: Shape::PerGroup,
            advice: false,
            parts: Vec::new(),
        }
    }

    /// What is done next: the session goes on, or something begins.
    pub(crate) fn step(&mut self, now: Timestamp) -> Step {
        if self.call.is_some() {
            return self.go_on(now);
        }
        // a repeat of what was over long ago
        if self.random.chance(20)
            && let Some(last) = self.ended.clone()
        {
            return Step { send: Some(last), wait_secs: self.random.between(600, 7_200) };
        }
        let wait_secs = self.random.between(4 * 3_600, 95 * 3_600);
        self.serial += 1;
        let session = format!("{};{}", self.msisdn, self.serial);
        let abroad = self.random.chance(60);
        let call = |service, called: Option<&str>| Call {
            session,
            number: 0,
            service,
            called: called.map(Into::into),
            incoming: false,
            abroad,
            groups: vec![None],
            granted: vec![0],
            steps: 0,
            silent: false,
            last: None,
        };
        let draw = self.random.below(100);
        let random = &mut self.random;
        let to = *random.pick(&[ON_NET, ON_NET, KZ, KZ, WORLD, "7750", "3030"]);
        let call = match draw {
            0..50 => {
                let groups = if random.chance(300) { vec![Some(10), Some(20)] } else { vec![Some(10)] };
                let granted = vec![0; groups.len()];
                Call { groups, granted, steps: random.between(1, 5), ..call("data", None) }
            }
            50..72 => Call { steps: random.between(1, 5), ..call("voice", Some(to)) },
            72..78 => Call { steps: random.between(1, 3), incoming: true, ..call("voice", Some(ON_NET)) },
            78..80 => Call { steps: 1, ..call("voice", Some("112")) },
            80..98 => call("sms", Some(if to.len() > 5 { to } else { KZ })),
            _ => return self.enquire(&call("sms", Some(KZ)), now, wait_secs),
        };
        if call.service == "sms" {
            let mut request = self.request(&call, Kind::Event(Action::Debit), now);
            let count = self.random.between(1, 3);
            let requested = Some(Measured { pieces: Some(count), ..Measured::default() });
            request.parts.push(Part { requested, ..Part::default() });
            return Step { send: Some(digested(request)), wait_secs };
        }
        let mut request = self.request(&call, Kind::Initial, now);
        for group in &call.groups {
            let key = QuotaKey { rating_group: *group, services: Vec::new() };
            request.parts.push(Part { key, requested: Some(Measured::default()), ..Part::default() });
        }
        let request = digested(request);
        self.call = Some(Call { last: Some(request.clone()), ..call });
        Step { send: Some(request), wait_secs: self.random.between(5, 900) }
    }

    fn enquire(&mut self, call: &Call, now: Timestamp, wait_secs: u64) -> Step {
        let action = *self.random.pick(&[Action::CheckBalance, Action::PriceEnquiry]);
        let mut request = self.request(call, Kind::Event(action), now);
        let requested = Some(Measured { pieces: Some(1), ..Measured::default() });
        request.parts.push(Part { requested, ..Part::default() });
        Step { send: Some(digested(request)), wait_secs }
    }

    fn go_on(&mut self, now: Timestamp) -> Step {
        let mut call = self.call.take().expect("it is open");
        // the same once more
        if self.random.chance(40)
            && let Some(last) = call.last.clone()
        {
            self.call = Some(call);
            return Step { send: Some(last), wait_secs: self.random.between(1, 600) };
        }
        if call.steps > 0 && !call.silent && self.random.chance(30) {
            call.silent = true;
            // and a late word, or none
            let late = self.random.chance(600);
            let wait_secs = self.random.between(3_600, 60 * 3_600);
            self.call = late.then_some(call);
            return Step { send: None, wait_secs };
        }
        call.number += 1;
        let ends = call.steps <= 1 || call.silent;
        call.steps = call.steps.saturating_sub(1);
        let kind = if ends { Kind::Terminate } else { Kind::Update };
        let mut request = self.request(&call, kind, now);
        for (group, granted) in call.groups.iter().zip(&call.granted) {
            let used = self.use_of(*granted, call.service);
            let key = QuotaKey { rating_group: *group, services: Vec::new() };
            let measured = match call.service {
                "data" => Measured { total_octets: Some(used), ..Measured::default() },
                _ => Measured { seconds: Some(used), ..Measured::default() },
            };
            let used = if used > 0 { vec![Used { measured, side: None }] } else { Vec::new() };
            let requested = (!ends).then(Measured::default);
            request.parts.push(Part { key, requested, used, ..Part::default() });
        }
        let request = digested(request);
        if ends {
            self.ended = Some(request.clone());
        } else {
            self.call = Some(Call { last: Some(request.clone()), ..call });
        }
        let wait_secs =
            if ends { self.random.between(4 * 3_600, 95 * 3_600) } else { self.random.between(5, 1_800) };
        Step { send: Some(request), wait_secs }
    }

    /// How much of a grant is used: some, all, nothing, or more.
    fn use_of(&mut self, granted: u64, service: &str) -> u64 {
        if granted == 0 {
            // without a grant a gateway has, rarely, let something through
            let leak = if service == "data" { 100_000 } else { 5 };
            return if self.random.chance(30) { self.random.between(1, leak) } else { 0 };
        }
        match self.random.below(100) {
            0..8 => 0,
            8..30 => granted,
            30..35 => granted + self.random.between(1, if service == "data" { MIB } else { 30 }),
            _ => self.random.between(1, granted),
        }
    }

    /// What was answered.
    pub(crate) fn answered(&mut self, session: &str, answer: &Answer) {
        let Some(call) = self.call.as_mut().filter(|call| call.session == session) else { return };
        if answer.outcome != Outcome::Done {
            self.call = None;
            return;
        }
        for (group, granted) in call.groups.iter().zip(&mut call.granted) {
            let part = answer.parts.iter().find(|part| part.key.rating_group == *group);
            *granted = part.and_then(|part| part.grant.as_ref()).map_or(0, |grant| grant.amount.count);
        }
        if call.granted.iter().all(|granted| *granted == 0) {
            call.steps = call.steps.min(1);
        }
    }

    /// What is open is lost: its gateway has ended it by itself.
    pub(crate) fn hang_up(&mut self) {
        self.call = None;
    }
}

/// A digest of what it says, as the translation makes one.
fn digested(request: Request) -> Request {
    let mut hasher = DefaultHasher::new();
    format!("{:?}", request.parts).hash(&mut hasher);
    Request { digest: hasher.finish(), ..request }
}

/// What a request reports, for the auditor.
pub(crate) fn reported(request: &Request) -> Vec<(QuotaKey, u64)> {
    let event = matches!(request.kind, Kind::Event(Action::Debit));
    let of = |part: &Part| {
        let count =
            |measured: &Measured| measured.total_octets.or(measured.seconds).or(measured.pieces).unwrap_or(0);
        let used: u64 = part.used.iter().map(|used| count(&used.measured)).sum();
        let asked = part.requested.as_ref().filter(|_| event).map_or(0, count);
        (part.key.clone(), used + asked)
    };
    request.parts.iter().map(of).collect()
}

/// The called party, as a number.
pub(crate) fn called(request: &Request) -> Option<&str> {
    let address =
        request.parties.called.as_deref().or(request.parties.recipients.first().map(|one| &**one))?;
    Some(address.strip_prefix("tel:+").unwrap_or(address))
}

/// A request as the auditor is told of it.
pub(crate) fn sent<'a>(request: &'a Request, msisdn: Digits, used: &'a [(QuotaKey, u64)]) -> Sent<'a> {
    let abroad = request.place.serving_plmn == Digits::parse("25001");
    Sent {
        session: request.session.as_str(),
        kind: request.kind,
        number: request.number,
        msisdn,
        at: request.at,
        service: service_of(&request.context),
        called: called(request),
        incoming: request.parties.role == Role::Terminating,
        abroad,
        used,
    }
}
