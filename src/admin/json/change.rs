//! What operators give: the bodies of changes, and what comes of them. Unknown fields are refused.

use serde::{Deserialize, Serialize};

use super::{Fault, amount};
use crate::charging::account::{AccountId, Brand, Mode};
use crate::charging::units::{Digits, Money};
use crate::engine::control::{self, Change};

/// A new subscriber.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSubscriber {
    /// The number, E.164.
    pub msisdn: String,
    /// The plan, by name.
    pub plan: String,
    /// The SIM's identity.
    #[serde(default)]
    pub imsi: Option<String>,
    /// `advance` or `credit`.
    #[serde(default)]
    pub mode: Option<String>,
    /// Money from the start.
    #[serde(default)]
    pub balance: Option<String>,
    /// How far a credit account may go into debt.
    #[serde(default)]
    pub credit_limit: Option<String>,
    /// How far below nothing an advance account may go.
    #[serde(default)]
    pub overdraft: Option<String>,
    /// `kcell` or `activ`.
    #[serde(default)]
    pub brand: Option<String>,
    /// The holder's 12-digit number.
    #[serde(default)]
    pub owner: Option<String>,
    /// `individual` or `entity`.
    #[serde(default)]
    pub owner_kind: Option<String>,
    /// The account that pays, where numbers share one.
    #[serde(default)]
    pub account: Option<String>,
    /// `kk`, `ru` or `en`.
    #[serde(default)]
    pub language: Option<String>,
}

/// Other properties of a subscriber; what is absent stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriberChange {
    /// Another plan.
    #[serde(default)]
    pub plan: Option<String>,
    /// Another SIM.
    #[serde(default)]
    pub imsi: Option<String>,
    /// Another credit limit.
    #[serde(default)]
    pub credit_limit: Option<String>,
    /// Another permitted overdraft.
    #[serde(default)]
    pub overdraft: Option<String>,
    /// Services to be barred.
    #[serde(default)]
    pub bar: Vec<String>,
    /// Services to be barred no longer.
    #[serde(default)]
    pub unbar: Vec<String>,
    /// Whether going on after a bundle is used up means consent to pay.
    #[serde(default)]
    pub overage: Option<bool>,
    /// Another language.
    #[serde(default)]
    pub language: Option<String>,
    /// Another brand.
    #[serde(default)]
    pub brand: Option<String>,
    /// Another holder.
    #[serde(default)]
    pub owner: Option<String>,
    /// `individual` or `entity`.
    #[serde(default)]
    pub owner_kind: Option<String>,
}

/// Money paid in.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topup {
    /// How much.
    pub amount: String,
    /// The payer's reference.
    #[serde(default)]
    pub reference: Option<String>,
}

/// A correction.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// What is added; negative takes away.
    pub amount: String,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// A file for the server to write.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Its path on the server's machine, from the root.
    pub file: String,
}

/// What of a session its client is to authorise anew.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reauthorisation {
    /// One rating group; the whole session where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating_group: Option<u32>,
}

/// What a change did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The number it was about.
    pub msisdn: String,
    /// The account it was about.
    pub account: String,
    /// The main balance after it.
    pub balance: String,
    /// Whether anything changed; false where the payer's reference was known.
    pub changed: bool,
    /// Its key was known: this is what the first try did.
    pub repeated: bool,
}

/// It was done, or is on its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// Always true.
    pub done: bool,
}

impl Done {
    /// As operators see it.
    pub fn of(done: &control::Done, repeated: bool) -> Self {
        Self {
            msisdn: done.msisdn.to_string(),
            account: done.account.0.to_string(),
            balance: done.balance.to_string(),
            changed: done.changed,
            repeated,
        }
    }
}

/// A number or an IMSI: one to fifteen digits.
pub fn digits(field: &'static str, text: &str) -> Result<Digits, Fault> {
    Digits::parse(text).ok_or_else(|| Fault::new(field, "it is written in 1 to 15 digits"))
}

