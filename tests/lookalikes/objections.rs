//! They do object: an answer that is spoilt in one place, and the rule that each make says it hurts.

use gyro::diameter::avp::{AvpDef, AvpKey};
use gyro::diameter::message::Message;
use gyro::diameter::tree::{AvpTree, MessageTree, TreeValue};
use gyro::ro::ccr::RequestType::{self, Event, Initial, Update};
use gyro::sim::actor::{Ending, Phase};
use gyro::sim::manners::Service;
use gyro::sim::objection::Rule;
use gyro::sim::words::{self, word};

use crate::gate::Gate;
use crate::world::read;

type Spoil = fn(&mut Vec<AvpTree>);

struct Row {
    make: &'static str,
    /// The answer that is spoilt: the first to a request of this type.
    answer: RequestType,
    rule: Rule,
    spoil: Spoil,
}

fn row(make: &'static str, answer: RequestType, rule: Rule, spoil: Spoil) -> Row {
    Row { make, answer, rule, spoil }
}

fn is(avp: &AvpTree, code: u32) -> bool {
    avp.key == AvpKey::base(code) || avp.key == AvpKey::tgpp(code)
}

fn without(avps: &mut Vec<AvpTree>, code: u32) {
    let before = avps.len();
    avps.retain(|avp| !is(avp, code));
    assert!(avps.len() < before, "there is no AVP {code} to be taken out");
}

fn group(avps: &mut [AvpTree], code: u32) -> &mut Vec<AvpTree> {
    let found = avps.iter_mut().find(|avp| is(avp, code)).unwrap_or_else(|| panic!("no AVP {code}"));
    match &mut found.value {
        TreeValue::Group(inside) => inside,
        TreeValue::Octets(_) => panic!("AVP {code} is no group"),
    }
}

fn quota(avps: &mut [AvpTree]) -> &mut Vec<AvpTree> {
    group(avps, 456)
}

fn set(avps: &mut [AvpTree], code: u32, value: u32) {
    let found = avps.iter_mut().find(|avp| is(avp, code)).unwrap_or_else(|| panic!("no AVP {code}"));
    found.value = TreeValue::Octets(value.to_be_bytes().to_vec().into());
}

/// An AVP that no dictionary has, with the M bit.
fn stranger() -> AvpTree {
    word(AvpDef::vendor(4_242, 4_444), 1)
}

