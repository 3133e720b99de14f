//! Ledger entry, class 128, layout 2. Key: account number and index, both big-endian. Value: version u8 = 2 · kind u8 ·
//! flags u8 (1 use, 2 bonus balance, 4 what the charge rests on) · counter-account u8 · batch of the entry before u64 (0 none) · at i64 (µs) · amount i64 · balance i64 (millionths)
//! · reference text? · operator text? · note text? · of a use: number packed u64, session text, request number u32,
//! quota key, unit u8, used count, of it from bundles count, plan text, rate text, used at i64, above grant count, and with its flag what
//! `basis` says.
//!
//! Layout 1 has no counter-account, which follows from the kind, and knows the main balance alone.

use super::basis;
use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key};
use crate::charging::account::AccountId;
use crate::charging::ledger::{ChargedUse, Counter, EntryKind, LedgerEntry, Purse};

/// The class of ledger entries.
pub const CLASS: Class = Class::Ledger;

const VERSION: u8 = 2;
const USAGE: u8 = 1;
const BONUS: u8 = 2;
const BASIS: u8 = 4;

const KINDS: [(u8, EntryKind); 13] = [
    (1, EntryKind::Advance),
    (2, EntryKind::Topup),
    (3, EntryKind::Adjustment),
    (4, EntryKind::Charge),
    (5, EntryKind::Late),
    (6, EntryKind::Refund),
    (7, EntryKind::Reversal),
    (8, EntryKind::Fee),
    (9, EntryKind::Penalty),
    (10, EntryKind::Promise),
    (11, EntryKind::Bonus),
    (12, EntryKind::Payment),
    (13, EntryKind::Claim),
];

const fn counter_octet(counter: Counter) -> u8 {
    match counter {
        Counter::Cash => 1,
        Counter::Revenue => 2,
        Counter::Voucher => 3,
        Counter::Promise => 4,
        Counter::Bonus => 5,
        Counter::Correction => 6,
        Counter::ThirdParty => 7,
    }
}

/// The counter-account of an octet.
pub(super) fn counter_of(octet: u8) -> Result<Counter, RecordError> {
    let found = Counter::ALL.into_iter().find(|counter| counter_octet(*counter) == octet);
    found.ok_or(RecordError::Field("counter"))
}

/// The octet of a counter-account.
pub(super) const fn octet_of(counter: Counter) -> u8 {
    counter_octet(counter)
}

const fn kind_octet(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::Advance => 1,
        EntryKind::Topup => 2,
        EntryKind::Adjustment => 3,
        EntryKind::Charge => 4,
        EntryKind::Late => 5,
        EntryKind::Refund => 6,
        EntryKind::Reversal => 7,
        EntryKind::Fee => 8,
        EntryKind::Penalty => 9,
        EntryKind::Promise => 10,
        EntryKind::Bonus => 11,
        EntryKind::Payment => 12,
        EntryKind::Claim => 13,
    }
}

/// Where an entry stands within its batch.
pub fn key(account: AccountId, index: u64) -> Key {
    let mut octets = [0; 16];
    let (first, last) = octets.split_at_mut(8);
    first.copy_from_slice(&account.0.to_be_bytes());
    last.copy_from_slice(&index.to_be_bytes());
    Key::new(&octets).unwrap_or(Key::EMPTY)
}

/// The account and the index of a key.
pub fn place(key: &Key) -> Result<(AccountId, u64), RecordError> {
    let (first, last) = key.as_octets().split_first_chunk().ok_or(RecordError::Field("key"))?;
    let last = last.try_into().map_err(|_| RecordError::Field("key"))?;
    Ok((AccountId(u64::from_be_bytes(*first)), u64::from_be_bytes(last)))
}

/// The entry's octets.
pub fn encode(entry: &LedgerEntry) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 160);
    to.u8(kind_octet(entry.kind));
    let basis = entry.usage.as_ref().and_then(|usage| usage.basis.as_deref());
    let bonus = flag(entry.purse == Purse::Bonus, BONUS);
    to.u8(flag(entry.usage.is_some(), USAGE) | bonus | flag(basis.is_some(), BASIS));
    to.u8(octet_of(entry.counter));
    to.sequence_or_none(entry.previous);
    to.time(entry.at);
    to.money(entry.amount);
    to.money(entry.balance);
    to.text_or_none(entry.reference.as_deref());
    to.text_or_none(entry.operator.as_deref());
    to.text_or_none(entry.note.as_deref());
    if let Some(usage) = &entry.usage {
        to.digits(usage.msisdn);
        to.text(usage.session.as_str());
        to.u32(usage.request_number);
        to.quota_key(&usage.key);
        to.amount(usage.used);
        to.count(usage.from_bundles);
        to.text(&usage.plan);
        to.text(&usage.rate);
        to.time(usage.used_at);
        to.count(usage.above_grant);
    }
    if let Some(basis) = basis {
        basis::put(&mut to, basis);
    }
    to.finish()
}

/// The entry under a key.
pub fn decode(key: &Key, octets: &[u8]) -> Result<LedgerEntry, RecordError> {
    let (account, index) = place(key)?;
    let (mut from, version) = Reader::up_to(octets, VERSION)?;
    let kind = from.u8()?;
    let kind = KINDS.into_iter().find(|(octet, _)| *octet == kind).ok_or(RecordError::Field("kind"))?.1;
    let flags = from.flags(if version > 1 { USAGE | BONUS | BASIS } else { USAGE })?;
    if flags & (USAGE | BASIS) == BASIS {
        return Err(RecordError::Field("flags"));
    }
    let counter = if version > 1 { counter_of(from.u8()?)? } else { kind.counter() };
    let entry = LedgerEntry {
        account,
        index,
        previous: from.sequence_or_none()?,
        at: from.time()?,
        amount: from.money()?,
        purse: if flags & BONUS == 0 { Purse::Main } else { Purse::Bonus },
        balance: from.money()?,
        kind,
        counter,
        reference: from.text_or_none("reference")?,
        operator: from.text_or_none("operator")?,
        note: from.text_or_none("note")?,
        usage: if flags & USAGE == 0 { None } else { Some(take_usage(&mut from, flags & BASIS != 0)?) },
    };
    from.finish()?;
    Ok(entry)
}

