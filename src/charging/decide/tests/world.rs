//! A world of one account: it loads, decides, commits in memory, and audits the books after each step.

use std::collections::BTreeMap;

use crate::charging::account::{Account, AccountId, Allowance, Mode, Subscriber};
use crate::charging::answer::{
    Answer, Denial, FinalUnit, Grant, Limit, Outcome, PartAnswer, Reach, Redirect,
};
use crate::charging::books::audit::{audit, audit_bundles};
use crate::charging::books::expiry::expire;
use crate::charging::books::operations::tests::{cents, subscriber};
use crate::charging::books::operations::{Act, bundles_of, open};
use crate::charging::catalogue::{
    Bundle, Catalogue, Covers, Currency, Destination, DestinationIx, Direction, Holidays, LimitIx,
    Limitation, Parts, Plan, QuotaShape, Rate, RatingGroup, Service, ServiceIx, Then,
};
use crate::charging::cdr::{Cdr, CdrPolicy};
use crate::charging::decide::decide;
use crate::charging::free_numbers::FreeNumbers;
use crate::charging::ledger::{EntryKind, LedgerEntry};
use crate::charging::notice::{Notice, NoticePolicy};
use crate::charging::policy::Policy;
use crate::charging::refund::Token;
use crate::charging::request::{
    Action, ClientTraits, Kind, Measured, Part, Parties, Place, QuotaKey, Reason, Request, Role, SessionId,
    Shape, Used,
};
use crate::charging::session::Session;
use crate::charging::snapshot::{Changes, EventRecord, Notes, Snapshot};
use crate::charging::units::{Amount, Digits, Money, Unit};
use crate::time::Timestamp;

pub(in crate::charging) const DATA: ServiceIx = ServiceIx(0);
pub(in crate::charging) const VOICE: ServiceIx = ServiceIx(1);
pub(in crate::charging) const SMS: ServiceIx = ServiceIx(2);
pub(in crate::charging) const MB: u64 = 1_000_000;

/// A tariff to start from, and to change: data 1.00 a megabyte in group 10 and 3.00 else, group 20 free;
/// calls 6.00 a minute by the second to `kz_mobile`, 3.00 to `on_net`, 2.00 an SMS anywhere.
pub(in crate::charging) fn tariff() -> Parts {
    let service = |name: &str, context: &str, unit, max_call_secs| Service {
        name: name.into(),
        context: context.into(),
        unit,
        max_call_secs,
    };
    let group = |number, free| RatingGroup { number, service: DATA, class: None, free };
    let digits = |text: &str| Digits::parse(text).unwrap();
    let numbers = |all: &[&str]| all.iter().map(|number| digits(number)).collect::<Vec<_>>();
    let destination = |name: &str, prefixes: &[&str]| Destination {
        name: name.into(),
        prefixes: numbers(prefixes),
        codes: Vec::new(),
        whole_file: false,
    };
    Parts {
        version: 1,
        currency: Currency { code: *b"KZT", numeric: 398 },
        timezone: "Asia/Almaty".into(),
        services: vec![
            service("data", "32251@3gpp.org", Unit::Octets, None),
            service("voice", "32260@3gpp.org", Unit::Seconds, Some(1_800)),
            service("sms", "32274@3gpp.org", Unit::Pieces, None),
        ],
        rating_groups: vec![group(10, false), group(20, true), group(30, false)],
        numbers: FreeNumbers::new(
            &numbers(&FreeNumbers::DEFAULT_EMERGENCY),
            &numbers(&FreeNumbers::DEFAULT_FREE),
        ),
        destinations: vec![
            destination("on_net", &["7701", "7702"]),
            destination("kz_mobile", &["770", "7747"]),
        ],
        bands: Vec::new(),
        holidays: Holidays::default(),
        roaming: None,
        content: Vec::new(),
        plans: vec![Plan {
            name: "first".into(),
            modes: vec![Mode::Advance, Mode::Credit],
            bundles: Vec::new(),
            rates: vec![
                rate(DATA, &[10], &[], 100, MB, 1_000),
                rate(DATA, &[], &[], 300, MB, 1_000),
                rate(VOICE, &[], &[1], 600, 60, 1),
                rate(VOICE, &[], &[0], 300, 60, 1),
                rate(SMS, &[], &[], 200, 1, 1),
            ],
            quotas: vec![
                QuotaShape {
                    grant: Some(50 * MB),
                    threshold_percent: Some(20),
                    validity_secs: 3_600,
                    holding_secs: Some(600),
                    ..QuotaShape::default()
                },
                QuotaShape { grant: Some(60), validity_secs: 600, ..QuotaShape::default() },
                QuotaShape { validity_secs: 600, ..QuotaShape::default() },
            ],
            ..Plan::default()
        }],
    }
}

