//! Money that is told and not granted: Cost-Information (RFC 8506 §8.7) and Remaining-Balance (TS 32.299).

use std::borrow::Cow;

use super::fields::{Field, Level};
use super::units::{read_unit_value, write_unit_value};
use super::wire::{Put, Reader, Seen};
use crate::charging::units::{Amount, Money, Unit};
use crate::diameter::avp::Avp;
use crate::diameter::encode::Encoder;

/// Reads an amount of a group that has a Unit-Value; none where it has none.
pub(super) fn read(reader: &mut Reader<'_>, group: &Avp<'_>) -> Option<Money> {
    let mut money = None;
    let mut seen = Seen::default();
    for avp in reader.group(group)? {
        if reader.admit(Level::Cost, &mut seen, &avp) == Some(Field::UnitValue) {
            money = read_unit_value(reader, &avp);
        }
    }
    money
}

/// Writes Cost-Information: what it costs, and of how many units that is where the client named none (RFC 8506 §8.7,
/// §8.12).
pub(super) fn write_cost(out: &mut Encoder<'_>, cost: Money, per: Option<Amount>, currency: Option<u16>) {
    out.within(Field::CostInformation, |out| {
        write_unit_value(out, cost);
        write_currency(out, currency);
        if let Some(per) = per {
            out.text(Field::CostUnit, &cost_unit(per));
        }
    });
}

/// Units in words: `minute`, `megabyte`, `30 seconds`.
fn cost_unit(per: Amount) -> Cow<'static, str> {
    let one = match (per.unit, per.count) {
        (Unit::Seconds, 1) => "second",
        (Unit::Seconds, 60) => "minute",
        (Unit::Seconds, 3_600) => "hour",
        (Unit::Octets, 1) => "octet",
        (Unit::Octets, 0x400) => "kilobyte",
        (Unit::Octets, 0x10_0000) => "megabyte",
        (Unit::Octets, 0x4000_0000) => "gigabyte",
        (Unit::Pieces, 1) => "piece",
        (Unit::Seconds, count) => return format!("{count} seconds").into(),
        (Unit::Octets, count) => return format!("{count} octets").into(),
        (Unit::Pieces, count) => return format!("{count} pieces").into(),
        (Unit::Money, count) => {
            return Money::from_micros(i64::try_from(count).unwrap_or(i64::MAX)).to_string().into();
        }
    };
    one.into()
}

/// Writes a group of an amount and its currency.
pub(super) fn write(out: &mut Encoder<'_>, field: Field, money: Money, currency: Option<u16>) {
    out.within(field, |out| {
        write_unit_value(out, money);
        write_currency(out, currency);
    });
}

pub(super) fn write_currency(out: &mut Encoder<'_>, currency: Option<u16>) {
    if let Some(currency) = currency {
        out.unsigned(Field::CurrencyCode, currency.into());
    }
}