fn take_usage(from: &mut Reader<'_>, rests: bool) -> Result<ChargedUse, RecordError> {
    Ok(ChargedUse {
        msisdn: from.digits("number")?,
        session: from.session_id()?,
        request_number: from.u32()?,
        key: from.quota_key()?,
        used: from.amount()?,
        from_bundles: from.count()?,
        plan: from.text("plan")?,
        rate: from.text("rate")?,
        used_at: from.time()?,
        above_grant: from.count()?,
        basis: if rests { Some(Box::new(basis::take(from)?)) } else { None },
    })
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::{amount, damaged, money, number, quota_key, session_id, text, time};
    use super::*;
    use crate::charging::account::Sequence;
    use crate::charging::request::{QuotaKey, SessionId};
    use crate::charging::units::{Amount, Digits, Money, Unit};
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn sample() -> LedgerEntry {
        LedgerEntry {
            account: AccountId(7),
            index: 2,
            previous: Some(Sequence(3)),
            at: Timestamp::from_micros(4),
            amount: Money::from_micros(-10_000),
            purse: Purse::Main,
            balance: Money::from_micros(20_000),
            kind: EntryKind::Charge,
            counter: Counter::Revenue,
            reference: None,
            operator: None,
            note: Some("n".into()),
            usage: Some(ChargedUse {
                msisdn: Digits::parse("77010000001").unwrap(),
                session: SessionId::new("s;1").unwrap(),
                request_number: 5,
                key: QuotaKey { rating_group: None, services: vec![1] },
                used: Amount::new(Unit::Seconds, 61),
                from_bundles: 0,
                plan: "first".into(),
                rate: "voice".into(),
                used_at: Timestamp::from_micros(6),
                above_grant: 1,
                basis: None,
            }),
        }
    }

    const BODY: &str = "03000000000000000400000000000000f0d8ffffffffffff204e0000000000000000026e1b00000001770000\
                        03733b31050000000201000000013d0005666972737405766f696365060000000000000001";

    #[test]
    fn the_first_layout_is_still_read() {
        let octets = super::super::unhex(&format!("010401{BODY}"));
        assert_eq!(decode(&key(AccountId(7), 2), &octets), Ok(sample()));
        damaged(&octets, |octets| decode(&key(AccountId(7), 2), octets));
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let octets = encode(&sample());
        assert_eq!(super::super::hex(&octets), format!("02040102{BODY}"));
        assert_eq!(key(AccountId(7), 2).to_string(), "00000000000000070000000000000002");
        assert_eq!(decode(&key(AccountId(7), 2), &octets), Ok(sample()));
    }

    #[test]
    fn the_layout_of_what_a_charge_rests_on_is_what_it_was() {
        let basis = basis::tests::sample();
        let usage = sample().usage.map(|usage| ChargedUse { basis: Some(Box::new(basis)), ..usage });
        let entry = LedgerEntry { usage, ..sample() };
        let octets = encode(&entry);
        let start = encode(&sample()).len();
        assert_eq!(
            super::super::hex(&octets[start..]),
            "02030000000000000006766f696365036b7a0001016201013c01783c3c0000000000000000000178c0d8a7000000000080b14f0100000000c0d8a70000000000"
        );
        assert_eq!(decode(&key(AccountId(7), 2), &octets), Ok(entry));
        damaged(&octets, |octets| decode(&key(AccountId(7), 2), octets));
    }

    #[test]
    fn every_kind_has_its_own_number() {
        for (octet, kind) in KINDS {
            assert_eq!(kind_octet(kind), octet);
        }
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), |octets| decode(&key(AccountId(7), 2), octets));
        assert_eq!(decode(&Key::from_u64(7), &encode(&sample())), Err(RecordError::Field("key")));
    }

    prop_compose! {
        fn usages()(msisdn in number(), session in session_id(), request_number: u32, key in quota_key(),
            used in amount(), counts: [u64; 2], plan in text(), rate in text(), used_at in time(),
            basis in proptest::option::of(basis::tests::bases())) -> ChargedUse
        {
            let [from_bundles, above_grant] = counts;
            ChargedUse { msisdn, session, request_number, key, used, from_bundles, plan, rate, used_at, above_grant,
                basis: basis.map(Box::new) }
        }
    }

    prop_compose! {
        fn entries()(account: u64, index: u64, previous: u64, at in time(), amount in money(), balance in money(),
            kind in proptest::sample::select(&KINDS[..]), texts in proptest::array::uniform3(proptest::option::of(text())),
            counter in proptest::sample::select(&Counter::ALL[..]), bonus: bool,
            usage in proptest::option::of(usages())) -> LedgerEntry
        {
            let [reference, operator, note] = texts;
            LedgerEntry {
                account: AccountId(account), index, previous: (previous != 0).then_some(Sequence(previous)), at, amount,
                purse: if bonus { Purse::Bonus } else { Purse::Main },
                balance, kind: kind.1, counter, reference, operator, note, usage,
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(entry in entries()) {
            prop_assert_eq!(decode(&key(entry.account, entry.index), &encode(&entry)), Ok(entry));
        }
    }
}
