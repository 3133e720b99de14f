//! Payment cards: one activation only, wrong codes lock out, void and ended cards top nothing up.

use core::time::Duration;

use super::world::*;
use crate::charging::ledger::{Counter, EntryKind};
use crate::charging::voucher::{BatchId, Code, VoucherError};
use crate::engine::core::command::{Change, CommandError, NewVouchers};
use crate::engine::core::query::{Query, View};
use crate::engine::core::{Limits, Outcome};
use crate::time::Timestamp;

const OTHER: &str = "77010000002";

fn code(serial: u32) -> Code {
    Code::parse(&format!("{serial:020}")).unwrap()
}

fn cards(batch: u32, first: u32, count: u32, valid: Option<u64>) -> Change {
    let codes = (first..first + count).map(|serial| code(batch * 1_000 + serial)).collect();
    let valid = valid.map(Duration::from_hours);
    Change::AddVouchers(NewVouchers { batch: BatchId(batch), value: cents(50_000), valid, first, codes })
}

fn activate(msisdn: &str, serial: u32) -> Change {
    Change::ActivateVoucher { msisdn: number(msisdn), code: code(serial) }
}

fn void(batch: u32, serials: Option<(u32, u32)>) -> Change {
    Change::VoidVouchers { batch: BatchId(batch), serials, note: None }
}

#[track_caller]
fn balance(outcome: Outcome) -> i64 {
    match outcome {
        Ok(View::Done { done, .. }) => done.balance.micros() / 10_000,
        other => panic!("{other:?}"),
    }
}

