//! Operators' commands and questions.

use super::world::*;
use crate::charging::account::{AccountId, Mode as Settlement};
use crate::charging::answer::Denial;
use crate::charging::ledger::EntryKind;
use crate::engine::core::command::{Change, CommandError, SubscriberChange};
use crate::engine::core::query::{Query, View, Why};
use crate::engine::core::{Limits, OperationKey};

fn topup(amount: i64, reference: Option<&str>) -> Change {
    Change::Topup {
        msisdn: number(MSISDN),
        amount: cents(amount),
        reference: reference.map(Into::into),
        note: None,
    }
}

fn done(outcome: crate::engine::core::Outcome) -> (i64, bool, bool) {
    match outcome {
        Ok(View::Done { done, repeated }) => (done.balance.micros() / 10_000, done.changed, repeated),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_is_answered_once_it_is_durable() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let tag = world.command(1, topup(500, None));
    while world.load() {}
    world.batch().unwrap();
    world.poll();
    assert_eq!(world.replies.get(&tag), None);
    world.durable();
    assert_eq!(done(world.replies.remove(&tag).unwrap()), (10_500, true, false));
}

#[test]
fn a_command_repeated_under_its_key_changes_nothing() {
    let mut world = World::with_money(Limits::default(), 10_000);
    assert_eq!(done(world.order(1, topup(500, None))), (10_500, true, false));
    assert_eq!(done(world.order(1, topup(500, None))), (10_500, true, true));
    world.restart();
    assert_eq!(done(world.order(1, topup(500, None))), (10_500, true, true));
    assert_eq!(world.order(1, topup(501, None)), Err(CommandError::KeyUsed));
    assert_eq!(world.disk.main(1), cents(10_500));
    world.disk.audit().unwrap();
}

#[test]
fn a_known_reference_changes_nothing_and_another_amount_is_an_error() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.add("77010000002", 0);
    let first = world.command(1, topup(500, Some("kiosk-1")));
    let second = world.command(2, topup(500, Some("kiosk-1")));
    world.settle();
    assert_eq!(done(world.replies.remove(&first).unwrap()), (10_500, true, false));
    assert_eq!(done(world.replies.remove(&second).unwrap()), (10_500, false, false));
    world.restart();
    assert_eq!(done(world.order(3, topup(500, Some("kiosk-1")))), (10_500, false, false));
    let used = CommandError::ReferenceUsed {
        reference: "kiosk-1".into(),
        account: AccountId(1),
        amount: cents(500),
    };
    assert_eq!(world.order(4, topup(400, Some("kiosk-1"))), Err(used.clone()));
    assert_eq!(used.to_string(), "the reference \"kiosk-1\" was used for 5.00 to account 1 already");
    let other = Change::Topup {
        msisdn: number("77010000002"),
        amount: cents(500),
        reference: Some("kiosk-1".into()),
        note: None,
    };
    assert_eq!(world.order(5, other), Err(used));
    assert_eq!(world.disk.main(1), cents(10_500));
    world.disk.audit().unwrap();
}

#[test]
fn what_cannot_be_done_is_told_and_leaves_no_trace() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let before = world.disk.clone();
    let add = |change: &dyn Fn(&mut crate::engine::core::NewSubscriber)| {
        let mut new = new_subscriber("77010000009", 100);
        change(&mut new);
        Change::AddSubscriber(new)
    };
    let cases: Vec<(Change, &str)> = vec![
        (
            add(&|new| new.msisdn = number(MSISDN)),
            "the subscriber 77010000001 exists already: change it with `gyro subscriber set`",
        ),
        (add(&|new| new.plan = "frist".into()), "there is no plan \"frist\": did you mean \"first\"?"),
        (
            add(&|new| new.plan = "unlimited".into()),
            "there is no plan \"unlimited\": the tariff in force has first",
        ),
        (
            add(&|new| new.account = Some(AccountId(1))),
            "the account 1 exists already: change its money by `account topup` and its limits by `subscriber set`",
        ),
        (
            add(&|new| new.account = Some(AccountId(0))),
            "account numbers go from 1 to 999999999999: 0 is none",
        ),
        (add(&|new| new.owner = Some("12".into())), "the owner \"12\" is no 12-digit number (IIN or BIN)"),
        (add(&|new| new.language = Some("de".into())), "there is no language \"de\": kk, ru and en are"),
        (
            add(&|new| new.balance = crate::charging::units::Money::from_micros(1)),
            "the amount has more than two decimals: the ledger keeps whole hundredths",
        ),
        (topup(0, None), "the amount must be more than nothing"),
        (
            Change::Adjust { msisdn: number("7"), amount: cents(1), note: None },
            "there is no subscriber 7: add it with `gyro subscriber add`",
        ),
        (
            Change::Adjust { msisdn: number(MSISDN), amount: cents(0), note: None },
            "an adjustment by nothing changes nothing",
        ),
        (
            Change::Adjust { msisdn: number(MSISDN), amount: cents(1), note: Some("x".repeat(1_025).into()) },
            "the note is longer than 1024 octets",
        ),
        (
            Change::SetSubscriber {
                msisdn: number(MSISDN),
                set: SubscriberChange {
                    bar: vec!["fax".into()],
                    language: Some("kk".into()),
                    ..SubscriberChange::default()
                },
            },
            "there is no service \"fax\"",
        ),
    ];
    for (key, (what, words)) in (1u8..).zip(cases) {
        let why = world.order(key, what).unwrap_err();
        assert_eq!(why.to_string(), words);
    }
    assert_eq!(world.disk.subscribers, before.subscribers);
    assert_eq!(world.disk.accounts, before.accounts);
    assert_eq!(world.disk.facts.last, before.facts.last, "nothing was written");
}

