//! On what a charge rests, behind its use in a ledger entry: kind of the request u8 · version of the tariffs u64 · service text?
//! · destination text? · band text? · bundles (length, each name text, units count) · money flag u8 (1), and then units, units
//! before, counted, per, step and first counts, connect i64, prices (length, each units count, price i64), total i64, charged
//! before i64 (millionths).

use super::codec::{Reader, RecordError, Writer, flag};
use super::session::{put_kind, take_kind};
use crate::charging::ledger::{Basis, Priced};

const MONEY: u8 = 1;

/// Writes it.
pub(super) fn put(to: &mut Writer, basis: &Basis) {
    put_kind(to, basis.kind);
    to.u64(basis.version);
    for name in [&basis.service, &basis.destination, &basis.band] {
        to.text_or_none(name.as_deref());
    }
    to.length(basis.bundles.len());
    for (name, units) in &basis.bundles {
        to.text(name);
        to.count(*units);
    }
    to.u8(flag(basis.money.is_some(), MONEY));
    if let Some(money) = &basis.money {
        for count in [money.units, money.before, money.counted, money.per, money.step, money.first] {
            to.count(count);
        }
        to.money(money.connect);
        to.length(money.prices.len());
        for (units, price) in &money.prices {
            to.count(*units);
            to.money(*price);
        }
        to.money(money.total);
        to.money(money.charged);
    }
}

/// Reads it.
pub(super) fn take(from: &mut Reader<'_>) -> Result<Basis, RecordError> {
    let (kind, version) = (take_kind(from)?, from.u64()?);
    let (service, destination) = (from.text_or_none("service")?, from.text_or_none("destination")?);
    let band = from.text_or_none("band")?;
    let length = from.length()?;
    let bundles = (0..length).map(|_| Ok((from.text("bundle")?, from.count()?))).collect::<Result<_, _>>()?;
    let money = match from.flags(MONEY)? {
        0 => None,
        _ => Some(take_money(from)?),
    };
    Ok(Basis { kind, version, service, destination, band, bundles, money })
}

fn take_money(from: &mut Reader<'_>) -> Result<Priced, RecordError> {
    let (units, before, counted) = (from.count()?, from.count()?, from.count()?);
    let (per, step, first) = (from.count()?, from.count()?, from.count()?);
    let connect = from.money()?;
    let length = from.length()?;
    let prices = (0..length).map(|_| Ok((from.count()?, from.money()?))).collect::<Result<_, _>>()?;
    let (total, charged) = (from.money()?, from.money()?);
    Ok(Priced { units, before, counted, per, step, first, connect, prices, total, charged })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::codec::tests::{money, text};
    use super::*;
    use crate::charging::request::{Action, Kind};
    use crate::charging::units::Money;
    use proptest::prelude::*;

    /// 61 s of a call by a price for a minute, one of them from a bundle.
    pub(in crate::store::record) fn sample() -> Basis {
        let money = |cents| Money::from_cents(cents).unwrap();
        Basis {
            kind: Kind::Update,
            version: 3,
            service: Some("voice".into()),
            destination: Some("kz".into()),
            band: None,
            bundles: vec![("b".into(), 1)],
            money: Some(Priced {
                units: 60,
                before: 1,
                counted: 120,
                per: 60,
                step: 60,
                first: 0,
                connect: money(0),
                prices: vec![(120, money(1_100))],
                total: money(2_200),
                charged: money(1_100),
            }),
        }
    }

    prop_compose! {
        fn priced()(counts: [u64; 6], connect in money(), total in money(), charged in money(),
            prices in proptest::collection::vec((any::<u64>(), money()), 0..3)) -> Priced
        {
            let [units, before, counted, per, step, first] = counts;
            Priced { units, before, counted, per, step, first, connect, prices, total, charged }
        }
    }

    prop_compose! {
        pub(in crate::store::record) fn bases()(version: u64, names in proptest::array::uniform3(proptest::option::of(text())),
            kind in proptest::sample::select(&[Kind::Initial, Kind::Update, Kind::Terminate, Kind::Event(Action::Debit)][..]),
            bundles in proptest::collection::vec((text(), any::<u64>()), 0..3),
            money in proptest::option::of(priced())) -> Basis
        {
            let [service, destination, band] = names;
            Basis { kind, version, service, destination, band, bundles, money }
        }
    }
}
