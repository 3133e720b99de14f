//! Content services of third parties (`RES-5`), and use that is told late (`ACC-16`).

use super::world::*;
use crate::charging::answer::{Answer, Denial, Outcome};
use crate::charging::catalogue::{Content, Parts, ServiceIx};
use crate::charging::ledger::EntryKind;
use crate::charging::request::{Action, Kind, QuotaKey};
use crate::charging::units::Money;
use crate::time::Timestamp;

const CONTENT: ServiceIx = ServiceIx(3);
const CONTEXT: &str = "content@operator.kz";

/// The tariff with `horoscope` (1001 and 1002, 50.00 a piece) and `games` (2001), which cost what the plan says of the
/// service: 80.00 a piece.
fn shop() -> Parts {
    let mut parts = tariff();
    let mut service = parts.services[2].clone();
    (service.name, service.context) = ("content".into(), CONTEXT.into());
    parts.services.push(service);
    parts.plans[0].rates.push(rate(CONTENT, &[], &[], 8_000, 1, 1));
    let shape = parts.plans[0].quotas[2].clone();
    parts.plans[0].quotas.push(shape);
    let content = |name: &str, identifiers: &[u32], rate| Content {
        name: name.into(),
        service: CONTENT,
        identifiers: identifiers.to_vec(),
        rate,
    };
    parts.content = vec![
        content("horoscope", &[1_001, 1_002], Some(rate(CONTENT, &[], &[], 5_000, 1, 1))),
        content("games", &[2_001], None),
    ];
    parts
}

fn key(identifier: u32) -> QuotaKey {
    QuotaKey { rating_group: None, services: vec![identifier] }
}

fn buy(action: Action, session: &str, identifier: u32) -> Ask {
    Ask::event(action, session, CONTEXT).ask_for(key(identifier), pieces(1))
}

fn message(answer: &Answer) -> Option<&str> {
    answer.message.as_deref()
}

/// `RES-5`
#[test]
fn content_is_charged_by_its_service_identifier() {
    let mut world = World::new(shop(), 100_000);
    for (session, identifier, price) in
        [("a", 1_001, 5_000), ("b", 1_002, 5_000), ("c", 2_001, 8_000), ("d", 9, 8_000)]
    {
        let before = world.main();
        let asked = world.send(&buy(Action::PriceEnquiry, session, identifier));
        assert_eq!(asked.extra.and_then(|extra| extra.cost), Money::from_cents(price), "{identifier}");
        granted(&world.send(&buy(Action::Debit, session, identifier)));
        assert_eq!(before.checked_sub(world.main()), Money::from_cents(price), "{identifier}");
    }
    assert_eq!(&*world.last_use().key.services, [9]);
    assert_eq!(world.ledger.iter().filter(|entry| entry.kind == EntryKind::Charge).count(), 4);
}

/// `RES-5`
#[test]
fn content_that_the_subscriber_has_barred_is_refused_by_name_and_by_identifier() {
    for (barred, refuses) in [
        ("content:horoscope", [true, true, false]),
        ("content:1001", [true, false, false]),
        ("content:games", [false, false, true]),
        ("content:2", [false, false, false]),
        ("content", [true, true, true]),
        ("horoscope", [false, false, false]),
    ] {
        let mut world = World::new(shop(), 100_000);
        world.subscriber.barred = vec![barred.into()];
        let refused_are = [1_001, 1_002, 2_001].map(|identifier| {
            let answer = world.send(&buy(Action::Debit, &identifier.to_string(), identifier));
            if answer.outcome == Outcome::Done {
                return false;
            }
            match refused(&answer) {
                Denial::ContentBarred => {
                    assert_eq!(
                        message(&answer),
                        Some("RES-5: the subscriber has barred this content service")
                    );
                }
                denial => assert_eq!((denial, barred), (Denial::Blocked, "content")),
            }
            true
        });
        assert_eq!(refused_are, refuses, "{barred}");
    }
}

/// `RES-5`
#[test]
fn barred_content_of_a_session_is_refused_beside_what_is_granted() {
    let mut world = World::new(shop(), 100_000);
    world.subscriber.barred = vec!["content:games".into()];
    let open = Ask::new(Kind::Initial, "s", 0, CONTEXT)
        .ask_for(key(2_001), pieces(1))
        .ask_for(key(1_001), pieces(1));
    let answer = world.send(&open);
    assert_eq!(refused_in(&answer, 0), Denial::ContentBarred);
    assert!(answer.parts[1].grant.is_some());
    let alone = Ask::new(Kind::Initial, "t", 0, CONTEXT).ask_for(key(2_001), pieces(1));
    let answer = world.send(&alone);
    assert_eq!(refused(&answer), Denial::ContentBarred);
    assert!(message(&answer).is_some_and(|message| message.starts_with("RES-5")));
}

/// `ACC-16`
#[test]
fn use_that_is_told_long_after_it_is_charged_now_and_marked_with_when_it_was() {
    for (hours, kind) in [(0, EntryKind::Charge), (1, EntryKind::Late), (23, EntryKind::Late)] {
        let mut world = World::new(tariff(), 100_000);
        let used_at = Timestamp::from_secs(world.now.micros() / 1_000_000 - hours * 3_600);
        done(&world.send_at(&Ask::sms("m", &["+77051112233"]), used_at));
        let entry = world.ledger.last().unwrap();
        assert_eq!((entry.kind, entry.at, world.last_use().used_at), (kind, world.now, used_at), "{hours}");
        assert_eq!(world.notes.late, kind == EntryKind::Late);
    }
}