#[test]
fn numbers_share_an_account() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let mut second = new_subscriber("77010000002", 0);
    second.account = Some(AccountId(1));
    world.order(1, Change::AddSubscriber(second)).unwrap();
    let mut third = new_subscriber("77010000003", 0);
    (third.account, third.mode) = (Some(AccountId(1)), Some(Settlement::Credit));
    let why = world.order(2, Change::AddSubscriber(third)).unwrap_err();
    assert_eq!(why, CommandError::AccountMode { account: AccountId(1), mode: Settlement::Advance });
    let mut own = new_subscriber("77010000004", 0);
    own.account = Some(AccountId(50));
    world.order(3, Change::AddSubscriber(own)).unwrap();
    world.add("77010000005", 0);
    assert_eq!(world.disk.subscribers[&number("77010000005")].account, AccountId(51));
    let list = Query::ListSubscribers { after: None, limit: 3 };
    let Ok(View::Subscribers { page, next }) = world.query(list) else { panic!() };
    let shown: Vec<_> =
        page.iter().map(|view| (view.subscriber.msisdn.to_string(), view.account.id.0)).collect();
    let expected = [("77010000001", 1), ("77010000002", 1), ("77010000004", 50)];
    assert_eq!(shown, expected.map(|(msisdn, account)| (msisdn.to_owned(), account)));
    let Ok(View::Subscribers { page, next }) = world.query(Query::ListSubscribers { after: next, limit: 3 })
    else {
        panic!()
    };
    assert_eq!((page.len(), next), (1, None));
}

#[test]
fn properties_change_together_or_not_at_all() {
    let mut world = World::new(Limits::default());
    let (one, two) = (number("401020000000001"), number("401020000000002"));
    let mut new = new_subscriber(MSISDN, 1_000);
    new.imsi = Some(one);
    world.order(1, Change::AddSubscriber(new)).unwrap();
    let mut other = new_subscriber("77010000002", 0);
    other.imsi = Some(two);
    world.order(2, Change::AddSubscriber(other)).unwrap();
    let set = |set| Change::SetSubscriber { msisdn: number(MSISDN), set };
    let taken = SubscriberChange { imsi: Some(two), overage: Some(false), ..SubscriberChange::default() };
    let why = world.order(3, set(taken)).unwrap_err();
    assert_eq!(why, CommandError::DuplicateImsi { imsi: two, msisdn: number("77010000002") });
    let three = number("401020000000003");
    let change = SubscriberChange {
        imsi: Some(three),
        overage: Some(false),
        bar: vec!["sms".into()],
        overdraft: Some(cents(300)),
        language: Some("kk".into()),
        ..SubscriberChange::default()
    };
    world.order(4, set(change)).unwrap();
    world.restart();
    let Ok(View::Subscriber(view)) = world.query(Query::ShowSubscriber(number(MSISDN))) else { panic!() };
    assert_eq!(view.subscriber.imsi, Some(three));
    assert_eq!((view.subscriber.overage, &*view.subscriber.barred), (false, &["sms".into()][..]));
    assert_eq!(view.account.overdraft, cents(300));
    let mut by_old = new_subscriber("77010000003", 0);
    by_old.imsi = Some(one);
    world.order(5, Change::AddSubscriber(by_old)).unwrap();
    let unbar = SubscriberChange { unbar: vec!["sms".into()], ..SubscriberChange::default() };
    world.order(6, set(unbar)).unwrap();
    assert_eq!(world.disk.subscribers[&number(MSISDN)].barred, []);
}

