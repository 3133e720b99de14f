//! A subscriber with the account that pays.

use serde::{Deserialize, Serialize};

use super::Form;
use super::life::{Block, End};
use crate::charging::account::status::status;
use crate::charging::account::{Account, Brand, ContractId};
use crate::charging::units::Unit;
use crate::engine::control::{ContractView, SubscriberView, mode_name};

/// A subscriber.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subscriber {
    /// The number, E.164.
    pub msisdn: String,
    /// The SIM's identity.
    pub imsi: Option<String>,
    /// The number of the account.
    pub account: String,
    /// The plan, by name.
    pub plan: String,
    /// The version of the tariffs in force.
    pub plan_version: String,
    /// `advance` or `credit`.
    pub mode: String,
    /// `kcell` or `activ`.
    pub brand: String,
    /// `active`, `no-money`, `credit-limit`, `overdue`, `blocked`, `ended`.
    pub status: String,
    /// Why it is suspended.
    pub blocks: Vec<Block>,
    /// The account's money.
    pub balance: Balance,
    /// What is left of its bundles.
    pub allowances: Vec<Allowance>,
    /// Fair-use limits that are reached.
    pub fair_use: Vec<FairUse>,
    /// Open sessions.
    pub sessions: u32,
    /// Sessions and events to emergency numbers.
    pub emergency_calls: u64,
    /// The holder's 12-digit number.
    pub owner: Option<String>,
    /// `individual` or `entity`; null where no holder is named.
    pub owner_kind: Option<String>,
    /// The language of its messages.
    pub language: Option<String>,
    /// Services that it has barred.
    pub barred: Vec<String>,
    /// Whether going on after a bundle is used up means consent to pay.
    pub overage: bool,
    /// Since when it is served.
    pub since: String,
    /// The contract of its account.
    pub contract: String,
    /// The account's bonus money as it was given.
    pub bonuses: Vec<Bonus>,
    /// A promised payment to the account that has not come.
    pub promise: Option<Promise>,
    /// When it was last used, to a day.
    pub last_use: Option<String>,
    /// When its contract is set to end.
    pub ends: Option<String>,
    /// The end of its contract.
    pub ended: Option<End>,
}

/// The money of an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Balance {
    /// ISO 4217.
    pub currency: String,
    /// The main balance.
    pub main: String,
    /// Bonus money.
    pub bonus: String,
    /// What open sessions hold.
    pub reserved: String,
    /// What may be spent now.
    pub available: String,
    /// How far a credit account may go into debt.
    pub credit_limit: String,
    /// How far below nothing an advance account may go.
    pub overdraft: String,
}

/// One gift of bonus money.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bonus {
    /// What is left of it.
    pub left: String,
    /// When it ends.
    pub expires: Option<String>,
    /// The services that it may pay; all where none is named.
    pub services: Vec<String>,
}

/// A promised payment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Promise {
    /// What of it has not come.
    pub left: String,
    /// When that is taken back.
    pub due: String,
}

/// What is left of a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Allowance {
    /// The bundle's name.
    pub id: String,
    /// `octets`, `seconds`, `pieces`, `money`.
    pub unit: String,
    /// What has not been used, reserved units included.
    pub left: u64,
    /// What open sessions hold of it.
    pub reserved: u64,
    /// When it ends.
    pub expires: Option<String>,
}

/// A fair-use limit that is reached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FairUse {
    /// The policy's name.
    pub policy: String,
    /// Which step of it.
    pub step: u32,
    /// Until when.
    pub until: Option<String>,
}

/// A contract with its accounts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contract {
    /// Its number.
    pub contract: String,
    /// The holder's 12-digit number.
    pub owner: Option<String>,
    /// `individual` or `entity`; null where no holder is named.
    pub owner_kind: Option<String>,
    /// Since when it is there.
    pub since: String,
    /// Its accounts.
    pub accounts: Vec<AccountMoney>,
    /// All numbers of its holder, in this contract or another.
    pub numbers: Vec<String>,
}

/// An account of a contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountMoney {
    /// Its number.
    pub account: String,
    /// `advance` or `credit`.
    pub mode: String,
    /// Its money.
    pub balance: Balance,
}