/// An amount of money.
pub fn money(field: &'static str, text: &str) -> Result<Money, Fault> {
    amount::parse(text).map_err(|error| Fault::new(field, error.to_string()))
}

fn or_nothing(field: &'static str, text: Option<&str>) -> Result<Money, Fault> {
    text.map_or(Ok(Money::ZERO), |text| money(field, text))
}

fn word<T: Copy>(field: &'static str, text: &str, known: &[(&str, T)]) -> Result<T, Fault> {
    known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Fault::new(field, format!("it is one of {}", names.join(", ")))
    })
}

const MODES: &[(&str, Mode)] = &[("advance", Mode::Advance), ("credit", Mode::Credit)];
const BRANDS: &[(&str, Brand)] = &[("kcell", Brand::Kcell), ("activ", Brand::Activ)];
const OWNERS: &[(&str, bool)] = &[("individual", false), ("entity", true)];

fn boxed(text: Option<String>) -> Option<Box<str>> {
    text.map(Into::into)
}

impl NewSubscriber {
    /// The change that it orders.
    pub fn read(self) -> Result<Change, Fault> {
        let account = self.account.as_deref().map(|text| {
            let number = text.parse().ok().filter(|_| text.bytes().all(|octet| octet.is_ascii_digit()));
            number.map(AccountId).ok_or_else(|| Fault::new("account", "it is a number"))
        });
        Ok(Change::AddSubscriber(control::NewSubscriber {
            msisdn: digits("msisdn", &self.msisdn)?,
            imsi: self.imsi.as_deref().map(|imsi| digits("imsi", imsi)).transpose()?,
            mode: self.mode.as_deref().map(|mode| word("mode", mode, MODES)).transpose()?,
            balance: or_nothing("balance", self.balance.as_deref())?,
            credit_limit: or_nothing("credit_limit", self.credit_limit.as_deref())?,
            overdraft: or_nothing("overdraft", self.overdraft.as_deref())?,
            brand: self.brand.as_deref().map_or(Ok(Brand::Kcell), |brand| word("brand", brand, BRANDS))?,
            owner_is_entity: self
                .owner_kind
                .as_deref()
                .map_or(Ok(false), |kind| word("owner_kind", kind, OWNERS))?,
            account: account.transpose()?,
            plan: self.plan.into(),
            owner: boxed(self.owner),
            language: boxed(self.language),
        }))
    }
}

impl SubscriberChange {
    /// The change of that number that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        let amount = |field, text: Option<&str>| text.map(|text| money(field, text)).transpose();
        let set = control::SubscriberChange {
            imsi: self.imsi.as_deref().map(|imsi| digits("imsi", imsi)).transpose()?,
            credit_limit: amount("credit_limit", self.credit_limit.as_deref())?,
            overdraft: amount("overdraft", self.overdraft.as_deref())?,
            brand: self.brand.as_deref().map(|brand| word("brand", brand, BRANDS)).transpose()?,
            owner_is_entity: self
                .owner_kind
                .as_deref()
                .map(|kind| word("owner_kind", kind, OWNERS))
                .transpose()?,
            overage: self.overage,
            bar: self.bar.into_iter().map(Into::into).collect(),
            unbar: self.unbar.into_iter().map(Into::into).collect(),
            plan: boxed(self.plan),
            language: boxed(self.language),
            owner: boxed(self.owner),
        };
        if set == control::SubscriberChange::default() {
            return Err(Fault::new("set", "nothing is to be changed"));
        }
        Ok(Change::SetSubscriber { msisdn, set })
    }
}

impl Topup {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        let amount = money("amount", &self.amount)?;
        Ok(Change::Topup { msisdn, amount, reference: boxed(self.reference) })
    }
}

impl Adjustment {
    /// The change of that number's account that it orders.
    pub fn read(self, msisdn: Digits) -> Result<Change, Fault> {
        let amount = money("amount", &self.amount)?;
        Ok(Change::Adjust { msisdn, amount, note: boxed(self.note) })
    }
}