fn refused(outcome: Outcome) -> VoucherError {
    match outcome {
        Err(CommandError::Voucher(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn world() -> World {
    let mut world = World::with_money(Limits::default(), 0);
    world.add(OTHER, 0);
    world.order(1, cards(1, 1, 20, None)).unwrap();
    world
}

#[test]
fn of_two_activations_that_race_one_tops_up() {
    let mut world = world();
    let (one, two) = (world.command(2, activate(MSISDN, 1_001)), world.command(3, activate(OTHER, 1_001)));
    world.settle();
    assert_eq!(balance(world.replies.remove(&one).unwrap()), 50_000);
    assert_eq!(refused(world.replies.remove(&two).unwrap()), VoucherError::Used);
    world.restart();
    assert_eq!(refused(world.order(4, activate(OTHER, 1_001))), VoucherError::Used);
    assert_eq!(balance(world.order(2, activate(MSISDN, 1_001))), 50_000, "the same order again");
    assert_eq!((world.disk.main(1), world.disk.main(2)), (cents(50_000), cents(0)));
    let (_, (_, entry)) = world.disk.ledger.last_key_value().unwrap();
    assert_eq!((entry.kind, entry.counter), (EntryKind::Topup, Counter::Voucher));
    assert_eq!(entry.reference.as_deref(), Some("voucher:1/1"));
    let Ok(View::Batch(batch)) = world.query(Query::ShowBatch(BatchId(1))) else { panic!() };
    assert_eq!((batch.count, batch.used), (20, 1));
    world.disk.audit().unwrap();
}

#[test]
fn a_power_cut_before_the_batch_is_durable_leaves_the_card_unused() {
    let mut world = world();
    let tag = world.command(2, activate(MSISDN, 1_001));
    while world.load() {}
    world.batch().unwrap();
    world.restart();
    assert_eq!(world.replies.get(&tag), None);
    assert_eq!(balance(world.order(3, activate(OTHER, 1_001))), 50_000);
    assert_eq!(world.disk.main(1), cents(0));
}

#[test]
fn wrong_codes_lock_a_number_out_for_a_while_and_over_a_restart() {
    let mut world = world();
    for key in 2..6 {
        assert_eq!(refused(world.order(key, activate(MSISDN, 999))), VoucherError::Unknown);
    }
    world.restart();
    assert_eq!(refused(world.order(6, activate(MSISDN, 999))), VoucherError::Unknown);
    let hour = Duration::from_hours(1);
    let why = refused(world.order(7, activate(MSISDN, 1_001)));
    assert_eq!(why, VoucherError::LockedOut(hour));
    assert_eq!(why.to_string(), "too many wrong codes: the number is locked out for 60 minutes");
    world.restart();
    assert!(matches!(refused(world.order(8, activate(MSISDN, 1_001))), VoucherError::LockedOut(_)));
    assert_eq!(balance(world.order(9, activate(OTHER, 1_002))), 50_000, "another number is not locked out");
    world.now = world.now.plus(hour);
    assert_eq!(balance(world.order(10, activate(MSISDN, 1_001))), 50_000);
    for key in 11..15 {
        assert_eq!(refused(world.order(key, activate(MSISDN, 999))), VoucherError::Unknown);
    }
    assert_eq!(balance(world.order(15, activate(MSISDN, 1_003))), 100_000, "a right code ends the counting");
    assert_eq!(refused(world.order(16, activate(MSISDN, 1_003))), VoucherError::Used);
    world.disk.audit().unwrap();
}

#[test]
fn void_and_ended_cards_top_nothing_up() {
    let mut world = world();
    world.order(2, cards(2, 1, 5, Some(24))).unwrap();
    world.order(3, void(1, Some((3, 5)))).unwrap();
    assert_eq!(refused(world.order(4, activate(MSISDN, 1_003))), VoucherError::Unknown);
    assert_eq!(balance(world.order(5, activate(MSISDN, 1_006))), 50_000);
    world.now = Timestamp::from_micros(world.now.micros() + 24 * 3_600_000_000);
    assert_eq!(refused(world.order(6, activate(OTHER, 2_001))), VoucherError::Over);
    world.order(7, void(1, None)).unwrap();
    assert_eq!(refused(world.order(8, activate(OTHER, 1_007))), VoucherError::Unknown);
    assert_eq!(world.order(9, void(9, None)), Err(CommandError::NoBatch(BatchId(9))));
    assert_eq!(world.order(10, void(1, Some((5, 21)))), Err(CommandError::Serials { most: 20 }));
    let Ok(View::Done { done, .. }) = world.order(11, void(1, None)) else { panic!() };
    assert!(!done.changed);
}

#[test]
fn a_batch_grows_in_order_and_no_code_is_there_twice() {
    let mut world = world();
    assert_eq!(world.order(2, cards(1, 1, 5, None)), Err(CommandError::BatchThere(BatchId(1))));
    assert_eq!(world.order(3, cards(1, 25, 5, None)), Err(CommandError::BatchThere(BatchId(1))));
    world.order(4, cards(1, 21, 5, None)).unwrap();
    world.restart();
    assert_eq!(balance(world.order(5, activate(MSISDN, 1_025))), 50_000);
    let twice =
        NewVouchers { batch: BatchId(3), value: cents(1), valid: None, first: 1, codes: vec![code(1_025)] };
    assert_eq!(world.order(6, Change::AddVouchers(twice.clone())), Err(CommandError::CodeThere));
    let twins = NewVouchers { codes: vec![code(7), code(7)], ..twice.clone() };
    assert_eq!(world.order(7, Change::AddVouchers(twins)), Err(CommandError::CodeThere));
    let none = NewVouchers { codes: Vec::new(), ..twice };
    assert!(matches!(world.order(8, Change::AddVouchers(none)), Err(CommandError::TooManyCards { .. })));
    let Err(CommandError::NoBatch(_)) = world.query(Query::ShowBatch(BatchId(3))) else { panic!() };
}

#[test]
fn a_card_can_be_taken_back_by_its_reference_once() {
    let mut world = world();
    world.order(2, activate(MSISDN, 1_001)).unwrap();
    let reverse = Change::Reverse { msisdn: number(MSISDN), reference: "voucher:1/1".into(), note: None };
    assert_eq!(balance(world.order(3, reverse.clone())), 0);
    assert_eq!(balance(world.order(4, reverse)), 0);
    assert_eq!(refused(world.order(5, activate(MSISDN, 1_001))), VoucherError::Used);
    world.disk.audit().unwrap();
}
