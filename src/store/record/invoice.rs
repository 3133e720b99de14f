//! Invoice, class 14, layout 1. Key: account u64 · number u32 · 0 u32, big-endian. Value: version u8 = 1 · contract count
//! · from i64 (µs) · to i64 · issued i64 · due i64 · opening i64 (millionths) · closing i64 · first entry count · last
//! entry count · tax u32 (millionths) · total i64 · lines: number, then each: sort u8, what text, amount i64, entries count.
//!
//! What was paid for it, class 14, layout 1. Key: account u64 · number u32 · place u32 from 1, big-endian. Value: version
//! u8 = 1 · at i64 (µs) · amount i64 (millionths) · left i64 · reference text?.
//!
//! The book of a credit account, part 9 of it: u8 (1 a period was begun) and, with it, anchor i64, place count, from i64,
//! to i64 · opening i64 · first entry count · last invoice count · lines as above · open invoices: number, then each:
//! number count, due i64, left i64, penalties i64, late i64, debt of days i64, fined i64, next time?, payments count.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key};
use crate::charging::account::credit::{Allocation, CreditBook, Invoice, Line, OpenInvoice, Sort};
use crate::charging::account::{AccountId, ContractId};
use crate::charging::calendar::Period;

/// The class of invoices.
pub const CLASS: Class = Class::Invoice;

const VERSION: u8 = 1;

/// Where an invoice stands, or, with a place from 1 on, what was paid for it.
pub fn key(account: AccountId, number: u32, place: u32) -> Key {
    let numbers = number.to_be_bytes().into_iter().chain(place.to_be_bytes());
    let octets: Vec<u8> = account.0.to_be_bytes().into_iter().chain(numbers).collect();
    Key::new(&octets).unwrap_or(Key::EMPTY)
}

/// Account, number and place of a key.
pub fn place(key: &Key) -> Result<(AccountId, u32, u32), RecordError> {
    let fault = RecordError::Field("key");
    let (account, rest) = key.as_octets().split_first_chunk::<8>().ok_or(fault)?;
    let (number, rest) = rest.split_first_chunk::<4>().ok_or(fault)?;
    let place = u32::from_be_bytes(rest.try_into().map_err(|_| fault)?);
    Ok((AccountId(u64::from_be_bytes(*account)), u32::from_be_bytes(*number), place))
}

const fn sort_octet(sort: Sort) -> u8 {
    match sort {
        Sort::Fee => 1,
        Sort::Use => 2,
        Sort::LateUse => 3,
        Sort::GivenBack => 4,
        Sort::Claim => 5,
        Sort::Penalty => 6,
        Sort::ThirdParty => 7,
        Sort::PaidIn => 8,
        Sort::PaidOut => 9,
        Sort::Correction => 10,
    }
}

fn put_lines(to: &mut Writer, lines: &[Line]) {
    to.length(lines.len());
    for Line { sort, what, amount, entries } in lines {
        to.u8(sort_octet(*sort));
        to.text(what);
        to.money(*amount);
        to.count(*entries);
    }
}

fn lines(from: &mut Reader<'_>) -> Result<Vec<Line>, RecordError> {
    let length = from.length()?;
    let one = |from: &mut Reader<'_>| {
        let octet = from.u8()?;
        let sort = Sort::ALL.into_iter().find(|sort| sort_octet(*sort) == octet);
        let sort = sort.ok_or(RecordError::Field("sort"))?;
        Ok(Line { sort, what: from.text("what")?, amount: from.money()?, entries: from.count()? })
    };
    (0..length).map(|_| one(from)).collect()
}

fn number(from: &mut Reader<'_>) -> Result<u32, RecordError> {
    u32::try_from(from.count()?).map_err(|_| RecordError::Field("number"))
}

pub(super) fn put_period(to: &mut Writer, period: Period) {
    to.time(period.anchor);
    to.count(period.place.into());
    to.time(period.from);
    to.time(period.to);
}

pub(super) fn period(from: &mut Reader<'_>) -> Result<Period, RecordError> {
    Ok(Period { anchor: from.time()?, place: number(from)?, from: from.time()?, to: from.time()? })
}

/// The invoice's octets.
pub fn encode(invoice: &Invoice) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 128);
    to.count(invoice.contract.0);
    for at in [invoice.from, invoice.to, invoice.issued, invoice.due] {
        to.time(at);
    }
    to.money(invoice.opening);
    to.money(invoice.closing);
    to.count(invoice.entries.0);
    to.count(invoice.entries.1);
    to.u32(invoice.vat);
    to.money(invoice.total);
    put_lines(&mut to, &invoice.lines);
    to.finish()
}

/// The invoice under a key.
pub fn decode(key: &Key, octets: &[u8]) -> Result<Invoice, RecordError> {
    let (account, number, _) = place(key)?;
    let mut from = Reader::new(octets, VERSION)?;
    let invoice = Invoice {
        account,
        number,
        contract: ContractId(from.count()?),
        from: from.time()?,
        to: from.time()?,
        issued: from.time()?,
        due: from.time()?,
        opening: from.money()?,
        closing: from.money()?,
        entries: (from.count()?, from.count()?),
        vat: from.u32()?,
        total: from.money()?,
        lines: lines(&mut from)?,
    };
    from.finish()?;
    Ok(invoice)
}

/// The octets of what was paid for an invoice.
pub fn encode_allocation(allocation: &Allocation) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 32);
    to.time(allocation.at);
    to.money(allocation.amount);
    to.money(allocation.left);
    to.text_or_none(allocation.reference.as_deref());
    to.finish()
}

