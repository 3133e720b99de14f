//! What a gateway asks: a line of a scenario becomes the octets of a Credit-Control-Request.

use bytes::{Bytes, BytesMut};
use gyro::charging::radio::Radio;
use gyro::charging::request::{Condition, Measured, Reason, TariffSide, Used};
use gyro::diameter::header::{EndToEnd, HopByHop};
use gyro::ro::ccr::{Ccr, RequestType};
use gyro::ro::mscc::Mscc;
use gyro::ro::service_information::{
    CONTEXT_DATA, CONTEXT_IMS, CONTEXT_MMS, CONTEXT_SMS, CONTEXT_VCS, Kinds, Recipient, ServiceInformation,
};
use gyro::ro::subscription::{Subscription, SubscriptionType};
use gyro::time::Timestamp;

use crate::lex::{At, Cursor, Mistake, Read, Word};
use crate::values::{self, Moment, Units};

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    Start,
    Update,
    Stop,
    Debit,
    Refund,
    Check,
    Price,
}

const VERBS: [(&str, Verb); 7] = [
    ("start", Verb::Start),
    ("update", Verb::Update),
    ("stop", Verb::Stop),
    ("debit", Verb::Debit),
    ("refund", Verb::Refund),
    ("check", Verb::Check),
    ("price", Verb::Price),
];

impl Verb {
    pub(crate) fn is_event(self) -> bool {
        matches!(self, Self::Debit | Self::Refund | Self::Check | Self::Price)
    }

    fn kind(self) -> RequestType {
        match self {
            Self::Start => RequestType::Initial,
            Self::Update => RequestType::Update,
            Self::Stop => RequestType::Termination,
            _ => RequestType::Event,
        }
    }

    /// Requested-Action (RFC 8506 §8.41).
    fn action(self) -> Option<i32> {
        match self {
            Self::Debit => Some(0),
            Self::Refund => Some(1),
            Self::Check => Some(2),
            Self::Price => Some(3),
            _ => None,
        }
    }
}

/// What is wanted of a quota.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish {
    /// What the verb asks for by itself.
    Usual,
    Nothing,
    Anything,
    Units(Units),
}

/// A quota of a request.
#[derive(Clone, Debug)]
struct Part {
    group: Option<u32>,
    services: Vec<u32>,
    used: Vec<(Units, Option<TariffSide>)>,
    wish: Wish,
    reason: Option<Reason>,
    changed: Vec<Condition>,
}

const WHOLE: Part = Part {
    group: None,
    services: Vec::new(),
    used: Vec::new(),
    wish: Wish::Usual,
    reason: None,
    changed: Vec::new(),
};

/// Which leg it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leg {
    Out,
    In,
    Forwarded,
}

/// A line of a scenario in which a gateway asks.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) at: At,
    pub(crate) msisdn: String,
    pub(crate) service: Word,
    pub(crate) verb: Verb,
    pub(crate) session: Option<String>,
    /// The event whose debit is to be given back.
    pub(crate) refunds: Option<String>,
    pub(crate) number: Option<u32>,
    pub(crate) time: Option<Moment>,
    pub(crate) profile: String,
    context: Option<String>,
    host: String,
    imsi: Option<String>,
    to: Vec<String>,
    dialled: Option<String>,
    from: Option<String>,
    leg: Leg,
    parts: Vec<Part>,
    radio: Option<u8>,
    network: Option<String>,
    messages: Option<u32>,
    advice: bool,
}

/// What only the world knows of a request.
pub(crate) struct Known<'a> {
    pub(crate) session: &'a str,
    pub(crate) context: &'a str,
    pub(crate) number: u32,
    pub(crate) stamp: Option<Timestamp>,
    pub(crate) token: Option<&'a [u8]>,
    pub(crate) realm: &'a str,
    /// Identifiers of the message.
    pub(crate) id: u32,
}

const FIELDS: &str = "one of session, to, dialled, from, incoming, forwarded, group, service-id, used, asks, reason, changed, \
                      radio, network, messages, number, time, host, profile, imsi, context, advice, refunds, or ->";

const REASONS: [(&str, Reason); 10] = [
    ("threshold", Reason::Threshold),
    ("idle", Reason::Idle),
    ("final", Reason::Final),
    ("exhausted", Reason::Exhausted),
    ("validity", Reason::Validity),
    ("other-unit", Reason::OtherUnit),
    ("change", Reason::ConditionChange),
    ("forced", Reason::Forced),
    ("pool", Reason::PoolExhausted),
    ("unused", Reason::Unused),
];

