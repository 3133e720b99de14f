//! Amounts, rates and bands as people write them in a tariff.

use crate::charging::answer::FinalUnit;
use crate::charging::catalogue::{Catalogue, Rate};
use crate::charging::units::{Money, Unit};

/// An amount as a tariff writes it: in the largest unit in which it is whole.
pub(super) fn amount(unit: Unit, count: u64) -> String {
    let among: &[(u64, &str)] = match unit {
        Unit::Octets => &[(1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB"), (1, "B")],
        Unit::Seconds => &[(3_600, "h"), (60, "min"), (1, "s")],
        Unit::Pieces => &[(1, "")],
        Unit::Money => {
            return Money::from_micros(i64::try_from(count).unwrap_or(i64::MAX)).to_string();
        }
    };
    let whole = among.iter().find(|(size, _)| count > 0 && count.is_multiple_of(*size));
    let (size, name) = whole.copied().unwrap_or((1, among.last().map_or("", |(_, name)| name)));
    format!("{}{name}", count.checked_div(size).unwrap_or(count))
}

/// How a service goes on.
pub(super) fn action(action: &FinalUnit) -> String {
    match action {
        FinalUnit::Terminate => "terminate".into(),
        FinalUnit::Redirect(redirect) => format!("redirect to {}", redirect.to),
        FinalUnit::Restrict(open) => {
            format!("restrict to {}", [open.filters.as_slice(), &open.rules].concat().join(", "))
        }
    }
}

/// A rate in one line: `11.00 for 1min, in steps of 1s, at least 10s, 5.00 for the connection; night 4.00`.
pub(super) fn rate(catalogue: &Catalogue, rate: &Rate) -> String {
    let unit = catalogue.service(rate.covers.service).map_or(Unit::Pieces, |service| service.unit);
    let mut text = format!("{} for {}", rate.price, amount(unit, rate.per));
    for tier in &rate.tiers {
        text.push_str(&format!(", from {} on {}", amount(unit, tier.from), tier.price));
    }
    if rate.step != rate.per && !(unit == Unit::Money && rate.step == 1) {
        text.push_str(&format!(", in steps of {}", amount(unit, rate.step)));
    }
    if rate.first > 0 {
        text.push_str(&format!(", at least {}", amount(unit, rate.first)));
    }
    if !rate.connect.is_zero() {
        text.push_str(&format!(", {} for the connection", rate.connect));
    }
    let mut before = ";";
    for inside in &rate.bands {
        let band = catalogue.bands().get(usize::from(inside.band.0)).map_or("", |band| &*band.name);
        text.push_str(&format!("{before} {band} {}", inside.rate.price));
        before = ",";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_in_the_largest_unit() {
        for (unit, count, text) in [
            (Unit::Octets, 10 << 30, "10GB"),
            (Unit::Octets, (1 << 30) + (1 << 10), "1048577KB"),
            (Unit::Octets, 0, "0B"),
            (Unit::Seconds, 90, "90s"),
            (Unit::Seconds, 7_200, "2h"),
            (Unit::Pieces, 3, "3"),
            (Unit::Money, 1_500_000, "1.50"),
        ] {
            assert_eq!(amount(unit, count), text);
        }
    }
}