/// The same tariff, whose plan limits a service instead of ending it, for five minutes at a time.
pub(in crate::charging) fn limiting(action: FinalUnit) -> Parts {
    let mut parts = tariff();
    parts.plans[0].limitations = vec![Limitation { action, validity_secs: 300 }];
    parts.plans[0].out_of_money = Some(LimitIx(0));
    parts
}

/// A redirect that leaves one filter and one rule open.
pub(in crate::charging) fn redirect(to: &str) -> FinalUnit {
    let open = Reach {
        filters: vec!["portal".into()],
        rules: vec!["permit out ip from 192.0.2.10 to assigned".into()],
    };
    FinalUnit::Redirect(Box::new(Redirect { to: to.into(), open }))
}

/// A restriction to what one filter leaves.
pub(in crate::charging) fn restrict(filter: &str) -> FinalUnit {
    FinalUnit::Restrict(Box::new(Reach { filters: vec![filter.into()], rules: Vec::new() }))
}

pub(in crate::charging) fn rate(
    service: ServiceIx,
    groups: &[u32],
    to: &[u16],
    price: i64,
    per: u64,
    step: u64,
) -> Rate {
    Rate {
        covers: covers(service, groups, to),
        name: format!("{service:?} {groups:?} {to:?}").into(),
        price: cents(price),
        per,
        step,
        first: 0,
        connect: Money::ZERO,
        tiers: Vec::new(),
        direction: Direction::default(),
        bands: Vec::new(),
    }
}

pub(in crate::charging) fn bundle(id: &str, covers: Covers, unit: Unit, count: u64, then: Then) -> Bundle {
    Bundle { id: id.into(), covers, amount: Amount::new(unit, count), priority: 0, then, notify: None }
}

pub(in crate::charging) fn covers(service: ServiceIx, groups: &[u32], to: &[u16]) -> Covers {
    Covers {
        service,
        rating_groups: groups.to_vec(),
        destinations: to.iter().copied().map(DestinationIx).collect(),
    }
}

pub(in crate::charging) fn octets(count: u64) -> Measured {
    Measured { total_octets: Some(count), ..Measured::default() }
}

pub(in crate::charging) fn seconds(count: u64) -> Measured {
    Measured { seconds: Some(count), ..Measured::default() }
}

pub(in crate::charging) fn pieces(count: u64) -> Measured {
    Measured { pieces: Some(count), ..Measured::default() }
}

pub(in crate::charging) fn group(number: u32) -> QuotaKey {
    QuotaKey { rating_group: Some(number), services: Vec::new() }
}

/// A request under construction.
#[derive(Clone, Debug)]
pub(in crate::charging) struct Ask(pub(in crate::charging) Request);

impl Ask {
    pub(in crate::charging) fn new(kind: Kind, session: &str, number: u32, context: &str) -> Self {
        Self(Request {
            session: SessionId::new(session).unwrap(),
            kind,
            number,
            digest: u64::from(number),
            client_host: "pgw".into(),
            client_realm: "realm".into(),
            profile: "standard".into(),
            traits: ClientTraits { holding_time: true, refund: true, ..ClientTraits::default() },
            identities: Vec::new(),
            context: context.into(),
            at: Timestamp::EPOCH,
            parties: Parties::default(),
            place: Place::default(),
            shape: Shape::PerGroup,
            advice: false,
            parts: Vec::new(),
        })
    }

    pub(in crate::charging) fn data(kind: Kind, session: &str, number: u32) -> Self {
        Self::new(kind, session, number, "8.32251@3gpp.org")
    }

    pub(in crate::charging) fn voice(kind: Kind, session: &str, number: u32, to: &str) -> Self {
        Self::new(kind, session, number, "32260@3gpp.org").to(to)
    }

    pub(in crate::charging) fn sms(session: &str, recipients: &[&str]) -> Self {
        let mut ask = Self::new(Kind::Event(Action::Debit), session, 0, "32274@3gpp.org");
        ask.0.parties.recipients = recipients.iter().map(|&one| one.into()).collect();
        ask
    }

