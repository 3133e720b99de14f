//! The token by which what an event was charged may be given back (TS 32.299, Refund-Information), and what is kept of
//! the charge for it.
//!
//! A token is made by the debit and echoed by the client that asks for the money back. It names the event and the part
//! of it by what the repeat key of the event is made of, so that no index of tokens is needed.

use super::account::{AccountId, Bonus};
use super::catalogue::{Rate, Tier};
use super::rating::price::{self, Scheme};
use super::request::{QuotaKey, Request, SessionId};
use super::session::HeldAllowance;
use super::units::{Amount, Digits, Money};

/// The layout of tokens: u8 = 1 · part u8 · request number u32 big-endian · Session-Id.
const VERSION: u8 = 1;

/// What a token says. To clients it is octets without a meaning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Which part of the event, from 0.
    pub part: u8,
    /// The number of the event.
    pub number: u32,
    /// The identifier of the event.
    pub session: SessionId,
}

impl Token {
    /// The token's octets.
    pub fn write(&self) -> Box<[u8]> {
        let mut octets = Vec::with_capacity(self.session.as_str().len().saturating_add(6));
        octets.extend_from_slice(&[VERSION, self.part]);
        octets.extend_from_slice(&self.number.to_be_bytes());
        octets.extend_from_slice(self.session.as_str().as_bytes());
        octets.into_boxed_slice()
    }

    /// The token that the octets are; none where they are no token of ours.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let (&[version, part], rest) = octets.split_first_chunk()?;
        let (number, session) = rest.split_first_chunk()?;
        let session = SessionId::new(core::str::from_utf8(session).ok()?)?;
        (version == VERSION).then_some(Self { part, number: u32::from_be_bytes(*number), session })
    }

    /// The first token of a request: it names the event that is to be given back.
    pub fn of(request: &Request) -> Option<Self> {
        request.parts.iter().find_map(|part| part.refund.as_deref()).and_then(Self::read)
    }
}

/// What an event was charged, to be given back where it is refunded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventCharge {
    /// The account that paid.
    pub account: AccountId,
    /// The number that paid.
    pub msisdn: Digits,
    /// What was charged, one for each part of the answer.
    pub parts: Vec<PartCharge>,
}

/// What a part of an event was charged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartCharge {
    /// It was given back.
    pub refunded: bool,
    /// The quota.
    pub key: QuotaKey,
    /// Units, as many for each leg.
    pub units: Amount,
    /// What money paid, a line for each rate.
    pub rates: Vec<ChargedRate>,
    /// One for each recipient, or one where there is none.
    pub legs: Vec<ChargedLeg>,
    /// What of the money was bonus money: the gifts, with what was taken of each, in the order of the account.
    pub bonus: Vec<Bonus>,
}

/// Units that were paid with money by one rate: the rate as it was then, since the tariff may be another now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChargedRate {
    /// The price of `per` units.
    pub price: Money,
    /// Units that `price` buys; more than none.
    pub per: u64,
    /// Units are rounded up to a multiple of it; more than none.
    pub step: u64,
    /// The least number of units.
    pub first: u64,
    /// Charged once.
    pub connect: Money,
    /// Other prices from so many units on.
    pub tiers: Vec<Tier>,
    /// Units of all legs.
    pub units: u64,
    /// What was charged for them, whole hundredths.
    pub charged: Money,
}

/// How a leg was paid.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChargedLeg {
    /// The place of its rate among those of the part.
    pub rate: usize,
    /// Units that money paid.
    pub by_money: u64,
    /// Units that bundles paid, in the order in which they were taken.
    pub allowances: Vec<HeldAllowance>,
}

/// What is given back of a part.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GivenBack {
    /// Money, nothing or more, never more than was paid.
    pub money: Money,
    /// Units of bundles, never more than were taken.
    pub allowances: Vec<HeldAllowance>,
}

impl ChargedRate {
    /// So many units of a rate, and what was charged for them.
    pub fn new(rate: &Rate, units: u64, charged: Money) -> Self {
        let Rate { price, per, step, first, connect, .. } = *rate;
        let tiers = rate.tiers.clone();
        Self { price, per, step, first, connect, tiers, units, charged }
    }

    /// The price of fewer units by the same rate; never more than was charged.
    fn price_of(&self, units: u64) -> Money {
        let Self { price, per, step, first, connect, .. } = *self;
        let scheme = Scheme { price, per, step, first, connect, tiers: &self.tiers };
        price::charged(scheme, units).map_or(self.charged, |price| price.min(self.charged))
    }
}

impl PartCharge {
    /// Money that was paid in all.
    pub fn paid(&self) -> Money {
        self.rates.iter().fold(Money::ZERO, |sum, rate| sum.checked_add(rate.charged).unwrap_or(Money::MAX))
    }

    /// How much of what comes back goes to the main balance; the rest was bonus money, which never becomes another
    /// (`ACC-14`).
    pub fn to_main(&self, back: Money) -> Money {
        let bonus = self.bonus.iter().try_fold(Money::ZERO, |sum, part| sum.checked_add(part.left));
        let main = bonus.and_then(|bonus| self.paid().checked_sub(bonus)).unwrap_or(Money::ZERO);
        back.min(main).max(Money::ZERO)
    }

    /// Whether anything was paid, by money or bundles.
    pub fn is_something(&self) -> bool {
        self.paid().is_positive() || self.legs.iter().any(|leg| !leg.allowances.is_empty())
    }

