use super::*;
use crate::charging::account::Promise;
use crate::charging::books::operations::tests::{account, cents, subscriber};

const ALMATY: &str = "Asia/Almaty";

fn at(text: &str) -> Timestamp {
    Zone::named(ALMATY).unwrap().parse(text).unwrap()
}

fn to_end(subscriber: &Subscriber, account: &Account, now: &str) -> Option<EndReason> {
    subscriber.is_to_end(account, &Zone::named(ALMATY).unwrap(), at(now)).map(|(why, _)| why)
}

/// `END-1`
#[test]
fn a_contract_ends_at_the_date_that_was_set() {
    let mut number = Subscriber { since: at("2026-01-01"), ..subscriber() };
    number.life.ends = Some(at("2026-03-01"));
    let account = account(Mode::Advance, 100);
    assert_eq!(to_end(&number, &account, "2026-02-28T23:59:59+05:00"), None);
    assert!(!number.has_ended(at("2026-02-28")));
    assert_eq!(to_end(&number, &account, "2026-03-01"), Some(EndReason::Request));
    assert!(number.has_ended(at("2026-03-01")), "whether or not the job has run");
}

/// `END-2`
#[test]
fn two_months_unpaid_in_credit_mode_end_the_contract() {
    let number = Subscriber { since: at("2026-01-01"), ..subscriber() };
    let mut debtor = account(Mode::Credit, -100);
    debtor.life.unpaid_since = Some(at("2026-06-30"));
    assert_eq!(to_end(&number, &debtor, "2026-08-29"), None);
    assert_eq!(to_end(&number, &debtor, "2026-08-30"), Some(EndReason::Unpaid));
    debtor.mode = Mode::Advance;
    assert_eq!(to_end(&number, &debtor, "2026-08-30"), None, "in credit mode alone");
    debtor.mode = Mode::Credit;
    debtor.life.unpaid_since = None;
    assert_eq!(to_end(&number, &debtor, "2026-08-30"), None, "it was paid");
}

/// `END-3`
#[test]
fn twelve_months_without_use_end_the_contract_and_never_a_moment_before() {
    let mut number = Subscriber { since: at("2025-02-01"), ..subscriber() };
    let account = account(Mode::Advance, 100);
    assert_eq!(to_end(&number, &account, "2026-01-31"), None);
    assert_eq!(to_end(&number, &account, "2026-02-01"), Some(EndReason::Unused), "never used");
    assert!(number.note_use(at("2025-06-15T10:00:00+05:00")));
    assert!(!number.note_use(at("2025-06-16T09:59:59+05:00")), "one write a day is enough");
    assert_eq!(to_end(&number, &account, "2026-06-16T09:59:59+05:00"), None, "that use counts all the same");
    assert_eq!(to_end(&number, &account, "2026-06-16T10:00:00+05:00"), Some(EndReason::Unused));
    assert!(number.note_use(at("2025-06-16T10:00:00+05:00")));
    assert_eq!(to_end(&number, &account, "2026-06-16T10:00:00+05:00"), None);
}

#[test]
fn who_has_ended_is_not_ended_again() {
    let mut number = Subscriber { since: at("2020-01-01"), ..subscriber() };
    let mut account = account(Mode::Advance, 100);
    number.end(&mut account, EndReason::Unused, at("2026-01-01"));
    assert_eq!(to_end(&number, &account, "2028-01-01"), None);
}

/// `ACC-15`
#[test]
fn the_settlement_names_what_is_left_and_its_dates() {
    let now = at("2026-01-01");
    let day = |days: u64| now.plus(Duration::from_hours(days * 24));
    let advance = Settlement::of(&account(Mode::Advance, 500), now);
    assert_eq!((advance.balance, advance.from, advance.due), (cents(500), now, day(30)));
    assert_eq!(advance.state(), "refund-pending");
    let credit = Settlement::of(&account(Mode::Credit, 500), now);
    assert_eq!((credit.from, credit.due), (day(15), day(30)));
    assert_eq!(Settlement::of(&account(Mode::Credit, -1), now).state(), "debt");
    assert_eq!(Settlement::of(&account(Mode::Advance, 0), now).state(), "none");
    let mut shared = account(Mode::Advance, 500);
    shared.life.numbers = Some(2);
    assert_eq!(Settlement::of(&shared, now).state(), "none", "the money stays with the other number");
    subscriber().end(&mut shared, EndReason::Request, now);
    assert_eq!(Settlement::of(&shared, now).balance, cents(500));
    let refunded = Settlement { refunded: Some((now, cents(500))), ..advance };
    assert_eq!(refunded.state(), "refunded");
}

/// `MNP-1`
#[test]
fn a_number_is_ported_out_without_debt_and_without_an_authority_s_block() {
    let now = at("2026-01-01");
    let block = |reason| Block { reason, since: now, operator: "anna".into(), note: None };
    let mut number = subscriber();
    assert_eq!(port_refusals(&number, &account(Mode::Advance, 0), now), []);
    let promise = Promise { left: cents(1), given: now, due: now };
    let promised = Account { promise: Some(promise), ..account(Mode::Advance, 0) };
    assert_eq!(port_refusals(&number, &promised, now), [PortRefusal::Debt], "a promise is a debt");
    let covered = Account { promise: Some(promise), ..account(Mode::Advance, 1) };
    assert_eq!(port_refusals(&number, &covered, now), []);
    number.put_block(block(BlockReason::Lost));
    assert_eq!(port_refusals(&number, &account(Mode::Advance, 0), now), []);
    number.put_block(block(BlockReason::Authority));
    let mut debtor = account(Mode::Credit, -1);
    debtor.life.unpaid_since = Some(now);
    let found = port_refusals(&number, &debtor, now);
    assert_eq!(found, [PortRefusal::Debt, PortRefusal::Overdue, PortRefusal::Authority]);
    number.life.ends = Some(now);
    number.lift_block(BlockReason::Authority);
    assert_eq!(port_refusals(&number, &account(Mode::Advance, 0), now), [PortRefusal::Ended]);
}
