//! Units as Gy/Ro writes them: Requested-, Used- and Granted-Service-Unit, CC-Money, Unit-Value (RFC 8506 §8.8,
//! §8.17–8.22).

use super::fields::{Field, Level};
use super::reason;
use super::wire::{Put, Reader, Seen};
use crate::charging::answer::PoolShare;
use crate::charging::request::{Measured, Reason, TariffSide, Used};
use crate::charging::units::{Amount, Money, Unit};
use crate::diameter::avp::Avp;
use crate::diameter::encode::Encoder;
use crate::diameter::error::Fault;
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;
use crate::time::Timestamp;

/// Decimal places of [`Money`].
const MICRO_EXPONENT: i64 = -6;
/// Decimal places of a whole hundredth.
const CENT_EXPONENT: i64 = -2;

/// The units of a group on the given level; a fault where one cannot be read, 5004 for money below nothing or of
/// more places than millionths.
pub(super) fn read(reader: &mut Reader<'_>, level: Level, group: &Avp<'_>) -> Measured {
    read_with(reader, level, group, |_, _, _| ())
}

/// The units of a grant, and when the tariff changes within it.
pub(super) fn read_granted(reader: &mut Reader<'_>, group: &Avp<'_>) -> (Measured, Option<Timestamp>) {
    let mut change = None;
    let measured = read_with(reader, Level::Gsu, group, |reader, field, avp| {
        if field == Field::TariffTimeChange {
            change = reader.time(avp);
        }
    });
    (measured, change)
}

/// One report of use, and the reason that stands in it.
pub(super) fn read_used(reader: &mut Reader<'_>, group: &Avp<'_>) -> (Used, Option<Reason>) {
    let (mut side, mut reason) = (None, None);
    let measured = read_with(reader, Level::Usu, group, |reader, field, avp| match field {
        Field::TariffChangeUsage => side = reader.enumerated(avp).map(side_of),
        Field::ReportingReason => reason = reason::stronger(reason, reader.enumerated(avp).map(reason::of)),
        _ => (),
    });
    (Used { measured, side }, reason)
}

fn read_with(
    reader: &mut Reader<'_>,
    level: Level,
    group: &Avp<'_>,
    mut other: impl FnMut(&mut Reader<'_>, Field, &Avp<'_>),
) -> Measured {
    let mut measured = Measured::default();
    let mut seen = Seen::default();
    for avp in reader.group(group).into_iter().flatten() {
        let Some(field) = reader.admit(level, &mut seen, &avp) else { continue };
        match field {
            Field::CcTime => measured.seconds = reader.unsigned(field, &avp),
            Field::CcTotalOctets => measured.total_octets = reader.unsigned(field, &avp),
            Field::CcInputOctets => measured.input_octets = reader.unsigned(field, &avp),
            Field::CcOutputOctets => measured.output_octets = reader.unsigned(field, &avp),
            Field::CcServiceSpecificUnits => measured.pieces = reader.unsigned(field, &avp),
            Field::CcMoney => measured.money = read_money(reader, &avp),
            _ => other(reader, field, &avp),
        }
    }
    measured
}

/// The amount of a CC-Money; none where it has no Unit-Value.
fn read_money(reader: &mut Reader<'_>, group: &Avp<'_>) -> Option<Money> {
    let mut money = None;
    let mut seen = Seen::default();
    for avp in reader.group(group)? {
        if reader.admit(Level::CcMoney, &mut seen, &avp) == Some(Field::UnitValue) {
            money = read_unit_value(reader, &avp);
        }
    }
    money
}

/// Digits and exponent of a group that has them: Unit-Value, Accumulated-Cost and the like.
pub(super) fn read_unit_value(reader: &mut Reader<'_>, group: &Avp<'_>) -> Option<Money> {
    let (mut digits, mut exponent) = (None, 0);
    let mut seen = Seen::default();
    for avp in reader.group(group)? {
        match reader.admit(Level::UnitValue, &mut seen, &avp) {
            Some(field @ Field::ValueDigits) => digits = reader.signed(field, &avp),
            Some(field @ Field::Exponent) => exponent = reader.signed(field, &avp)?,
            _ => (),
        }
    }
    let amount = money_of(digits?, exponent);
    if amount.is_none() {
        reader.fault(group.fault(ResultCode::INVALID_AVP_VALUE));
    }
    amount
}

