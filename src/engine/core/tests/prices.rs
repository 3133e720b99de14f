//! The tariff of the core's tests.

use super::world::{cents, number};
use crate::charging::answer::{FinalUnit, Reach, Redirect};
use crate::charging::catalogue::{
    Catalogue, Covers, Currency, Direction, Fee, Holidays, LimitIx, Limitation, Parts, Plan, QuotaShape,
    Rate, Service, ServiceIx,
};
use crate::charging::free_numbers::FreeNumbers;
use crate::charging::units::{Digits, Money, Unit};

/// Data at 1.00 for 1,000 octets, by the octet, in slices of 10,000 for a minute; messages at 5.00.
pub(super) fn catalogue(version: u64) -> Catalogue {
    Catalogue::new(parts(version))
}

/// The same with a fee, in two plans that differ by their names alone.
pub(super) fn catalogue_with(version: u64, fee: Option<Fee>) -> Catalogue {
    let mut parts = parts(version);
    parts.plans[0].fee = fee;
    let second = Plan { name: "second".into(), ..parts.plans[0].clone() };
    parts.plans.push(second);
    Catalogue::new(parts)
}

/// What it is made of.
pub(super) fn parts(version: u64) -> Parts {
    let service = |name: &str, context: &str, unit| Service {
        name: name.into(),
        context: context.into(),
        unit,
        max_call_secs: None,
    };
    let rate = |service, price, per| Rate {
        covers: Covers { service, rating_groups: Vec::new(), destinations: Vec::new() },
        name: "rate".into(),
        price: cents(price),
        per,
        step: 1,
        first: 0,
        connect: Money::ZERO,
        tiers: Vec::new(),
        direction: Direction::default(),
        bands: Vec::new(),
    };
    let quota =
        |grant| QuotaShape { grant, threshold_percent: Some(20), validity_secs: 60, ..QuotaShape::default() };
    let modes = vec![crate::charging::account::Mode::Advance, crate::charging::account::Mode::Credit];
    let emergency: Vec<Digits> = FreeNumbers::DEFAULT_EMERGENCY.iter().map(|code| number(code)).collect();
    Parts {
        version,
        currency: Currency { code: *b"KZT", numeric: 398 },
        timezone: "Asia/Almaty".into(),
        services: vec![
            service("data", "32251@3gpp.org", Unit::Octets),
            service("sms", "32274@3gpp.org", Unit::Pieces),
        ],
        rating_groups: Vec::new(),
        numbers: FreeNumbers::new(&emergency, &[]),
        destinations: Vec::new(),
        bands: Vec::new(),
        holidays: Holidays::default(),
        roaming: None,
        content: Vec::new(),
        plans: vec![Plan {
            name: "first".into(),
            modes,
            bundles: Vec::new(),
            rates: vec![rate(ServiceIx(0), 100, 1_000), rate(ServiceIx(1), 500, 1)],
            quotas: vec![quota(Some(10_000)), quota(None)],
            // for clients that redirect: those of most tests do not
            limitations: vec![Limitation {
                action: FinalUnit::Redirect(Box::new(Redirect {
                    to: "https://pay.example.org".into(),
                    open: Reach::default(),
                })),
                validity_secs: 300,
            }],
            out_of_money: Some(LimitIx(0)),
            ..Plan::default()
        }],
    }
}