impl Contract {
    /// As operators see it.
    pub fn of(id: ContractId, view: &ContractView, form: &Form) -> Self {
        let ContractView { contract, accounts, numbers } = view;
        let kind = if contract.is_entity { "entity" } else { "individual" };
        let account = |account: &Account| AccountMoney {
            account: account.id.0.to_string(),
            mode: mode_name(account.mode).into(),
            balance: balance(account, form),
        };
        Self {
            contract: id.0.to_string(),
            owner: contract.owner.map(|owner| owner.to_string()),
            owner_kind: contract.owner.map(|_| kind.into()),
            since: form.time(contract.since),
            accounts: accounts.iter().map(account).collect(),
            numbers: numbers.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A page of subscribers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// The subscribers.
    pub subscribers: Vec<Subscriber>,
    /// What to ask for the next page with.
    pub next: Option<String>,
}

/// The unit's name.
pub const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Octets => "octets",
        Unit::Seconds => "seconds",
        Unit::Pieces => "pieces",
        Unit::Money => "money",
    }
}

/// The brand's name.
pub const fn brand(brand: Brand) -> &'static str {
    match brand {
        Brand::Kcell => "kcell",
        Brand::Activ => "activ",
    }
}

impl Subscriber {
    /// As operators see it.
    pub fn of(view: &SubscriberView, form: &Form) -> Self {
        let SubscriberView { subscriber, account, sessions } = view;
        let kind = if subscriber.owner_is_entity { "entity" } else { "individual" };
        let allowance = |held: &crate::charging::account::Allowance| Allowance {
            id: held.bundle.as_ref().into(),
            unit: unit(held.unit).into(),
            left: held.left,
            reserved: held.reserved,
            expires: held.expires.map(|at| form.time(at)),
        };
        Self {
            msisdn: subscriber.msisdn.to_string(),
            imsi: subscriber.imsi.map(|imsi| imsi.to_string()),
            account: account.id.0.to_string(),
            plan: subscriber.plan.as_ref().into(),
            plan_version: form.version.clone(),
            mode: mode_name(account.mode).into(),
            brand: brand(subscriber.brand).into(),
            status: status(account, subscriber, form.now).as_str().into(),
            blocks: subscriber.life.blocks.iter().map(|block| Block::of(block, form)).collect(),
            balance: balance(account, form),
            allowances: subscriber.allowances.iter().map(allowance).collect(),
            fair_use: Vec::new(),
            sessions: *sessions,
            emergency_calls: subscriber.emergency_calls,
            owner: subscriber.owner.as_deref().map(Into::into),
            owner_kind: subscriber.owner.as_ref().map(|_| kind.into()),
            language: subscriber.language.as_deref().map(Into::into),
            barred: subscriber.barred.iter().map(|service| service.as_ref().into()).collect(),
            overage: subscriber.overage,
            since: form.time(subscriber.since),
            contract: account.contract.0.to_string(),
            bonuses: account.bonuses.iter().map(|one| Bonus::of(one, form)).collect(),
            promise: account
                .promise
                .map(|promise| Promise { left: promise.left.to_string(), due: form.time(promise.due) }),
            last_use: subscriber.life.last_use.map(|at| form.time(at)),
            ends: subscriber.life.ends.map(|at| form.time(at)),
            ended: subscriber.life.end.as_ref().map(|end| End::of(end, form)),
        }
    }
}

impl Bonus {
    fn of(one: &crate::charging::account::Bonus, form: &Form) -> Self {
        Self {
            left: one.left.to_string(),
            expires: one.expires.map(|at| form.time(at)),
            services: one.services.iter().map(|name| name.as_ref().into()).collect(),
        }
    }
}

fn balance(account: &Account, form: &Form) -> Balance {
    Balance {
        currency: form.currency.clone(),
        main: account.main.to_string(),
        bonus: account.bonus.to_string(),
        reserved: account.reserved.to_string(),
        available: account.available().to_string(),
        credit_limit: account.credit_limit.to_string(),
        overdraft: account.overdraft.to_string(),
    }
}
