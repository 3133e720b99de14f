//! A charging server of one account without a network: octets of a CCR in, octets of a CCA out, and books that are
//! audited after each answer.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use gyro::charging::account::{Account, AccountId, Brand, Mode, Standing, Subscriber};
use gyro::charging::answer::Denial;
use gyro::charging::books::audit::{audit, audit_bundles};
use gyro::charging::books::operations::{Act, bundles_of, open};
use gyro::charging::catalogue::{Catalogue, PlanIx};
use gyro::charging::decide::{decide, refuse};
use gyro::charging::emergency::emergency;
use gyro::charging::ledger::LedgerEntry;
use gyro::charging::policy::Policy;
use gyro::charging::refund::Token;
use gyro::charging::request::{Action, Identity, Kind, Measured, Request};
use gyro::charging::session::Session;
use gyro::charging::snapshot::{EventRecord, Snapshot};
use gyro::charging::units::{Digits, Money};
use gyro::diameter::message::Message;
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::tree::AvpTree;
use gyro::ro::cca::{Asked, Cca, Origin};
use gyro::ro::ccr::Ccr as Read;
use gyro::ro::convert::{self, Charge};
use gyro::ro::fields::Field as F;
use gyro::ro::profile::{Profile, Profiles};
use gyro::tariff;
use gyro::time::Timestamp;

use crate::rfc8506::{Ccr, DICTIONARY, group, long, mscc_of, number, text, word};

pub(crate) const OWN: &str = "77010000001";
pub(crate) const MOBILE: &str = "77051112233";
pub(crate) const ON_NET: &str = "77021112233";
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

/// Data 1.00 a megabyte; calls 6.00 a minute by the second, 3.00 on the own network; an SMS 2.00, 0.50 on the own
/// network; an MMS 10.00; two services of the operator's own.
const TARIFF: &str = r#"format = 1
currency = "KZT"
timezone = "Asia/Almaty"
[services]
data = { context = "32251@3gpp.org" }
voice = { context = "32260@3gpp.org" }
circuit = { context = "32276@3gpp.org" }
sms = { context = "32274@3gpp.org" }
mms = { context = "32270@3gpp.org" }
lottery = { context = "Lottery draw, 2nd kind", unit = "pieces" }
shop = { context = "shop.kcell.kz", unit = "money" }
[destinations]
on_net = { prefix = ["7701", "7702"] }
mobile = { prefix = ["7705"] }
[rating_groups]
10 = { service = "data" }
20 = { service = "data", price = "0" }
[plans.all]
modes = ["advance"]
rate = [
  { service = "data", price = "1", per = "1MB", step = "1KB" },
  { service = "voice", to = ["mobile"], price = "6", per = "1min", step = "1s" },
  { service = "voice", to = ["on_net"], price = "3", per = "1min", step = "1s" },
  { service = "circuit", to = ["mobile"], price = "6", per = "1min", step = "1s" },
  { service = "sms", price = "2" },
  { service = "sms", to = ["on_net"], price = "0.50" },
  { service = "mms", price = "10" },
  { service = "lottery", price = "100" },
  { service = "shop", price = "1" },
]
[plans.all.quota]
data = { grant = "50MB", threshold = "20%", validity = "1h" }
voice = { grant = "60s", validity = "10min" }
"#;

fn catalogue(tail: &str) -> Catalogue {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.toml"), [TARIFF, tail].concat()).unwrap();
    tariff::load(folder.path()).unwrap().catalogue
}

pub(crate) struct Counter {
    catalogue: Catalogue,
    policy: Policy,
    profile: Profile,
    pub(crate) now: Timestamp,
    pub(crate) account: Account,
    pub(crate) subscriber: Subscriber,
    pub(crate) sessions: BTreeMap<String, Session>,
    events: Vec<EventRecord>,
    pub(crate) ledger: Vec<LedgerEntry>,
}

/// A CCA as its client has it.
#[derive(Debug)]
pub(crate) struct Reply(Message);

impl Counter {
    /// A subscriber with so many hundredths, and a client of `standard`.
    pub(crate) fn new(cents: i64) -> Self {
        Self::with(cents, Profiles::standard().clone())
    }