/// Digits times ten to the exponent; none where that is below nothing, too much, or no whole millionth.
fn money_of(digits: i64, exponent: i64) -> Option<Money> {
    if digits <= 0 {
        return (digits == 0).then_some(Money::ZERO);
    }
    let places = exponent.checked_sub(MICRO_EXPONENT)?;
    let power = 10_i64.checked_pow(u32::try_from(places.unsigned_abs()).ok()?)?;
    let micros = if places >= 0 {
        digits.checked_mul(power)?
    } else {
        (digits.checked_rem(power)? == 0).then(|| digits.checked_div(power))??
    };
    Some(Money::from_micros(micros))
}

/// Writes the units that are there.
pub(super) fn write(out: &mut Encoder<'_>, measured: &Measured, currency: Option<u16>) {
    for (field, count) in [
        (Field::CcTime, measured.seconds),
        (Field::CcTotalOctets, measured.total_octets),
        (Field::CcInputOctets, measured.input_octets),
        (Field::CcOutputOctets, measured.output_octets),
        (Field::CcServiceSpecificUnits, measured.pieces),
    ] {
        if let Some(count) = count {
            out.unsigned(field, count);
        }
    }
    if let Some(money) = measured.money {
        write_money(out, money, currency);
    }
}

/// 5004 for money of another currency than the tariff's (RFC 8506 §8.11): nobody knows what it is worth here.
pub fn foreign_money(message: &Message, currency: Option<u16>) -> Option<Fault> {
    let own = u32::from(currency?);
    let money = Field::CcMoney.def().key;
    let groups = message.walk().filter(|avp| avp.key() == money);
    let told = groups.filter_map(|money| money.find(Field::CurrencyCode.def().key));
    let mut foreign = told.filter(|code| code.u32().is_ok_and(|code| code != own));
    foreign.next().map(|code| code.fault(ResultCode::INVALID_AVP_VALUE))
}

/// Writes reports of use. A reason that is about units, and not about the whole quota, stands in the first of them;
/// the other reasons, and one without any report, stand behind them (TS 32.299 §7.2.175).
pub(super) fn write_reports(out: &mut Encoder<'_>, reports: &[Used], reason: Option<Reason>) {
    let of_units = matches!(
        reason,
        Some(Reason::Threshold | Reason::Exhausted | Reason::OtherUnit | Reason::PoolExhausted)
    );
    let mut inside = reason.filter(|_| of_units && !reports.is_empty());
    let behind = reason.filter(|_| inside.is_none());
    for used in reports {
        write_used(out, used, inside.take());
    }
    if let Some(reason) = behind {
        reason::write(out, reason);
    }
}

fn write_used(out: &mut Encoder<'_>, used: &Used, reason: Option<Reason>) {
    out.within(Field::UsedServiceUnit, |out| {
        if let Some(reason) = reason {
            reason::write(out, reason);
        }
        if let Some(side) = used.side {
            out.signed(Field::TariffChangeUsage, side_value(side));
        }
        write(out, &used.measured, None);
    });
}

/// Writes CC-Money.
fn write_money(out: &mut Encoder<'_>, money: Money, currency: Option<u16>) {
    out.within(Field::CcMoney, |out| {
        write_unit_value(out, money);
        if let Some(currency) = currency {
            out.unsigned(Field::CurrencyCode, currency.into());
        }
    });
}

/// Writes a Unit-Value.
pub(super) fn write_unit_value(out: &mut Encoder<'_>, money: Money) {
    out.within(Field::UnitValue, |out| write_decimal(out, money));
}

/// Writes digits and exponent: whole hundredths where the amount has no more places, else millionths.
pub(super) fn write_decimal(out: &mut Encoder<'_>, money: Money) {
    let micros = money.micros();
    let (digits, exponent) = match micros.checked_rem(Money::MICROS_PER_CENT) {
        Some(0) => (micros.checked_div(Money::MICROS_PER_CENT).unwrap_or(0), CENT_EXPONENT),
        _ => (micros, MICRO_EXPONENT),
    };
    out.signed(Field::ValueDigits, digits).signed(Field::Exponent, exponent);
}

