//! Bonus money pays (`ACC-13`): for its services, while it lasts, in the plan's order, and nothing is spent twice.

use proptest::prelude::*;

use super::world::*;
use crate::charging::answer::{Denial, Outcome};
use crate::charging::books::bonus::grant;
use crate::charging::books::operations::Act;
use crate::charging::books::operations::tests::cents;
use crate::charging::books::payment::settle;
use crate::charging::catalogue::BonusOrder;
use crate::charging::ledger::{EntryKind, Purse};
use crate::charging::request::{Action, Kind};
use crate::charging::units::Money;
use crate::time::Timestamp;

impl World {
    fn with_order(order: BonusOrder, main: i64) -> Self {
        let mut parts = tariff();
        parts.plans[0].bonus = order;
        Self::new(parts, main)
    }

    fn gift(&mut self, amount: i64, secs: Option<i64>, services: &[&str]) {
        let ends = secs.map(|secs| Timestamp::from_secs(self.now.micros() / 1_000_000 + secs));
        let services = services.iter().map(|name| (*name).into()).collect();
        let act = Act { at: self.now, ..Act::default() };
        let (account, entries) = grant(self.account.clone(), cents(amount), ends, services, act).unwrap();
        self.account = account;
        self.ledger.extend(entries);
    }

    /// What is over is taken away, as it is before each request.
    fn tidy(&mut self) {
        let over = settle(&mut self.account, self.now);
        self.ledger.extend(over);
    }

    /// The charges and refunds so far: the balance, and the amount in hundredths.
    fn moved(&self) -> Vec<(Purse, i64)> {
        let of_use = self.ledger.iter().filter(|entry| entry.usage.is_some());
        of_use.map(|entry| (entry.purse, entry.amount.micros() / 10_000)).collect()
    }

    fn balances(&self) -> (i64, i64) {
        (self.account.main.micros() / 10_000, self.account.bonus.micros() / 10_000)
    }
}

fn sms(session: &str) -> Ask {
    Ask::sms(session, &["77071234567"])
}

#[test]
fn it_pays_before_main_money_and_the_one_that_ends_first_goes_first() {
    let mut world = World::with_order(BonusOrder::First, 1_000);
    world.gift(300, None, &[]);
    world.gift(200, Some(5_000), &["sms"]);
    for (session, left) in [("1", vec![300]), ("2", vec![100])] {
        assert_eq!(world.send(&sms(session)).outcome, Outcome::Done);
        let parts: Vec<_> = world.account.bonuses.iter().map(|one| one.left.micros() / 10_000).collect();
        assert_eq!(parts, left);
    }
    assert_eq!(world.send(&sms("3")).outcome, Outcome::Done);
    assert_eq!(world.balances(), (900, 0));
    assert_eq!(
        world.moved(),
        [(Purse::Bonus, -200), (Purse::Bonus, -200), (Purse::Bonus, -100), (Purse::Main, -100)]
    );
    let used: Vec<_> =
        world.ledger.iter().filter_map(|entry| Some(entry.usage.as_ref()?.used.count)).collect();
    assert_eq!(used, [1, 1, 1, 0], "units are said once");
}

#[test]
fn it_pays_after_main_money_or_never_where_the_plan_says_so() {
    let mut world = World::with_order(BonusOrder::Last, 300);
    world.gift(300, None, &[]);
    for session in ["1", "2", "3"] {
        assert_eq!(world.send(&sms(session)).outcome, Outcome::Done);
    }
    assert_eq!(
        world.moved(),
        [(Purse::Main, -200), (Purse::Main, -100), (Purse::Bonus, -100), (Purse::Bonus, -200)]
    );
    assert_eq!(world.send(&sms("4")).outcome, Outcome::Denied(Denial::NoCredit));
    let mut world = World::with_order(BonusOrder::Never, 300);
    world.gift(300, None, &[]);
    assert_eq!(world.send(&sms("1")).outcome, Outcome::Done);
    assert_eq!(world.send(&sms("2")).outcome, Outcome::Denied(Denial::NoCredit));
    assert_eq!(world.balances(), (100, 300));
}