    pub(crate) fn with(cents: i64, profile: Profile) -> Self {
        Self::of(cents, profile, catalogue(""))
    }

    /// The same, where the tariff says this besides.
    pub(crate) fn sold_also(cents: i64, tail: &str) -> Self {
        Self::of(cents, Profiles::standard().clone(), catalogue(tail))
    }

    fn of(cents: i64, profile: Profile, catalogue: Catalogue) -> Self {
        let money = Money::from_cents(cents).unwrap();
        let (account, entry) = open(AccountId(1), Mode::Advance, money, Act::default()).unwrap();
        let subscriber = Subscriber {
            msisdn: Digits::parse(OWN).unwrap(),
            imsi: None,
            account: AccountId(1),
            plan: "all".into(),
            brand: Brand::Kcell,
            owner: None,
            owner_is_entity: false,
            standing: Standing::Active,
            language: None,
            barred: Vec::new(),
            overage: true,
            allowances: catalogue.plan(PlanIx(0)).map(bundles_of).unwrap(),
            emergency_calls: 0,
            since: NOW,
            revision: 0,
            life: gyro::charging::account::life::Life::default(),
        };
        Self {
            catalogue,
            policy: Policy::default(),
            profile,
            now: NOW,
            account,
            subscriber,
            sessions: BTreeMap::new(),
            events: Vec::new(),
            ledger: entry.into_iter().collect(),
        }
    }

    /// Sends a CCR that is sound, and gives its CCA.
    pub(crate) fn send(&mut self, ccr: &Ccr) -> Reply {
        let message = ccr.message();
        assert_eq!(message.faults(), []);
        let read =
            Read::read(&message, &DICTIONARY, &self.profile).unwrap_or_else(|refused| panic!("{refused:?}"));
        let serves = |context: &str| self.catalogue.service_of(context).is_some();
        let request = convert::request(read, &self.profile, self.now, serves).unwrap();
        let (answer, charge) = match emergency(&request, self.catalogue.numbers()) {
            Some(answer) => (answer, Charge::Free),
            None if !request.identities.contains(&Identity::E164(self.subscriber.msisdn)) => {
                (refuse(&request, Denial::UnknownSubscriber), Charge::Counted)
            }
            None => (self.decide(&request), Charge::Counted),
        };
        let mut out = BytesMut::new();
        let origin = Origin { currency: Some(398), ..Origin::new("ocs.kz", "kz") };
        convert::answer(&mut out, &origin, &Asked::of(&message), &answer, charge, &self.profile).unwrap();
        let reply = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
        assert_eq!(reply.faults(), []);
        Reply(reply)
    }

    fn decide(&mut self, request: &Request) -> gyro::charging::answer::Answer {
        let key = request.session.as_str().to_owned();
        let find = |session: &str, kind: Kind, number: u32| {
            let same = |event: &&EventRecord| {
                event.session.as_str() == session && event.kind == kind && event.number == number
            };
            self.events.iter().find(same).cloned()
        };
        let snapshot = Snapshot {
            stopped: false,
            account: self.account.clone(),
            subscriber: self.subscriber.clone(),
            session: self.sessions.get(&key).cloned().map(Box::new),
            event: find(&key, request.kind, request.number),
            refunds: Token::of(request)
                .and_then(|token| find(token.session.as_str(), Kind::Event(Action::Debit), token.number)),
        };
        let decision = decide(snapshot, request, &self.catalogue, &self.policy, self.now);
        self.account = decision.snapshot.account;
        self.subscriber = decision.snapshot.subscriber;
        if let Some(session) = decision.snapshot.session {
            self.sessions.insert(key, *session);
        }
        self.ledger.extend(decision.changes.ledger);
        if let Some(refunded) = decision.changes.refunded {
            self.events.retain(|event| (&event.session, event.kind) != (&refunded.session, refunded.kind));
            self.events.push(refunded);
        }
        self.events.extend(decision.changes.event);
        let sessions: Vec<_> = self.sessions.values().cloned().collect();
        audit(&self.account, &sessions, &self.ledger).unwrap();
        audit_bundles(&self.subscriber, &sessions).unwrap();
        decision.answer
    }