/// CC-Unit-Type (RFC 8506 §8.32).
pub(super) const fn unit_type(unit: Unit) -> i64 {
    match unit {
        Unit::Seconds => 0,
        Unit::Money => 1,
        Unit::Octets => 2,
        Unit::Pieces => 5,
    }
}

/// Reads a G-S-U-Pool-Reference; none where it lacks its pool, or weighs units that no grant has.
pub(super) fn read_pool(reader: &mut Reader<'_>, group: &Avp<'_>) -> Option<(PoolShare, Unit)> {
    let (mut pool, mut unit, mut weight) = (None, None, None);
    let mut seen = Seen::default();
    for avp in reader.group(group)? {
        match reader.admit(Level::GsuPoolReference, &mut seen, &avp) {
            Some(Field::GsuPoolIdentifier) => pool = reader.word(&avp),
            Some(Field::CcUnitType) => {
                unit = reader.enumerated(&avp).and_then(|value| {
                    let units = [Unit::Seconds, Unit::Money, Unit::Octets, Unit::Pieces];
                    units.into_iter().find(|unit| unit_type(*unit) == i64::from(value))
                });
            }
            Some(Field::UnitValue) => weight = read_weight(reader, &avp),
            _ => (),
        }
    }
    let (digits, exponent) = weight?;
    Some((PoolShare { pool: pool?, digits, exponent }, unit?))
}

fn read_weight(reader: &mut Reader<'_>, group: &Avp<'_>) -> Option<(i64, i32)> {
    let (mut digits, mut exponent) = (None, 0);
    let mut seen = Seen::default();
    for avp in reader.group(group)? {
        match reader.admit(Level::UnitValue, &mut seen, &avp) {
            Some(field @ Field::ValueDigits) => digits = reader.signed(field, &avp),
            Some(Field::Exponent) => exponent = reader.enumerated(&avp)?,
            _ => (),
        }
    }
    digits.map(|digits| (digits, exponent))
}

/// Writes a G-S-U-Pool-Reference (RFC 8506 §8.30).
pub(super) fn write_pool(out: &mut Encoder<'_>, share: PoolShare, unit: Unit) {
    out.within(Field::GsuPoolReference, |out| {
        out.unsigned(Field::GsuPoolIdentifier, share.pool.into());
        out.signed(Field::CcUnitType, unit_type(unit));
        out.within(Field::UnitValue, |out| {
            out.signed(Field::ValueDigits, share.digits).signed(Field::Exponent, share.exponent.into());
        });
    });
}

/// An amount as the units of a grant.
pub(super) fn measured_of(amount: Amount) -> Measured {
    let count = Some(amount.count);
    match amount.unit {
        Unit::Octets => Measured { total_octets: count, ..Measured::default() },
        Unit::Seconds => Measured { seconds: count, ..Measured::default() },
        Unit::Pieces => Measured { pieces: count, ..Measured::default() },
        Unit::Money => {
            let micros = i64::try_from(amount.count).unwrap_or(i64::MAX);
            Measured { money: Some(Money::from_micros(micros)), ..Measured::default() }
        }
    }
}

/// Tariff-Change-Usage (RFC 8506 §8.27); an unknown value says as much as "either".
pub(super) const fn side_of(value: i32) -> TariffSide {
    match value {
        0 => TariffSide::Before,
        1 => TariffSide::After,
        _ => TariffSide::Either,
    }
}

pub(super) const fn side_value(side: TariffSide) -> i64 {
    match side {
        TariffSide::Before => 0,
        TariffSide::After => 1,
        TariffSide::Either => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_digits_times_ten_to_the_exponent() {
        for (digits, exponent, micros) in [
            (1_250, -2, Some(12_500_000)),
            (5, 0, Some(5_000_000)),
            (5, 3, Some(5_000_000_000)),
            (0, 300, Some(0)),
            (7, -6, Some(7)),
            (70, -7, Some(7)),
            (71, -7, None),
            (-1, 0, None),
            (1, 13, None),
            (9_223_372_036_855, 0, None),
            (1, i64::from(i32::MIN), None),
            (1, i64::from(i32::MAX), None),
        ] {
            assert_eq!(money_of(digits, exponent).map(Money::micros), micros, "{digits}e{exponent}");
        }
    }
}
