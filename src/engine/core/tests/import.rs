//! Imports: all or none, and what can be added where that is asked for.

use super::billing::fee;
use super::world::*;
use crate::charging::account::AccountId;
use crate::charging::catalogue::Unpaid;
use crate::engine::core::command::{Change, CommandError, Import, Imported, NewSubscriber};
use crate::engine::core::query::View;
use crate::engine::core::{Limits, Outcome};

const OWNER: &str = "900101300123";

fn rows(count: u64) -> Vec<NewSubscriber> {
    let row = |place: u64| NewSubscriber {
        imsi: Some(number(&format!("40102{place:010}"))),
        owner: Some(format!("{:012}", place / 3).into()),
        ..new_subscriber(&format!("7702{place:07}"), 1_000)
    };
    (0..count).map(row).collect()
}

fn import(rows: Vec<NewSubscriber>, partial: bool) -> Change {
    Change::Import(Import { rows, partial })
}

#[track_caller]
fn imported(outcome: Outcome) -> Imported {
    match outcome {
        Ok(View::Imported(done)) => done,
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_rows_are_added_in_one_batch() {
    let mut world = World::with_money(Limits::default(), 10_000);
    let before = world.disk.facts.last.0;
    let mut all = rows(300);
    let shared = |row: &mut NewSubscriber| row.account = Some(AccountId(500));
    all.iter_mut().take(2).for_each(shared);
    all[1].balance = cents(0);
    assert_eq!(imported(world.order(1, import(all.clone(), false))).added, 300);
    assert_eq!(world.disk.facts.last.0, before + 1, "one frame");
    assert_eq!(world.disk.subscribers.len(), 301);
    world.disk.audit().unwrap();
    world.restart();
    assert!(matches!(world.order(1, import(all, false)), Ok(View::Done { repeated: true, .. })));
    world.order(2, Change::AddSubscriber(new_subscriber("77010000002", 5))).unwrap();
    assert_eq!(world.disk.audit(), Ok(()));
}

#[test]
fn one_refused_row_leaves_no_trace_of_the_others() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.order(9, import(rows(1), false)).unwrap();
    let before = world.disk.clone();
    let mut all = rows(40).split_off(1);
    all[20].msisdn = number(MSISDN);
    all[30].plan = "frist".into();
    let why = world.order(1, import(all.clone(), false)).unwrap_err();
    let CommandError::ImportRefused { refused, refused_in_all } = &why else { panic!("{why}") };
    assert_eq!((*refused_in_all, refused[0].row, refused[1].row), (2, 20, 30));
    assert_eq!(
        why.to_string(),
        "2 rows are refused, so none is added: row 21: the subscriber 77010000001 exists already: change it with \
         `gyro subscriber set`; row 31: there is no plan \"frist\": did you mean \"first\"?"
    );
    world.restart();
    assert_eq!(world.disk.subscribers, before.subscribers);
    assert_eq!(world.disk.accounts, before.accounts);
    assert_eq!(world.disk.ledger, before.ledger);
    assert_eq!(world.disk.papers, before.papers);
    world.order(2, Change::AddSubscriber(all[0].clone())).unwrap();
    assert_eq!(world.disk.subscribers[&all[0].msisdn].account, AccountId(3), "no account number is lost");
    let done = imported(world.order(3, import(all, true)));
    assert_eq!((done.added, done.refused_in_all), (36, 3));
    world.disk.audit().unwrap();
}

#[test]
fn a_refused_import_charges_no_fee_and_writes_none_into_the_calendar() {
    let mut world = World::with_money(Limits::default(), 10_000);
    world.with_fee(fee(Unpaid::Fallback));
    let before = world.disk.clone();
    let mut all = rows(4);
    all[3].msisdn = number(MSISDN);
    world.order(1, import(all.clone(), false)).unwrap_err();
    world.settle();
    assert_eq!(world.disk.ledger, before.ledger);
    assert_eq!(world.disk.calendar, before.calendar);
    assert_eq!(world.disk.notices, before.notices);
    all.truncate(3);
    assert_eq!(imported(world.order(2, import(all.clone(), false))).added, 3);
    assert_eq!(world.disk.calendar.len(), before.calendar.len() + 3, "a period ends for each");
    assert_eq!(world.disk.subscribers[&all[0].msisdn].life.billing.unwrap().charged, 1);
    world.disk.audit().unwrap();
}

#[test]
fn an_import_keeps_to_the_most_numbers_of_an_individual() {
    let mut world = World::new(Limits::default());
    let mut all = rows(11);
    for row in &mut all {
        row.owner = Some(OWNER.into());
    }
    let why = world.order(1, import(all.clone(), false)).unwrap_err();
    assert!(why.to_string().contains("row 11: the owner 900101300123 has 10 numbers"), "{why}");
    assert!(world.disk.subscribers.is_empty());
    assert!(world.disk.papers.is_empty(), "the holder has none");
    for row in &mut all {
        row.override_limit = true;
    }
    assert_eq!(imported(world.order(2, import(all, false))).added, 11);
    assert_eq!(world.order(3, import(Vec::new(), false)), Err(CommandError::Rows(50_000)));
}