/// What was paid, under a key.
pub fn decode_allocation(key: &Key, octets: &[u8]) -> Result<Allocation, RecordError> {
    let (account, invoice, place) = place(key)?;
    let mut from = Reader::new(octets, VERSION)?;
    let (at, amount, left) = (from.time()?, from.money()?, from.money()?);
    let reference = from.text_or_none("reference")?;
    from.finish()?;
    Ok(Allocation { account, invoice, place, at, amount, left, reference })
}

pub(super) fn put_book(to: &mut Writer, book: &CreditBook) {
    to.u8(u8::from(book.period.is_some()));
    book.period.into_iter().for_each(|period| put_period(to, period));
    to.money(book.opening);
    to.count(book.first);
    to.count(book.last.into());
    put_lines(to, &book.lines);
    to.length(book.open.len());
    for one in &book.open {
        to.count(one.number.into());
        to.time(one.due);
        for money in [one.left, one.penalties, one.late, one.debt_days, one.fined] {
            to.money(money);
        }
        to.time_or_none(one.next);
        to.count(one.payments.into());
    }
}

pub(super) fn book(from: &mut Reader<'_>) -> Result<CreditBook, RecordError> {
    let period = if from.flags(1)? == 0 { None } else { Some(period(from)?) };
    let (opening, first, last) = (from.money()?, from.count()?, number(from)?);
    let lines = lines(from)?;
    let length = from.length()?;
    let one = |from: &mut Reader<'_>| {
        Ok(OpenInvoice {
            number: number(from)?,
            due: from.time()?,
            left: from.money()?,
            penalties: from.money()?,
            late: from.money()?,
            debt_days: from.money()?,
            fined: from.money()?,
            next: from.time_or_none("next")?,
            payments: number(from)?,
        })
    };
    let open = (0..length).map(|_| one(from)).collect::<Result<_, _>>()?;
    Ok(CreditBook { period, opening, first, lines, open, last, bills: Vec::new() })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::codec::tests::{damaged, money, text, time};
    use super::*;
    use crate::charging::units::Money;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn line() -> impl Strategy<Value = Line> {
        (proptest::sample::select(&Sort::ALL[..]), text(), money(), any::<u64>())
            .prop_map(|(sort, what, amount, entries)| Line { sort, what, amount, entries })
    }

    pub(in crate::store::record) fn periods() -> impl Strategy<Value = Period> {
        (time(), any::<u32>(), time(), time()).prop_map(|(anchor, place, from, to)| Period {
            anchor,
            place,
            from,
            to,
        })
    }

    fn open() -> impl Strategy<Value = OpenInvoice> {
        let sums = (money(), money(), money(), money(), money());
        (any::<(u32, u32)>(), time(), sums, proptest::option::of(time())).prop_map(
            |((number, payments), due, (left, penalties, late, debt_days, fined), next)| OpenInvoice {
                number,
                due,
                left,
                penalties,
                late,
                debt_days,
                fined,
                next,
                payments,
            },
        )
    }

    pub(in crate::store::record) fn books() -> impl Strategy<Value = CreditBook> {
        let lists = (proptest::collection::vec(line(), 0..4), proptest::collection::vec(open(), 0..4));
        (proptest::option::of(periods()), money(), any::<(u64, u32)>(), lists).prop_map(
            |(period, opening, (first, last), (lines, open))| CreditBook {
                period,
                opening,
                first,
                lines,
                open,
                last,
                bills: Vec::new(),
            },
        )
    }

    fn sample() -> Invoice {
        Invoice {
            account: AccountId(7),
            contract: ContractId(5),
            number: 3,
            from: Timestamp::from_micros(1),
            to: Timestamp::from_micros(2),
            issued: Timestamp::from_micros(3),
            due: Timestamp::from_micros(4),
            opening: Money::from_micros(-5),
            closing: Money::from_micros(-15),
            entries: (6, 8),
            lines: vec![Line {
                sort: Sort::Use,
                what: "data".into(),
                amount: Money::from_micros(-10),
                entries: 3,
            }],
            vat: 120_000,
            total: Money::from_micros(10),
        }
    }

    #[test]
    fn the_layouts_are_what_they_were() {
        let key = key(AccountId(7), 3, 0);
        assert_eq!(super::super::hex(key.as_octets()), "00000000000000070000000300000000");
        assert_eq!(
            super::super::hex(&encode(&sample())),
            "01050100000000000000020000000000000003000000000000000400000000000000fbfffffffffffffff1ffffffffffffff0608c0\
             d401000a00000000000000010204646174 61f6ffffffffffffff03".replace(' ', "").replace("             ", "")
        );
        damaged(&encode(&sample()), |octets| decode(&key, octets));
        assert!(place(&Key::from_u64(1)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(lines in proptest::collection::vec(line(), 0..5), at in time(), amount in money(),
            left in money(), reference in proptest::option::of(text()), number in 1u32.., book in books())
        {
            let invoice = Invoice { lines, ..sample() };
            prop_assert_eq!(decode(&key(AccountId(7), 3, 0), &encode(&invoice)), Ok(invoice));
            let one = Allocation { account: AccountId(9), invoice: number, place: 2, at, amount, left, reference };
            let stands = key(AccountId(9), number, 2);
            prop_assert_eq!(decode_allocation(&stands, &encode_allocation(&one)), Ok(one));
            let mut to = Writer::new(1, 0);
            put_book(&mut to, &book);
            let octets = to.finish();
            let mut from = Reader::new(&octets, 1).unwrap();
            prop_assert_eq!(super::book(&mut from), Ok(book));
        }
    }
}