#[test]
fn it_pays_its_services_alone_and_not_after_its_end() {
    let mut world = World::with_order(BonusOrder::First, 0);
    world.gift(1_000, None, &["voice"]);
    world.gift(1_000, Some(100), &["sms"]);
    assert_eq!(world.send(&sms("1")).outcome, Outcome::Done);
    let answer = world.send(&Ask::data(Kind::Initial, "d", 0).ask(group(10)));
    assert_eq!(answer.parts[0].outcome, Outcome::Denied(Denial::NoCredit));
    world.skip(100);
    world.tidy();
    assert_eq!(world.send(&sms("2")).outcome, Outcome::Denied(Denial::NoCredit));
    assert_eq!(world.balances(), (0, 1_000));
}

#[test]
fn a_session_holds_of_it_what_no_other_gets() {
    let mut world = World::with_order(BonusOrder::First, 100);
    world.gift(500, None, &["data", "sms"]);
    // 1.00 a megabyte: 6 in all
    let answer = world.send(&Ask::data(Kind::Initial, "d", 0).ask(group(10)));
    let grant = answer.parts[0].grant.clone().unwrap();
    assert_eq!((grant.amount.count, grant.final_unit.is_some()), (6 * MB, true));
    assert_eq!((world.account.reserved, world.account.bonuses[0].reserved), (cents(100), cents(500)));
    assert_eq!(world.send(&sms("1")).outcome, Outcome::Denied(Denial::NoCredit), "all of it is held");
    world.send(&Ask::data(Kind::Update, "d", 1).used(group(10), octets(3 * MB)));
    assert_eq!(world.moved(), [(Purse::Bonus, -300)]);
    assert_eq!((world.account.reserved, world.account.bonuses[0].reserved), (Money::ZERO, Money::ZERO));
    assert_eq!(world.send(&sms("2")).outcome, Outcome::Done);
    world.send(&Ask::data(Kind::Terminate, "d", 2).used(group(10), octets(MB)));
    assert_eq!(world.balances(), (0, 0), "the last megabyte was paid with main money");
}

#[test]
fn a_grant_that_holds_of_it_ends_with_it_and_what_is_held_still_pays() {
    let mut world = World::with_order(BonusOrder::First, 0);
    world.gift(500, Some(1_000), &[]);
    let answer = world.send(&Ask::data(Kind::Initial, "d", 0).ask(group(10)));
    assert_eq!(answer.parts[0].grant.as_ref().unwrap().validity_secs, Some(1_000));
    world.skip(1_000);
    world.tidy();
    assert_eq!(world.balances(), (0, 500), "it is held");
    world.send(&Ask::data(Kind::Terminate, "d", 1).used(group(10), octets(2 * MB)));
    assert_eq!(world.balances(), (0, 300));
    world.tidy();
    assert_eq!(world.balances(), (0, 0), "what was given back is over");
}

#[test]
fn what_a_silent_session_holds_comes_back() {
    let mut world = World::with_order(BonusOrder::First, 0);
    world.gift(500, None, &[]);
    world.send(&Ask::data(Kind::Initial, "d", 0).ask(group(10)));
    world.pass(8_000);
    assert_eq!(world.account.bonuses[0].reserved, Money::ZERO);
    assert_eq!(world.account.bonus_for("data", world.now), cents(500));
}