#[test]
fn a_ledger_is_paged_through_its_chain() {
    let mut world = World::with_money(Limits::default(), 100_000);
    world.ask(initial("s"));
    for round in 0..4u32 {
        for number in 0..3 {
            world.send(update("s", round * 3 + number + 1, 1_000));
        }
        world.settle();
    }
    world.restart();
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let query = Query::Ledger { msisdn: number(MSISDN), after, limit: 5 };
        let Ok(View::Ledger(page)) = world.query(query) else { panic!() };
        seen.extend(page.entries.iter().map(|entry| entry.index));
        assert!(!page.archived);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=13).rev().collect::<Vec<_>>());
}

#[test]
fn a_ledger_may_be_cut_between_the_entries_of_one_request() {
    let mut world = World::with_money(Limits::default(), 100_000);
    world.ask(initial("s"));
    let mut both = update("s", 1, 1_000);
    let mut other = both.parts[0].clone();
    other.key.rating_group = Some(20);
    both.parts.push(other);
    world.ask(both);
    let mut after = None;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let query = Query::Ledger { msisdn: number(MSISDN), after, limit: 1 };
        let Ok(View::Ledger(page)) = world.query(query) else { panic!() };
        seen.extend(page.entries.iter().map(|entry| (entry.index, entry.amount)));
        after = page.next;
    }
    assert_eq!(seen, [(3, cents(-100)), (2, cents(-100)), (1, cents(100_000))]);
    assert_eq!(after, None);
}

#[test]
fn a_reference_is_known_while_its_batch_is_under_way() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let first = world.command(1, topup(500, Some("kiosk-1")));
    while world.load() {}
    world.batch().unwrap();
    let second = world.command(2, topup(500, Some("kiosk-1")));
    while world.load() {}
    world.settle();
    assert_eq!(done(world.replies.remove(&first).unwrap()), (10_500, true, false));
    assert_eq!(done(world.replies.remove(&second).unwrap()), (10_500, false, false));
    assert_eq!(world.disk.main(1), cents(10_500));
}

#[test]
fn an_explanation_names_charges_and_refusals() {
    let mut world = World::with_money(Limits::default(), 500);
    world.ask(initial("s"));
    world.ask(update("s", 1, 5_000));
    world
        .order(1, Change::Adjust { msisdn: number(MSISDN), amount: cents(7), note: Some("sorry".into()) })
        .unwrap();
    let explain = Query::Explain { msisdn: number(MSISDN), session: None, limit: 100 };
    let Ok(View::Explanation(told)) = world.query(explain) else { panic!() };
    assert_eq!(told.looked_at, 3);
    assert_eq!(
        told.entries.iter().map(|entry| (entry.kind, entry.amount)).collect::<Vec<_>>(),
        [(EntryKind::Charge, cents(-500))]
    );
    assert_eq!(
        told.refusals.iter().map(|refusal| (refusal.number, refusal.why)).collect::<Vec<_>>(),
        [(1, Why::Denied(Denial::NoCredit)), (0, Why::Last)]
    );
    let other = Query::Explain { msisdn: number(MSISDN), session: Some(initial("t").session), limit: 100 };
    let Ok(View::Explanation(told)) = world.query(other) else { panic!() };
    assert!(told.entries.is_empty() && told.refusals.is_empty());
    let [mut last, mut limited] = [initial("t"), update("t", 1, 70)];
    (last.traits.redirect, limited.traits.redirect) = (true, true);
    world.ask(last);
    world.ask(limited);
    let other = Query::Explain { msisdn: number(MSISDN), session: Some(initial("t").session), limit: 100 };
    let Ok(View::Explanation(told)) = world.query(other) else { panic!() };
    let why: Vec<_> = told
        .refusals
        .iter()
        .map(|refusal| (refusal.why, refusal.key.as_ref().unwrap().rating_group))
        .collect();
    assert_eq!(why, [(Why::Limited, Some(10)), (Why::Last, Some(10))]);
    let unknown = world.query(Query::Explain { msisdn: number("7"), session: None, limit: 1 });
    assert_eq!(unknown, Err(CommandError::UnknownSubscriber(number("7"))));
}

#[test]
fn the_figures_are_told_in_every_state() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.ask(initial("s"));
    let Ok(View::Status(status)) = world.query(Query::Status) else { panic!() };
    assert_eq!((status.sessions, status.parked, status.reserved), (1, 0, cents(1_000)));
    assert!(status.scanned && status.durable == world.disk.facts.last);
    let known = world.query(Query::Operation(OperationKey([200; 16])));
    assert!(matches!(known, Ok(View::Operation(Some(record))) if &*record.operator == "anna"));
    world.core.on_failed(world.now);
    let tag = crate::engine::core::Tag(5_000);
    world.core.query(tag, Query::Status, world.now);
    world.poll();
    assert!(matches!(world.replies.get(&tag), Some(Ok(View::Status(_)))));
}