const CHANGES: [(&str, Condition); 5] = [
    ("radio", Condition::Radio),
    ("network", Condition::Network),
    ("node", Condition::Node),
    ("location", Condition::Location),
    ("quality", Condition::Quality),
];

/// The value of a word in a table.
fn named<T: Copy>(words: &mut Cursor<'_>, what: &str, table: &[(&str, T)]) -> Read<T> {
    let known = format!("{what}: {}", table.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    let word = words.word(&known)?;
    let found = table.iter().find(|(name, _)| *name == word.text);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| Mistake::unlike(word.at, known, format_args!("{:?}", word.text)))
}

impl Ask {
    /// Reads `NUMBER SERVICE VERB FIELD…`.
    pub(crate) fn read(mut words: Cursor<'_>) -> Read<Self> {
        let at = words.at();
        let msisdn = words.word("a number")?.text.clone();
        let service = words.word("the name of a service of the tariff")?.clone();
        let verb = named(&mut words, "what is asked", &VERBS)?;
        let mut ask = Self {
            at,
            msisdn,
            service,
            verb,
            session: None,
            refunds: None,
            number: None,
            time: None,
            profile: "standard".into(),
            context: None,
            host: "gateway.example".into(),
            imsi: None,
            to: Vec::new(),
            dialled: None,
            from: None,
            leg: Leg::Out,
            parts: Vec::new(),
            radio: None,
            network: None,
            messages: None,
            advice: false,
        };
        while !words.is_done() {
            ask.field(&mut words)?;
        }
        let unnamed =
            ask.parts.iter().filter(|part| part.group.is_none() && part.services.is_empty()).count();
        if unnamed > 0 && ask.parts.len() > 1 {
            return Err(Mistake::new(
                at,
                "units stand before the first `group` or `service-id`: say whose they are",
            ));
        }
        Ok(ask)
    }

    /// The part that is being told of.
    fn part(&mut self) -> &mut Part {
        if self.parts.is_empty() {
            self.parts.push(WHOLE);
        }
        self.parts.last_mut().unwrap()
    }

    fn field(&mut self, words: &mut Cursor<'_>) -> Read<()> {
        let word = words.word(FIELDS)?;
        let mut text = |what: &str| words.word(what).map(|word| word.text.clone());
        match word.text.as_str() {
            "session" => self.session = Some(text("a session")?),
            "to" => self.to.push(text("an address")?),
            "dialled" => self.dialled = Some(text("an address")?),
            "from" => self.from = Some(text("an address")?),
            "incoming" => self.leg = Leg::In,
            "forwarded" => self.leg = Leg::Forwarded,
            "host" => self.host = text("the name of a gateway")?,
            "profile" => self.profile = text("the name of a profile")?,
            "imsi" => self.imsi = Some(text("an IMSI")?),
            "context" => self.context = Some(text("a Service-Context-Id")?),
            "refunds" => self.refunds = Some(text("the session of the event that was charged")?),
            "network" => self.network = Some(text("MCC and MNC, like 25001")?),
            "advice" => self.advice = true,
            "messages" => self.messages = Some(values::number(words, "a number of messages")?),
            "number" => self.number = Some(values::number(words, "a CC-Request-Number")?),
            "time" => self.time = Some(values::moment(words)?),
            "radio" => self.radio = Some(radio(words)?),
            "group" => {
                let group = values::number(words, "the number of a rating group")?;
                self.parts.push(Part { group: Some(group), ..WHOLE });
            }
            "service-id" => {
                let service = values::number(words, "a service identifier")?;
                match self.parts.last_mut() {
                    Some(part)
                        if part.group.is_some() && part.used.is_empty() && part.wish == Wish::Usual =>
                    {
                        part.services.push(service);
                    }
                    _ => self.parts.push(Part { services: vec![service], ..WHOLE }),
                }
            }
            "used" => {
                let units = values::units(words)?;
                let side = match words.peek() {
                    Some("before") => Some(TariffSide::Before),
                    Some("after") => Some(TariffSide::After),
                    _ => None,
                };
                if side.is_some() {
                    words.word("before or after")?;
                }
                self.part().used.push((units, side));
            }
            "asks" => {
                let wish = if words.takes("nothing") {
                    Wish::Nothing
                } else if words.takes("anything") {
                    Wish::Anything
                } else {
                    Wish::Units(values::units(words)?)
                };
                self.part().wish = wish;
            }
            "reason" => self.part().reason = Some(named(words, "why it is reported", &REASONS)?),
            "changed" => {
                let changed = named(words, "what has changed", &CHANGES)?;
                self.part().changed.push(changed);
            }
            other => return Err(Mistake::unlike(word.at, FIELDS, format_args!("{other:?}"))),
        }
        Ok(())
    }