/// `ACC-14`: a refund makes no money of it.
#[test]
fn a_refund_of_what_it_paid_goes_back_to_it() {
    let mut world = World::with_order(BonusOrder::First, 1_000);
    world.gift(150, Some(1_000), &["sms"]);
    let answer = world.send(&sms("1").ask(group(1)));
    let token = answer.parts[0].extra.as_ref().unwrap().refund.clone().unwrap();
    assert_eq!(world.balances(), (950, 0));
    let back = Ask::event(Action::Refund, "2", "32274@3gpp.org").back(&token, None);
    assert_eq!(world.send(&back).outcome, Outcome::Done);
    assert_eq!(world.balances(), (1_000, 150));
    assert_eq!(world.moved()[2..], [(Purse::Main, 50), (Purse::Bonus, 150)]);
    assert_eq!(&*world.account.bonuses[0].services[0], "sms");
    // what is over by then does not come back
    let answer = world.send(&sms("3").ask(group(1)));
    let token = answer.parts[0].extra.as_ref().unwrap().refund.clone().unwrap();
    world.skip(1_000);
    let back = Ask::event(Action::Refund, "4", "32274@3gpp.org").back(&token, None);
    assert_eq!(world.send(&back).outcome, Outcome::Done);
    assert_eq!(world.balances(), (1_000, 0));
}

#[test]
fn use_above_what_there_is_is_owed_in_main_money() {
    let mut world = World::with_order(BonusOrder::First, 0);
    world.gift(500, None, &[]);
    world.send(&Ask::data(Kind::Initial, "d", 0).ask(group(10)));
    world.send(&Ask::data(Kind::Terminate, "d", 1).used(group(10), octets(7 * MB)));
    assert_eq!(world.moved(), [(Purse::Bonus, -500), (Purse::Main, -200)]);
    assert_eq!(world.ledger.last().unwrap().kind, EntryKind::Charge);
}

proptest! {
    /// Sessions and messages side by side, gifts that come and end: the books are audited at each step (what is held of
    /// each gift is what sessions hold of it), and who uses no more than was granted never owes.
    #[test]
    fn nothing_is_spent_twice(
        order in 0usize..3,
        steps in proptest::collection::vec((0u8..7, 0usize..3, 1i64..600), 1..60),
    ) {
        const SERVICES: [&[&str]; 3] = [&[], &["data"], &["sms", "voice"]];
        let order = [BonusOrder::First, BonusOrder::Last, BonusOrder::Never][order];
        let mut world = World::with_order(order, 700);
        let mut open: [Option<(String, u32, u64)>; 3] = [const { None }; 3];
        for (step, (what, place, amount)) in steps.into_iter().enumerate() {
            world.tidy();
            let part = |granted: u64| granted * u64::try_from(amount).unwrap() / 600;
            match what {
                0 => world.gift(amount, (amount % 3 > 0).then_some(amount), SERVICES[place]),
                1 => world.topup(amount),
                2 => world.pass(amount),
                3 => {
                    world.send(&sms(&format!("e{step}")));
                }
                4 | 5 => {
                    let (name, number, ask) = match open[place].take() {
                        None => {
                            let name = format!("d{step}");
                            let ask = Ask::data(Kind::Initial, &name, 0).ask(group(10));
                            (name, 0, ask)
                        }
                        Some((name, number, granted)) => {
                            let ask = Ask::data(Kind::Update, &name, number);
                            (name, number, ask.more(group(10), octets(part(granted))))
                        }
                    };
                    let answer = world.send(&ask);
                    match answer.parts.first().and_then(|part| part.grant.as_ref()) {
                        Some(grant) => open[place] = Some((name, number + 1, grant.amount.count)),
                        None => {
                            world.send(&Ask::data(Kind::Terminate, &name, number + 1));
                        }
                    }
                }
                _ => if let Some((name, number, granted)) = open[place].take() {
                    let ask = Ask::data(Kind::Terminate, &name, number);
                    world.send(&ask.used(group(10), octets(part(granted))));
                },
            }
            // a client whose reservation has ended uses nothing more of it
            for one in open.iter_mut().flatten() {
                let holds = world.sessions.get(&one.0).is_some_and(|session| {
                    session.quotas.iter().any(|quota| quota.reservation.is_some())
                });
                if !holds {
                    one.2 = 0;
                }
            }
            prop_assert!(!world.account.main.is_negative(), "{:?}", world.account);
            prop_assert!(!world.account.bonus.is_negative());
            prop_assert!(world.account.bonuses.iter().all(|one| one.reserved <= one.left));
        }
    }
}