    /// Main balance and reserved money, in hundredths.
    pub(crate) fn cents(&self) -> (i64, i64) {
        let cents = |money: Money| money.micros() / Money::MICROS_PER_CENT;
        (cents(self.account.main), cents(self.account.reserved))
    }
}

impl Reply {
    pub(crate) fn see<T>(&self, look: impl FnOnce(&Cca<'_>) -> T) -> T {
        look(&Cca::read(&self.0).unwrap())
    }

    pub(crate) fn code(&self) -> u32 {
        self.see(|cca| cca.result_code.get())
    }

    /// Error-Message.
    pub(crate) fn message(&self) -> Option<String> {
        let text = self.0.find(F::ErrorMessage.def().key)?;
        text.utf8().ok().map(Into::into)
    }

    /// Of each quota its code and grant.
    pub(crate) fn quotas(&self) -> Vec<(u32, Option<Measured>)> {
        self.see(|cca| {
            let quota =
                |mscc: &gyro::ro::mscc::MsccAnswer<'_>| (mscc.result_code.unwrap().get(), mscc.granted);
            cca.msccs.iter().map(quota).collect()
        })
    }

    /// The token, in the first quota that has one, else at command level.
    pub(crate) fn token(&self) -> Option<Bytes> {
        self.see(|cca| {
            let inside = cca.msccs.iter().find_map(|mscc| mscc.refund);
            inside.or(cca.refund).map(Bytes::copy_from_slice)
        })
    }

    /// The octets in Failed-AVP.
    pub(crate) fn failed(&self) -> Option<Bytes> {
        self.see(|cca| cca.failed_avp.map(Bytes::copy_from_slice))
    }

    /// Cost-Information: hundredths, and the unit they are for.
    pub(crate) fn cost(&self) -> Option<(i64, Option<String>)> {
        let information = self.0.find(F::CostInformation.def().key)?;
        let cents = self.see(|cca| cca.cost.unwrap().micros() / Money::MICROS_PER_CENT);
        assert_eq!(information.find(F::CurrencyCode.def().key).unwrap().u32(), Ok(398));
        let unit = information.find(F::CostUnit.def().key).map(|unit| unit.utf8().unwrap().to_owned());
        Some((cents, unit))
    }
}

/// A CCR of that type under that identifier and context.
pub(crate) fn ccr(request_type: i32, session: &str, number_: u32, context: &str) -> Ccr {
    Ccr::bare(request_type)
        .set(text(F::SessionId, session))
        .set(text(F::ServiceContextId, context))
        .set(word(F::CcRequestNumber, number_))
}

/// An event with its action.
pub(crate) fn event(action: i32, session: &str, context: &str) -> Ccr {
    ccr(4, session, 0, context).with(number(F::RequestedAction, action))
}

pub(crate) fn pieces(count: u64) -> AvpTree {
    long(F::CcServiceSpecificUnits, count)
}

pub(crate) fn seconds(count: u32) -> AvpTree {
    word(F::CcTime, count)
}

pub(crate) fn octets(count: u64) -> AvpTree {
    long(F::CcTotalOctets, count)
}

pub(crate) fn money(cents: i64) -> AvpTree {
    let digits = AvpTree::octets(F::ValueDigits.def(), Bytes::copy_from_slice(&cents.to_be_bytes()));
    let value = group(F::UnitValue, vec![digits, number(F::Exponent, -2)]);
    group(F::CcMoney, vec![value, word(F::CurrencyCode, 398)])
}

pub(crate) fn asks(units: Vec<AvpTree>) -> AvpTree {
    group(F::RequestedServiceUnit, units)
}

pub(crate) fn used(units: Vec<AvpTree>) -> AvpTree {
    group(F::UsedServiceUnit, units)
}

/// A quota that asks for these units.
pub(crate) fn wants(units: Vec<AvpTree>) -> AvpTree {
    mscc_of(vec![asks(units)])
}

/// A quota that reports these units.
pub(crate) fn reports(units: Vec<AvpTree>) -> AvpTree {
    mscc_of(vec![used(units)])
}

pub(crate) fn granted(measured: Measured) -> Vec<(u32, Option<Measured>)> {
    vec![(2001, Some(measured))]
}