    /// The context that it names by itself.
    pub(crate) fn own_context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    fn requested(&self, part: &Part) -> Option<Measured> {
        match part.wish {
            Wish::Nothing => None,
            Wish::Anything => Some(Measured::default()),
            Wish::Units(units) => Some(units.measured()),
            Wish::Usual => matches!(self.verb, Verb::Start | Verb::Update).then(Measured::default),
        }
    }

    fn used(part: &Part) -> Vec<Used> {
        part.used.iter().map(|(units, side)| Used { measured: units.measured(), side: *side }).collect()
    }

    /// The message.
    pub(crate) fn octets(&self, known: &Known<'_>) -> Bytes {
        let mut ccr = Ccr::new(known.session, self.verb.kind(), known.number, &self.host, known.realm);
        ccr.destination_realm = Some(known.realm);
        ccr.context = Some(known.context);
        ccr.event_timestamp = known.stamp;
        ccr.requested_action = self.verb.action();
        ccr.advice = self.advice.then_some(1);
        ccr.subscriptions.push(Subscription { kind: SubscriptionType::E164, data: &self.msisdn });
        if let Some(imsi) = &self.imsi {
            ccr.subscriptions.push(Subscription { kind: SubscriptionType::Imsi, data: imsi });
        }
        let whole = [WHOLE];
        let parts = if self.parts.is_empty() { &whole[..] } else { &self.parts[..] };
        let unnamed = parts.iter().all(|part| part.group.is_none() && part.services.is_empty());
        let token = || known.token.map(Into::into);
        if unnamed {
            ccr.requested = self.requested(&parts[0]);
            ccr.used = Self::used(&parts[0]);
            ccr.reason = parts[0].reason;
            ccr.refund = known.token;
        } else {
            ccr.multiple_services = Some(1);
            ccr.msccs = parts
                .iter()
                .map(|part| Mscc {
                    rating_group: part.group,
                    services: part.services.clone(),
                    requested: self.requested(part),
                    used: Self::used(part),
                    reason: part.reason,
                    changed: part.changed.clone(),
                    radio: None,
                    refund: token(),
                })
                .collect();
        }
        ccr.information = self.information(known.context);
        let mut out = BytesMut::new();
        ccr.write(&mut out, HopByHop::new(known.id), EndToEnd::new(0x5000_0000 + known.id)).unwrap();
        out.freeze()
    }

    fn information(&self, context: &str) -> ServiceInformation<'_> {
        let is = |own: &str| context.ends_with(own);
        let kinds = Kinds {
            ps: is(CONTEXT_DATA),
            ims: is(CONTEXT_IMS),
            sms: is(CONTEXT_SMS),
            mms: is(CONTEXT_MMS),
            vcs: is(CONTEXT_VCS),
        };
        let messages = kinds.sms || kinds.mms;
        let to = self.to.first().map(String::as_str);
        ServiceInformation {
            kinds,
            serving_plmn: self.network.as_deref(),
            radio: self.radio,
            // Role-Of-Node (TS 32.299 §7.2.173): 0 originating, 1 terminating, 2 forwarding
            role: (!messages).then_some(match self.leg {
                Leg::Out => 0,
                Leg::In => 1,
                Leg::Forwarded => 2,
            }),
            // Interface-Type (TS 32.299 §7.2.82): 2 mobile terminating
            interface: (messages && self.leg == Leg::In).then_some(2),
            calling: self.from.as_deref().filter(|_| !messages),
            called: to.filter(|_| !messages),
            requested: self.dialled.as_deref(),
            originator: self.from.as_deref().filter(|_| messages),
            recipients: if messages {
                self.to.iter().map(|address| Recipient { kind: None, address }).collect()
            } else {
                Vec::new()
            },
            messages: self.messages,
            ..ServiceInformation::EMPTY
        }
    }
}

/// 3GPP-RAT-Type, by number or by the name of a kind of radio.
fn radio(words: &mut Cursor<'_>) -> Read<u8> {
    let names: Vec<&str> = Radio::NAMED.iter().map(|(name, _)| *name).collect();
    let what = format!("a radio: {}, or a number of 3GPP-RAT-Type", names.join(", "));
    let word = words.word(&what)?;
    if let Ok(number) = word.text.parse() {
        return Ok(number);
    }
    let kind = Radio::NAMED.iter().find(|(name, _)| *name == word.text).map(|(_, kind)| *kind);
    let number = kind.and_then(|kind| (0..=u8::MAX).find(|number| Radio::of(*number) == Some(kind)));
    number.ok_or_else(|| Mistake::unlike(word.at, what, format_args!("{:?}", word.text)))
}