    /// An event of that action.
    pub(in crate::charging) fn event(action: Action, session: &str, context: &str) -> Self {
        Self::new(Kind::Event(action), session, 0, context)
    }

    /// The same, with another action.
    pub(in crate::charging) fn action(mut self, action: Action) -> Self {
        self.0.kind = Kind::Event(action);
        self
    }

    /// A part that gives back what a token names, and no more than `asked` where that is said.
    pub(in crate::charging) fn back(self, token: &[u8], asked: Option<Measured>) -> Self {
        let key = QuotaKey::default();
        self.part(Part { key, requested: asked, refund: Some(token.into()), ..Part::default() })
    }

    pub(in crate::charging) fn to(mut self, called: &str) -> Self {
        self.0.parties.called = Some(called.into());
        self
    }

    pub(in crate::charging) fn role(mut self, role: Role) -> Self {
        self.0.parties.role = role;
        self
    }

    pub(in crate::charging) fn digest(mut self, digest: u64) -> Self {
        self.0.digest = digest;
        self
    }

    /// A part that asks and leaves the number to the server.
    pub(in crate::charging) fn ask(self, key: QuotaKey) -> Self {
        self.part(Part { key, requested: Some(Measured::default()), ..Part::default() })
    }

    pub(in crate::charging) fn ask_for(self, key: QuotaKey, wanted: Measured) -> Self {
        self.part(Part { key, requested: Some(wanted), ..Part::default() })
    }

    /// A part that reports and asks.
    pub(in crate::charging) fn more(self, key: QuotaKey, used: Measured) -> Self {
        let used = vec![Used { measured: used, side: None }];
        self.part(Part { key, requested: Some(Measured::default()), used, ..Part::default() })
    }

    /// A part that reports alone.
    pub(in crate::charging) fn used(self, key: QuotaKey, used: Measured) -> Self {
        let used = vec![Used { measured: used, side: None }];
        self.part(Part { key, used, ..Part::default() })
    }

    /// From a client that redirects and restricts.
    pub(in crate::charging) fn limitable(mut self) -> Self {
        (self.0.traits.redirect, self.0.traits.restrict) = (true, true);
        self
    }

    pub(in crate::charging) fn reason(mut self, reason: Reason) -> Self {
        self.0.parts.last_mut().unwrap().reason = Some(reason);
        self
    }

    pub(in crate::charging) fn part(mut self, part: Part) -> Self {
        self.0.parts.push(part);
        self
    }
}

/// The world.
#[derive(Clone)]
pub(in crate::charging) struct World {
    pub(in crate::charging) catalogue: Catalogue,
    pub(in crate::charging) policy: Policy,
    pub(in crate::charging) now: Timestamp,
    pub(in crate::charging) account: Account,
    pub(in crate::charging) subscriber: Subscriber,
    pub(in crate::charging) sessions: BTreeMap<String, Session>,
    pub(in crate::charging) events: Vec<EventRecord>,
    pub(in crate::charging) ledger: Vec<LedgerEntry>,
    pub(in crate::charging) notes: Notes,
    pub(in crate::charging) changes: Changes,
    pub(in crate::charging) stopped: bool,
    pub(in crate::charging) cdrs: Vec<Cdr>,
    pub(in crate::charging) notices: Vec<Notice>,
}