    /// What comes back for so many units of each leg: what was taken last comes back first, money before bundles,
    /// and of money what was paid less the price of what remains (`ACC-3`).
    pub fn back(&self, units: u64) -> GivenBack {
        let mut remaining: Vec<u64> = self.rates.iter().map(|rate| rate.units).collect();
        let mut allowances = Vec::new();
        for leg in &self.legs {
            let by_money = units.min(leg.by_money);
            if let Some(remaining) = remaining.get_mut(leg.rate) {
                *remaining = remaining.saturating_sub(by_money);
            }
            let mut rest = units.saturating_sub(by_money);
            for held in leg.allowances.iter().rev() {
                let back = rest.min(held.units);
                rest = rest.saturating_sub(back);
                if back > 0 {
                    allowances.push(HeldAllowance { units: back, ..held.clone() });
                }
            }
        }
        let kept = self.rates.iter().zip(remaining).map(|(rate, units)| rate.price_of(units));
        let kept = kept.fold(Money::ZERO, |sum, price| sum.checked_add(price).unwrap_or(Money::MAX));
        let money = self.paid().checked_sub(kept).unwrap_or(Money::ZERO);
        GivenBack { money: money.max(Money::ZERO), allowances }
    }

    /// What comes back where so much money is asked for: whole hundredths, at most what was paid.
    pub fn back_money(&self, asked: Money) -> GivenBack {
        let micros = asked.micros().max(0);
        let whole = Money::from_micros(micros.saturating_sub(micros.rem_euclid(Money::MICROS_PER_CENT)));
        GivenBack { money: whole.min(self.paid()), allowances: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::charging::units::Unit;

    fn token(part: u8, number: u32, session: &str) -> Token {
        Token { part, number, session: SessionId::new(session).unwrap() }
    }

    #[test]
    fn a_token_has_these_octets_and_no_others_are_one() {
        let octets = token(2, 0x0102_0304, "smsc;1").write();
        assert_eq!(&*octets, b"\x01\x02\x01\x02\x03\x04smsc;1");
        assert_eq!(Token::read(&octets), Some(token(2, 0x0102_0304, "smsc;1")));
        for wrong in [
            &b""[..],
            b"\x01",
            b"\x01\x00\x00\x00\x00\x00",
            b"\x02\x00\x00\x00\x00\x00s",
            b"\x01\x00\x00\x00\x00\x00\xff",
        ] {
            assert_eq!(Token::read(wrong), None, "{wrong:?}");
        }
        let long = [b"\x01\x00\x00\x00\x00\x00".as_slice(), &[b'x'; 257]].concat();
        assert_eq!(Token::read(&long), None);
    }

    /// `bundled` and `by_money` units of one leg, 6.00 a minute by the second with 1.00 of connection.
    fn call(bundled: u64, by_money: u64) -> PartCharge {
        let cents = |cents| Money::from_cents(cents).unwrap();
        let mut rate = ChargedRate {
            price: cents(600),
            per: 60,
            step: 1,
            first: 0,
            connect: cents(100),
            tiers: Vec::new(),
            units: by_money,
            charged: Money::MAX,
        };
        rate.charged = rate.price_of(by_money);
        let held = HeldAllowance { bundle: "talk".into(), expires: None, units: bundled };
        PartCharge {
            refunded: false,
            key: QuotaKey::default(),
            units: Amount::new(Unit::Seconds, bundled + by_money),
            rates: vec![rate],
            legs: vec![ChargedLeg { rate: 0, by_money, allowances: vec![held] }],
            bonus: Vec::new(),
        }
    }

    #[test]
    fn what_was_taken_last_comes_back_first() {
        let call = call(30, 60);
        assert_eq!(call.paid(), Money::from_cents(700).unwrap());
        for (units, cents, bundled) in [(1, 10, 0), (59, 590, 0), (60, 700, 0), (61, 700, 1), (90, 700, 30)] {
            let back = call.back(units);
            assert_eq!(back.money, Money::from_cents(cents).unwrap(), "{units} s");
            assert_eq!(back.allowances.iter().map(|held| held.units).sum::<u64>(), bundled, "{units} s");
        }
    }

    #[test]
    fn money_comes_back_in_whole_hundredths_and_no_more_than_was_paid() {
        let call = call(30, 60);
        for (asked, back) in [(-1, 0), (9_999, 0), (19_999, 1), (7_000_000, 700), (i64::MAX, 700)] {
            assert_eq!(call.back_money(Money::from_micros(asked)).money, Money::from_cents(back).unwrap());
        }
    }

    proptest! {
        #[test]
        fn octets_of_any_kind_are_read_without_a_panic_and_a_token_is_read_back(
            octets in prop::collection::vec(any::<u8>(), 0..300), part: u8, number: u32, session in "[ -~]{1,40}",
        ) {
            if let Some(token) = Token::read(&octets) {
                prop_assert_eq!(&*token.write(), octets.as_slice());
            }
            let token = token(part, number, &session);
            prop_assert_eq!(Token::read(&token.write()), Some(token));
        }

        #[test]
        fn never_more_comes_back_than_was_paid(bundled in 0u64..100, by_money in 0u64..100, units in 0u64..300) {
            let call = call(bundled, by_money);
            let back = call.back(units);
            prop_assert!(back.money <= call.paid() && !back.money.is_negative());
            prop_assert!(back.allowances.iter().map(|held| held.units).sum::<u64>() <= bundled);
            if units >= bundled + by_money {
                prop_assert_eq!(back.money, call.paid());
            }
        }
    }
}