fn redirect(quota: &mut Vec<AvpTree>) {
    without(quota, 431);
    quota.push(words::group(AvpDef::base(430), vec![word(AvpDef::base(449), 1)]));
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        // dropped in silence, and the attach hangs
        row("open5gs", Initial, Rule::Whole, |avps| without(avps, 258)),
        row("open5gs", Initial, Rule::Whole, |avps| without(avps, 268)),
        row("open5gs", Initial, Rule::Whole, |avps| without(avps, 264)),
        row("open5gs", Initial, Rule::Whole, |avps| without(avps, 296)),
        row("open5gs", Initial, Rule::Whole, |avps| without(avps, 416)),
        row("open5gs", Initial, Rule::Whole, |avps| without(avps, 415)),
        row("open5gs", Initial, Rule::SessionFirst, |avps| avps.swap(0, 2)),
        row("open5gs", Initial, Rule::KnownMandatory, |avps| avps.push(stranger())),
        row("open5gs", Initial, Rule::KnownMandatory, |avps| quota(avps).push(stranger())),
        row("open5gs", Initial, Rule::KnownMandatory, |avps| {
            quota(avps).push(words::group(AvpDef::base(669), vec![word(AvpDef::base(449), 0)]));
        }),
        row("open5gs", Initial, Rule::QuotaCode, |avps| without(quota(avps), 268)),
        row("open5gs", Initial, Rule::Quota, |avps| without(quota(avps), 431)),
        row("open5gs", Initial, Rule::Threshold, |avps| set(quota(avps), 869, 11 << 20)),
        row("open5gs", Initial, Rule::Once, |avps| quota(avps).push(word(AvpDef::base(448), 5))),
        row("open5gs", Initial, Rule::Once, |avps| { let again = avps.iter().find(|avp| is(avp, 456)).unwrap().clone(); avps.push(again); }),
        row("open5gs", Initial, Rule::SameState, |avps| set(avps, 278, 3)),
        row("open5gs", Initial, Rule::SameHost, |avps| set(avps, 264, 0x6f63_7332)),
        row("open5gs", Initial, Rule::Belongs, |avps| set(avps, 415, 9)),
        row("open5gs", Initial, Rule::Belongs, |avps| set(avps, 263, 0x6f63_7332)),
        row("magma", Update, Rule::Groups, |avps| avps.retain(|avp| !is(avp, 456))),
        row("magma", Update, Rule::Groups, |avps| { let first = avps.iter().position(|avp| is(avp, 456)).unwrap(); avps.remove(first); }),
        row("magma", Update, Rule::NotEmpty, |avps| group(quota(avps), 431).clear()),
        row("magma", Update, Rule::Validity, |avps| without(quota(avps), 448)),
        row("magma", Update, Rule::LimitHasValidity, |avps| { redirect(quota(avps)); without(quota(avps), 448); }),
        row("kamailio", Initial, Rule::Whole, |avps| without(avps, 268)),
        row("kamailio", Initial, Rule::Quota, |avps| without(avps, 456)),
        row("kamailio", Initial, Rule::Quota, |avps| set(group(quota(avps), 431), 420, 0)),
        row("kamailio", Initial, Rule::NoGrantBesideRefusal, |avps| set(quota(avps), 268, 4_012)),
        row("siphon", Initial, Rule::Quota, |avps| { without(avps, 431); without(avps, 448); }),
        row("siphon", Initial, Rule::Unit, |avps| {
            group(avps, 431).clear();
            group(avps, 431).push(words::long(AvpDef::base(421), 1));
        }),
        row("siphon", Initial, Rule::NoGrantBesideRefusal, |avps| set(avps, 268, 4_012)),
        row("ergw", Initial, Rule::Groups, |avps| without(quota(avps), 432)),
        row("ergw", Initial, Rule::Groups, |avps| { let first = avps.iter().position(|avp| is(avp, 456)).unwrap(); avps.remove(first); }),
        row("ergw", Initial, Rule::Quota, |avps| without(quota(avps), 431)),
        row("ergw", Initial, Rule::KnownMandatory, |avps| quota(avps).push(stranger())),
        row("cisco", Initial, Rule::Level, |avps| { without(quota(avps), 431); set(quota(avps), 268, 4_011); }),
        row("cisco", Initial, Rule::Level, |avps| { without(quota(avps), 431); set(quota(avps), 268, 5_030); }),
        row("cisco", Initial, Rule::Unit, |avps| group(quota(avps), 431).push(word(AvpDef::base(420), 60))),
        row("cisco", Initial, Rule::Validity, |avps| set(quota(avps), 448, 0)),
        row("cisco", Initial, Rule::Proxies, |avps| without(avps, 284)),
        row("cisco", Initial, Rule::Proxies, |avps| { let last = avps.len() - 1; avps.swap(last, last - 1); }),
        row("nokia", Initial, Rule::Groups, |avps| without(quota(avps), 439)),
        row("nokia", Initial, Rule::NoGrantBesideRefusal, |avps| set(quota(avps), 268, 4_012)),
        row("pgw", Initial, Rule::Thrifty, |avps| without(quota(avps), 869)),
        row("pgw", Initial, Rule::Thrifty, |avps| without(quota(avps), 871)),
        row("pgw", Initial, Rule::Validity, |avps| without(quota(avps), 448)),
        row("huawei", Initial, Rule::Quota, |avps| { without(avps, 431); without(avps, 448); }),
        row("bare", Initial, Rule::Whole, |avps| without(avps, 268)),
        row("probe", Initial, Rule::Groups, |avps| without(quota(avps), 432)),
        row("probe", Initial, Rule::Quota, |avps| without(group(quota(avps), 431), 421)),
        row("probe", Initial, Rule::Level, |avps| set(avps, 268, 5_012)),
        row("tas", Initial, Rule::Announcement, |avps| {
            let inside = vec![word(AvpDef::tgpp(3_905), 2), word(AvpDef::tgpp(3_911), 61)];
            quota(avps).push(words::group(AvpDef::tgpp(3_904), inside));
        }),
        row("tas", Initial, Rule::BothIndications, |avps| {
            quota(avps).push(words::group(AvpDef::base(430), vec![word(AvpDef::base(449), 0)]));
        }),
        row("smsc", Event, Rule::Quota, |avps| without(quota(avps), 431)),
        row("smsc", Event, Rule::Groups, |avps| without(quota(avps), 432)),
    ]
}

fn spoilt(answer: &Message, spoil: Spoil) -> Message {
    let mut tree = MessageTree::from(answer);
    spoil(&mut tree.avps);
    read(words::message(tree.header, &tree.avps))
}

fn begin(gate: &mut Gate) {
    if gate.actor.make().manners().service == Service::Messages {
        gate.actor.message("77051234567");
    } else {
        gate.actor.attach(&[], Some("tel:+77051234567"));
    }
}

#[test]
fn each_make_objects_by_its_own_rules_and_gives_the_session_up() {
    for Row { make, answer, rule, spoil } in rows() {
        let mut gate = Gate::new(make, 10_000);
        begin(&mut gate);
        let (token, right) = gate.until_answer(answer);
        let objection = gate.actor.answered(token, &spoilt(&right, spoil)).expect_err(make);
        assert_eq!(objection.rule, rule, "{make}: {objection}");
        if answer == Initial {
            assert_eq!(gate.phase(), Phase::Over(Ending::GivenUp), "{make}");
        }
    }
}

/// The rows would mean nothing if the answer as it came were objected to as well.
#[test]
fn the_same_answers_unspoilt_are_taken() {
    for Row { make, answer, .. } in rows() {
        let mut gate = Gate::new(make, 10_000);
        begin(&mut gate);
        let (token, right) = gate.until_answer(answer);
        gate.actor
            .answered(token, &spoilt(&right, |_| ()))
            .unwrap_or_else(|objection| panic!("{make}: {objection}"));
    }
}

#[test]
fn every_rule_is_hurt_by_some_row() {
    let rows = rows();
    for rule in [
        Rule::Belongs,
        Rule::Whole,
        Rule::SessionFirst,
        Rule::KnownMandatory,
        Rule::Once,
        Rule::Level,
        Rule::QuotaCode,
        Rule::Groups,
        Rule::Quota,
        Rule::NotEmpty,
        Rule::Unit,
        Rule::NoGrantBesideRefusal,
        Rule::Validity,
        Rule::Threshold,
        Rule::LimitHasValidity,
        Rule::Announcement,
        Rule::BothIndications,
        Rule::Proxies,
        Rule::SameHost,
        Rule::SameState,
        Rule::Thrifty,
    ] {
        assert!(rows.iter().any(|row| row.rule == rule), "{rule:?}");
    }
}