impl World {
    /// A prepaid number with this many hundredths, on the tariff and with the full bundles of its plan.
    pub(in crate::charging) fn new(tariff: Parts, main: i64) -> Self {
        let (account, entry) = open(AccountId(7), Mode::Advance, cents(main), Act::default()).unwrap();
        let mut subscriber = subscriber();
        subscriber.allowances = bundles_of(&tariff.plans[0]);
        Self {
            catalogue: Catalogue::new(tariff),
            policy: Policy {
                cdr: CdrPolicy { on: true, ..CdrPolicy::default() },
                notices: NoticePolicy { on: true, ..NoticePolicy::default() },
                ..Policy::default()
            },
            now: Timestamp::from_secs(1_000_000),
            account,
            subscriber,
            sessions: BTreeMap::new(),
            events: Vec::new(),
            ledger: entry.into_iter().collect(),
            notes: Notes::default(),
            changes: Changes::default(),
            stopped: false,
            cdrs: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Decides and commits a request that happened now.
    pub(in crate::charging) fn send(&mut self, ask: &Ask) -> Answer {
        self.send_at(ask, self.now)
    }

    /// Decides and commits a request that happened then.
    pub(in crate::charging) fn send_at(&mut self, ask: &Ask, at: Timestamp) -> Answer {
        let mut request = ask.0.clone();
        request.at = at;
        let key = request.session.as_str().to_owned();
        let same = |event: &&EventRecord| {
            event.session == request.session && event.number == request.number && event.kind == request.kind
        };
        let event = self.events.iter().find(same).cloned();
        let debit = |token: Token| {
            let same = |event: &&EventRecord| {
                event.session == token.session
                    && event.number == token.number
                    && event.kind == Kind::Event(Action::Debit)
            };
            self.events.iter().find(same).cloned()
        };
        let refunds = Token::of(&request).and_then(debit);
        let before = Snapshot { refunds, ..self.snapshot(&key, event) };
        let decision = decide(before.clone(), &request, &self.catalogue, &self.policy, self.now);
        self.commit(&key, &before, decision.snapshot, decision.changes);
        self.notes = decision.notes;
        decision.answer
    }

    /// Lets time pass, and sweeps.
    pub(in crate::charging) fn pass(&mut self, secs: i64) {
        self.skip(secs);
        let keys: Vec<_> = self.sessions.keys().cloned().collect();
        for key in keys {
            let before = self.snapshot(&key, None);
            let expired = expire(before.clone(), &self.policy, self.now);
            self.commit(&key, &before, expired.snapshot, expired.changes);
        }
    }

    /// Lets time pass without a sweep.
    pub(in crate::charging) fn skip(&mut self, secs: i64) {
        self.skip_micros(secs * 1_000_000);
    }

    pub(in crate::charging) fn skip_micros(&mut self, micros: i64) {
        self.now = Timestamp::from_micros(self.now.micros() + micros);
    }

    pub(in crate::charging) fn topup(&mut self, amount: i64) {
        let account = self.account.clone();
        let topup = crate::charging::books::operations::topup(account, cents(amount), Act::default());
        let (account, entry) = topup.unwrap();
        self.account = account;
        self.ledger.push(entry);
    }

    fn snapshot(&self, key: &str, event: Option<EventRecord>) -> Snapshot {
        Snapshot {
            account: self.account.clone(),
            subscriber: self.subscriber.clone(),
            session: self.sessions.get(key).cloned().map(Box::new),
            event,
            refunds: None,
            stopped: self.stopped,
        }
    }

    /// What records say was charged and used, with what sessions have gathered for the next, is what the ledger says.
    fn audit_cdrs(&self) {
        if !self.policy.cdr.on {
            return;
        }
        let open = self.sessions.values().flat_map(|session| &session.quotas);
        let open = open.filter_map(|quota| quota.tally.as_deref()).flat_map(|tally| &tally.lines);
        let lines: Vec<_> = self.cdrs.iter().flat_map(|cdr| &cdr.lines).chain(open).collect();
        let charged: i64 = lines.iter().map(|line| line.main.micros() + line.bonus.micros()).sum();
        let uses = || self.ledger.iter().filter_map(|entry| Some((entry, entry.usage.as_ref()?)));
        assert_eq!(
            charged,
            -uses().map(|(entry, _)| entry.amount.micros()).sum::<i64>(),
            "records and ledger"
        );
        let units: u128 = lines.iter().map(|line| u128::from(line.units)).sum();
        assert_eq!(
            units,
            uses().map(|(_, used)| u128::from(used.used.count)).sum::<u128>(),
            "units of records"
        );
        let bundles =
            lines.iter().flat_map(|line| &line.bundles).map(|of| u128::from(of.units)).sum::<u128>();
        let refunded = |entry: &LedgerEntry| entry.kind == EntryKind::Refund;
        let spent =
            uses().filter(|(entry, _)| !refunded(entry)).map(|(_, used)| u128::from(used.from_bundles));
        assert!(bundles >= spent.sum::<u128>(), "units of bundles");
        let mut parts: Vec<_> =
            self.cdrs.iter().map(|cdr| (&cdr.session, cdr.incarnation, &cdr.key, cdr.part)).collect();
        let all = parts.len();
        parts.sort();
        parts.dedup();
        assert!(parts.len() == all || !self.events.is_empty(), "a part of a session has one record");
    }

    /// Commits what changed, and proves that what is not said to have changed has not, and the books.
    fn commit(&mut self, key: &str, before: &Snapshot, after: Snapshot, changes: Changes) {
        assert_eq!(changes.account, before.account != after.account, "account said to change");
        assert_eq!(changes.subscriber, before.subscriber != after.subscriber, "subscriber said to change");
        assert!(changes.session || before.session == after.session, "session changed silently");
        let counted = |before: u64, changed: bool| before + u64::from(changed);
        assert_eq!(after.account.revision, counted(before.account.revision, changes.account));
        assert_eq!(after.subscriber.revision, counted(before.subscriber.revision, changes.subscriber));
        for entry in &changes.ledger {
            assert_eq!(entry.previous, before.account.ledger_head);
        }
        self.account = after.account;
        self.subscriber = after.subscriber;
        match after.session {
            Some(session) => self.sessions.insert(key.to_owned(), *session),
            None => self.sessions.remove(key),
        };
        self.ledger.extend(changes.ledger.iter().cloned());
        self.cdrs.extend(changes.cdrs.iter().cloned());
        self.notices.extend(changes.notices.iter().cloned());
        self.audit_cdrs();
        if let Some(refunded) = &changes.refunded {
            let same = |event: &&mut EventRecord| {
                event.session == refunded.session
                    && event.number == refunded.number
                    && event.kind == refunded.kind
            };
            *self.events.iter_mut().find(same).unwrap() = refunded.clone();
        }
        self.events.extend(changes.event.iter().cloned());
        self.changes = changes;
        self.audit();
    }

    pub(in crate::charging) fn audit(&self) {
        let sessions: Vec<_> = self.sessions.values().cloned().collect();
        audit(&self.account, &sessions, &self.ledger).unwrap();
        audit_bundles(&self.subscriber, &sessions).unwrap();
    }

    pub(in crate::charging) fn main(&self) -> Money {
        self.account.main
    }

    pub(in crate::charging) fn reserved(&self) -> Money {
        self.account.reserved
    }

    pub(in crate::charging) fn session(&self, key: &str) -> &Session {
        &self.sessions[key]
    }

    pub(in crate::charging) fn allowance(&self, bundle: &str) -> &Allowance {
        self.subscriber.allowances.iter().find(|one| *one.bundle == *bundle).unwrap()
    }

    /// The use of the last ledger entry.
    pub(in crate::charging) fn last_use(&self) -> &crate::charging::ledger::ChargedUse {
        self.ledger.last().unwrap().usage.as_ref().unwrap()
    }
}

/// The only part's grant.
pub(in crate::charging) fn granted(answer: &Answer) -> &Grant {
    assert_eq!(answer.outcome, Outcome::Done, "{answer:?}");
    let [PartAnswer { outcome: Outcome::Done, grant: Some(grant), .. }] = answer.parts.as_slice() else {
        panic!("one grant was expected: {answer:?}");
    };
    grant
}

/// The only part's refusal, in the part and above.
pub(in crate::charging) fn refused(answer: &Answer) -> Denial {
    let Outcome::Denied(above) = answer.outcome else { panic!("a refusal was expected: {answer:?}") };
    let parts =
        answer.parts.iter().all(|part| part.outcome == Outcome::Denied(above) && part.grant.is_none());
    assert!(parts, "{answer:?}");
    above
}

/// The part's refusal below a success.
pub(in crate::charging) fn refused_in(answer: &Answer, at: usize) -> Denial {
    assert_eq!(answer.outcome, Outcome::Done, "{answer:?}");
    let Outcome::Denied(denial) = answer.parts[at].outcome else { panic!("part {at}: {answer:?}") };
    assert_eq!((&answer.parts[at].grant, &answer.parts[at].limit), (&None, &None));
    denial
}

/// The only part's limitation: done, nothing granted, a validity.
pub(in crate::charging) fn limited(answer: &Answer) -> &Limit {
    assert_eq!(answer.outcome, Outcome::Done, "{answer:?}");
    let [PartAnswer { outcome: Outcome::Done, grant: None, limit: Some(limit), .. }] =
        answer.parts.as_slice()
    else {
        panic!("one limitation was expected: {answer:?}");
    };
    assert!(limit.validity_secs > 0 && limit.action != FinalUnit::Terminate, "{limit:?}");
    limit
}

/// Done, without a grant and without a limitation anywhere.
pub(in crate::charging) fn done(answer: &Answer) {
    assert_eq!(answer.outcome, Outcome::Done, "{answer:?}");
    assert!(
        answer
            .parts
            .iter()
            .all(|part| part.outcome == Outcome::Done && part.grant.is_none() && part.limit.is_none()),
        "{answer:?}"
    );
}
