//! On what a charge rests: request, tariffs, sources and arithmetic (`AUD-1`).

use serde::{Deserialize, Serialize};

use super::version;
use crate::charging::ledger::{self, Priced};
use crate::charging::request::{Action, Kind};

/// On what a charge rests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Basis {
    /// What reported it: `initial`, `update`, `terminate`, `event`.
    pub request: String,
    /// The version of the tariffs.
    pub tariff: String,
    /// The service.
    pub service: Option<String>,
    /// The destination.
    pub destination: Option<String>,
    /// The band of time.
    pub band: Option<String>,
    /// The bundles that paid, in their order.
    pub bundles: Vec<Share>,
    /// How the money was worked out; null where money paid for nothing.
    pub money: Option<Sum>,
}

/// What a bundle paid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Share {
    /// The bundle.
    pub id: String,
    /// Units of it.
    pub units: u64,
}

/// How money was worked out: `counted` units, those before in the session included, cost `total`; what of it was `charged`
/// before is taken off.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sum {
    /// Units that money pays now.
    pub units: u64,
    /// Units that money has paid before in this session by this rate.
    pub before: u64,
    /// All of them, rounded up.
    pub counted: u64,
    /// Units that a price buys.
    pub per: u64,
    /// Units are rounded up to a multiple of it.
    pub step: u64,
    /// The least number of units.
    pub first: u64,
    /// Charged once.
    pub connect: String,
    /// The units that have each price.
    pub prices: Vec<Piece>,
    /// The price of all of them.
    pub total: String,
    /// What of it was charged before.
    pub charged: String,
}

/// Units of one price.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Piece {
    /// How many.
    pub units: u64,
    /// The price of `per` of them.
    pub price: String,
}

impl Basis {
    /// As operators see it.
    pub fn of(basis: &ledger::Basis) -> Self {
        let text = |name: &Option<Box<str>>| name.as_deref().map(Into::into);
        let share = |(name, units): &(Box<str>, u64)| Share { id: name.as_ref().into(), units: *units };
        Self {
            request: request(basis.kind).into(),
            tariff: version(basis.version),
            service: text(&basis.service),
            destination: text(&basis.destination),
            band: text(&basis.band),
            bundles: basis.bundles.iter().map(share).collect(),
            money: basis.money.as_ref().map(Sum::of),
        }
    }
}

impl Sum {
    fn of(priced: &Priced) -> Self {
        let Priced { units, before, counted, per, step, first, .. } = *priced;
        let piece = |(units, price): &(u64, crate::charging::units::Money)| Piece {
            units: *units,
            price: price.to_string(),
        };
        Self {
            units,
            before,
            counted,
            per,
            step,
            first,
            connect: priced.connect.to_string(),
            prices: priced.prices.iter().map(piece).collect(),
            total: priced.total.to_string(),
            charged: priced.charged.to_string(),
        }
    }
}

/// The kind of a request in one word.
pub(super) const fn request(kind: Kind) -> &'static str {
    match kind {
        Kind::Initial => "initial",
        Kind::Update => "update",
        Kind::Terminate => "terminate",
        Kind::Event(Action::Debit) => "event",
        Kind::Event(Action::Refund) => "refund",
        Kind::Event(Action::CheckBalance) => "check-balance",
        Kind::Event(Action::PriceEnquiry) => "price-enquiry",
    }
}
