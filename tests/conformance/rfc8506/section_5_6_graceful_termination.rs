//! Graceful service termination (RFC 8506 §5.6): how last grants and limited services stand on the wire, in a quota
//! and at command level.

use bytes::BytesMut;
use gyro::charging::answer::{
    Advice, Announcement, Answer, AnswerExtra, Balance, FinalUnit, Grant, Limit, Outcome, PartAnswer,
    PartExtra, PriceAdvice, Reach, Redirect,
};
use gyro::charging::request::{QuotaKey, Shape};
use gyro::charging::units::{Amount, Money, Unit};
use gyro::diameter::parse::{Limits, parse};
use gyro::diameter::result_code::ResultCode;
use gyro::ro::cca::{Asked, Cca, Origin};
use gyro::ro::convert::{self, Charge};
use gyro::ro::final_unit::{FinalAction, Fui, RedirectServer};
use gyro::ro::mscc::MsccAnswer;
use gyro::ro::profile::{Overrides, Profile, Profiles};

use super::{Ccr, DICTIONARY};

const PORTAL: &str = "https://pay.example.org";
const RULE: &str = "permit out ip from 192.0.2.10 to assigned";

fn look<T>(answer: &Answer, profile: &Profile, look: impl FnOnce(&Cca<'_>) -> T) -> T {
    let request = Ccr::update().message();
    let origin = Origin { currency: Some(398), ..Origin::new("ocs.kz", "kz") };
    let mut out = BytesMut::new();
    convert::answer(&mut out, &origin, &Asked::of(&request), answer, Charge::Counted, profile).unwrap();
    let message = parse(out.freeze(), &Limits::DEFAULT, &*DICTIONARY).unwrap();
    assert_eq!(message.faults(), []);
    look(&Cca::read(&message).unwrap())
}

/// The profile that knows the indication of RFC 8506 as well.
fn newer() -> Profile {
    Profiles::standard().derive("newer", Overrides { qos_fui: Some(true), ..Overrides::default() })
}

fn reach() -> Reach {
    Reach { filters: vec!["portal".into()], rules: vec![RULE.into()] }
}

fn redirect(to: &str) -> FinalUnit {
    FinalUnit::Redirect(Box::new(Redirect { to: to.into(), open: reach() }))
}

fn key() -> QuotaKey {
    QuotaKey { rating_group: Some(10), services: vec![] }
}

fn limited(action: FinalUnit) -> PartAnswer {
    PartAnswer {
        limit: Some(Box::new(Limit { action, validity_secs: 300 })),
        ..PartAnswer::new(key(), Outcome::Done)
    }
}

fn last(action: FinalUnit) -> PartAnswer {
    let amount = Amount::new(Unit::Octets, 1 << 20);
    let grant = Grant {
        validity_secs: Some(3_600),
        threshold: Some(1_000),
        final_unit: Some(action),
        ..Grant::of(amount)
    };
    PartAnswer::granted(key(), Some(grant))
}

fn answer(shape: Shape, part: PartAnswer) -> Answer {
    Answer::new(Outcome::Done, shape, vec![part])
}

/// What one quota of the answer says, wherever it stands.
fn quota(part: PartAnswer, profile: &Profile, see: impl FnOnce(&MsccAnswer<'_>)) {
    look(&answer(Shape::PerGroup, part), profile, |cca| {
        assert_eq!((cca.result_code.get(), cca.final_unit.is_none()), (2001, true));
        let [mscc] = cca.msccs.as_slice() else { panic!("{cca:?}") };
        assert_eq!(mscc.result_code.map(ResultCode::get), Some(2001));
        see(mscc);
    });
}

fn indication(action: FinalAction, kind_and_address: Option<(i32, &str)>) -> Fui<'_> {
    let redirect = kind_and_address.map(|(kind, address)| RedirectServer { kind, address });
    Fui { redirect, rules: vec![RULE], filters: vec!["portal"], ..Fui::plain(action) }
}

#[test]
fn a_limited_quota_has_a_validity_and_an_indication_and_no_units() {
    for (action, told) in [
        (redirect(PORTAL), indication(FinalAction::Redirect, Some((2, PORTAL)))),
        (redirect("192.0.2.1"), indication(FinalAction::Redirect, Some((0, "192.0.2.1")))),
        (redirect("2001:db8::1"), indication(FinalAction::Redirect, Some((1, "2001:db8::1")))),
        (redirect("sip:pay@kcell.kz"), indication(FinalAction::Redirect, Some((3, "sip:pay@kcell.kz")))),
        (FinalUnit::Restrict(Box::new(reach())), indication(FinalAction::RestrictAccess, None)),
    ] {
        quota(limited(action), Profiles::standard(), |mscc| {
            assert_eq!((mscc.granted, mscc.validity), (None, Some(300)));
            assert_eq!((mscc.final_unit.as_ref(), &mscc.qos_final_unit), (Some(&told), &None));
        });
    }
}

#[test]
fn a_last_grant_has_units_a_validity_and_an_indication_and_no_threshold() {
    for (action, told) in [
        (FinalUnit::Terminate, Fui::plain(FinalAction::Terminate)),
        (redirect(PORTAL), indication(FinalAction::Redirect, Some((2, PORTAL)))),
        (FinalUnit::Restrict(Box::new(reach())), indication(FinalAction::RestrictAccess, None)),
    ] {
        quota(last(action), Profiles::standard(), |mscc| {
            assert_eq!(mscc.granted.and_then(|granted| granted.total_octets), Some(1 << 20));
            assert_eq!((mscc.validity, mscc.volume_threshold), (Some(3_600), None));
            assert_eq!(mscc.final_unit.as_ref(), Some(&told));
        });
    }
}

#[test]
fn clients_of_rfc_8506_get_both_indications_with_the_same_action() {
    for part in [last(redirect(PORTAL)), limited(redirect(PORTAL))] {
        quota(part, &newer(), |mscc| {
            assert_eq!(mscc.final_unit, Some(indication(FinalAction::Redirect, Some((2, PORTAL)))));
            // its filters have no rules in the words of the other
            let newer = Fui { rules: vec![], ..indication(FinalAction::Redirect, Some((2, PORTAL))) };
            assert_eq!(mscc.qos_final_unit, Some(newer));
        });
    }
}

#[test]
fn what_was_asked_at_command_level_is_limited_there() {
    for profile in [Profiles::standard(), &newer()] {
        look(&answer(Shape::Command, limited(redirect(PORTAL))), profile, |cca| {
            assert_eq!((cca.result_code.get(), cca.granted, cca.validity), (2001, None, Some(300)));
            assert_eq!(cca.final_unit, Some(indication(FinalAction::Redirect, Some((2, PORTAL)))));
            assert_eq!(cca.msccs, []);
        });
    }
}

#[test]
fn announcements_balance_and_advice_of_charge_stand_where_their_tables_have_them() {
    let announced =
        [Announcement { id: 7, before_end_secs: None }, Announcement { id: 9, before_end_secs: Some(30) }];
    let extra = PartExtra { announcements: announced.to_vec(), ..PartExtra::default() };
    let part = PartAnswer { extra: Some(Box::new(extra)), ..last(FinalUnit::Terminate) };
    let cents = |cents| Money::from_cents(cents).unwrap();
    let balance = Balance { low: true, remaining: cents(1_250) };
    let price = Some(PriceAdvice { unit: Unit::Octets, per: 1 << 20, price: cents(2_000) });
    let advice = Advice { total: cents(4_075), added: cents(75), price };
    let extra = AnswerExtra { balance: Some(balance), advice: Some(advice), ..AnswerExtra::default() };
    let told = Answer { extra: Some(Box::new(extra)), ..answer(Shape::PerGroup, part) };
    look(&told, Profiles::standard(), |cca| {
        assert_eq!(cca.msccs[0].announcements.as_ref(), announced);
        assert_eq!((cca.low_balance, cca.remaining), (Some(1), Some(cents(1_250))));
        assert_eq!(cca.accumulated, Some(cents(4_075)));
    });
}
