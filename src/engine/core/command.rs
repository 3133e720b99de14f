//! What operators order: each command carries a key, under which its result is kept, so that a repeat changes
//! nothing.

use crate::charging::account::{AccountId, Brand, Mode};
use crate::charging::books::operations::OperationError;
use crate::charging::units::{Digits, Money};

pub use super::life::{LifeChange, LifeError};
pub use super::tariffs::Publication;

/// The largest number an account may have.
pub const MOST_ACCOUNT: u64 = 999_999_999_999;

/// The key of a command, made by whoever gives it and repeated with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OperationKey(pub [u8; 16]);

/// A command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// Its key: the same key a second time gets the first result and changes nothing.
    pub key: OperationKey,
    /// Who gives it.
    pub operator: Box<str>,
    /// What is to be done.
    pub what: Change,
}

/// What a command is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A new subscriber.
    AddSubscriber(NewSubscriber),
    /// Other properties of a subscriber.
    SetSubscriber {
        /// Whose.
        msisdn: Digits,
        /// Which.
        set: SubscriberChange,
    },
    /// Money paid in.
    Topup {
        /// Whose account.
        msisdn: Digits,
        /// How much, above nothing, whole hundredths.
        amount: Money,
        /// The payer's reference: known already with the same account and amount, nothing changes.
        reference: Option<Box<str>>,
    },
    /// A correction.
    Adjust {
        /// Whose account.
        msisdn: Digits,
        /// What is added: negative takes away. Whole hundredths, not nothing.
        amount: Money,
        /// Why.
        note: Option<Box<str>>,
    },
    /// An area is stopped, or no longer (`SUS-4`).
    Area {
        /// The serving network, or a country.
        network: Digits,
        /// It is stopped no longer.
        lift: bool,
        /// Why.
        note: Option<Box<str>>,
    },
    /// A tariff is published (`RES-3`).
    Publish(Publication),
    /// Blocks, the end of the contract, and what follows it.
    Life {
        /// Whose.
        msisdn: Digits,
        /// What.
        what: LifeChange,
    },
}

impl Change {
    /// The number it is about; of an area its network.
    pub const fn msisdn(&self) -> Digits {
        match self {
            Self::AddSubscriber(new) => new.msisdn,
            Self::SetSubscriber { msisdn, .. }
            | Self::Topup { msisdn, .. }
            | Self::Adjust { msisdn, .. }
            | Self::Life { msisdn, .. } => *msisdn,
            Self::Area { network, .. } => *network,
            Self::Publish(_) => Digits::ZERO,
        }
    }
}

/// A new subscriber.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSubscriber {
    /// The number, E.164.
    pub msisdn: Digits,
    /// The SIM's identity.
    pub imsi: Option<Digits>,
    /// The plan, by name.
    pub plan: Box<str>,
    /// How the account is settled; of an account that is there already, its own mode or none.
    pub mode: Option<Mode>,
    /// Money that is there from the start; whole hundredths.
    pub balance: Money,
    /// How far a credit account may go into debt.
    pub credit_limit: Money,
    /// How far below nothing an advance account may go.
    pub overdraft: Money,
    /// The brand.
    pub brand: Brand,
    /// The holder's 12-digit number.
    pub owner: Option<Box<str>>,
    /// The holder is a legal entity.
    pub owner_is_entity: bool,
    /// The account that pays, shared where it is there already; none makes a new one.
    pub account: Option<AccountId>,
    /// The language of its messages, `kk`, `ru` or `en`.
    pub language: Option<Box<str>>,
}

/// Properties of a subscriber to be changed; none leaves one as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SubscriberChange {
    /// Another plan.
    pub plan: Option<Box<str>>,
    /// Another SIM.
    pub imsi: Option<Digits>,
    /// Another credit limit, of the account.
    pub credit_limit: Option<Money>,
    /// Another permitted overdraft, of the account.
    pub overdraft: Option<Money>,
    /// Services to be barred, by name.
    pub bar: Vec<Box<str>>,
    /// Services to be barred no longer, by name.
    pub unbar: Vec<Box<str>>,
    /// Whether going on after a bundle is used up means consent to pay.
    pub overage: Option<bool>,
    /// Another language.
    pub language: Option<Box<str>>,
    /// Another brand.
    pub brand: Option<Brand>,
    /// Another holder.
    pub owner: Option<Box<str>>,
    /// Whether the holder is a legal entity.
    pub owner_is_entity: Option<bool>,
}

/// Why a command or a question was not carried out. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The tariff has no such plan.
    #[error("there is no plan {plan:?}: {}", known_plans(.nearest.as_deref(), .known))]
    UnknownPlan {
        /// What was asked for.
        plan: Box<str>,
        /// The plan whose name is near.
        nearest: Option<Box<str>>,
        /// Some of the plans that there are.
        known: Box<[Box<str>]>,
    },
    /// The plan takes no new subscribers.
    #[error("the plan {plan:?} is closed: it takes no new subscribers")]
    PlanClosed {
        /// The plan.
        plan: Box<str>,
    },
    /// The tariff would take something from subscribers.
    #[error("the tariff is not published: it would take {}; keep the plan, with `closed = true` where nobody new shall get it", in_use(.plans, .bundles))]
    TariffInUse {
        /// Plans, and how many subscribers have them.
        plans: Box<[(Box<str>, u64)]>,
        /// Plans, bundles of them, and how many subscribers have something left of them.
        bundles: Box<[(Box<str>, Box<str>, u64)]>,
    },
    /// The tariff has another currency than the balances.
    #[error("the tariff is in {is}, and the balances are in {was}")]
    TariffCurrency {
        /// The tariff's.
        is: Box<str>,
        /// Of the balances.
        was: Box<str>,
    },
    /// Too many versions wait for their time.
    #[error("{0} versions of the tariff wait for their time: no more are taken")]
    TariffsWaiting(usize),
    /// Another tariff is being published.
    #[error("another tariff is being published: try again")]
    TariffBusy,
    /// The plan is not sold in this mode.
    #[error("the plan {plan:?} is not sold in {} mode", mode_name(*.mode))]
    ModeNotSold {
        /// The plan.
        plan: Box<str>,
        /// The mode.
        mode: Mode,
    },
    /// No subscriber has the number.
    #[error("there is no subscriber {0}: add it with `gyro subscriber add`")]
    UnknownSubscriber(Digits),
    /// A subscriber has the number already.
    #[error("the subscriber {0} exists already: change it with `gyro subscriber set`")]
    DuplicateSubscriber(Digits),
    /// A subscriber has the IMSI already.
    #[error("the IMSI {imsi} belongs to the subscriber {msisdn}")]
    DuplicateImsi {
        /// The IMSI.
        imsi: Digits,
        /// Whose it is.
        msisdn: Digits,
    },
    /// The account is there already and is settled in another way.
    #[error("the account {} is in {} mode: a number that shares it has no mode of its own", .account.0, mode_name(*.mode))]
    AccountMode {
        /// The account.
        account: AccountId,
        /// Its mode.
        mode: Mode,
    },
    /// Money, limits or overdraft were given for an account that is there already.
    #[error("the account {} exists already: change its money by `account topup` and its limits by `subscriber set`", .0.0)]
    AccountShared(AccountId),
    /// An account number that cannot be given.
    #[error("account numbers go from 1 to {MOST_ACCOUNT}: {} is none", .0.0)]
    AccountNumber(AccountId),
    /// The account does not take it.
    #[error(transparent)]
    Refused(#[from] OperationError),
    /// The life of the number does not allow it.
    #[error(transparent)]
    Life(#[from] LifeError),
    /// The holder's number is not one.
    #[error("the owner {0:?} is no 12-digit number (IIN or BIN)")]
    Owner(Box<str>),
    /// A language that no message is written in.
    #[error("there is no language {0:?}: kk, ru and en are")]
    Language(Box<str>),
    /// The payer's reference was used for something else.
    #[error("the reference {reference:?} was used for {amount} to account {} already", .account.0)]
    ReferenceUsed {
        /// The reference.
        reference: Box<str>,
        /// The account it was used for.
        account: AccountId,
        /// The amount it was used for.
        amount: Money,
    },
    /// The tariff has no such service.
    #[error("there is no service {service:?}")]
    UnknownService {
        /// What was asked for.
        service: Box<str>,
    },
    /// No session has the identifier.
    #[error("there is no session {0:?}")]
    UnknownSession(Box<str>),
    /// Clients are asked nothing.
    #[error("gateways are asked nothing here: no server runs, or its charging.reauth_rate is 0")]
    NobodyAsked,
    /// The session has ended.
    #[error("the session {0:?} has ended")]
    SessionEnded(Box<str>),
    /// The session goes to an emergency number.
    #[error("the session {0:?} goes to an emergency number: it is left alone")]
    Emergency(Box<str>),
    /// The session has no quota of that rating group.
    #[error("the session {session:?} has no rating group {group}: see `gyro session show`")]
    UnknownGroup {
        /// The session.
        session: Box<str>,
        /// The rating group.
        group: u32,
    },
    /// The key was used for another command.
    #[error("the idempotency key was used for another command already")]
    KeyUsed,
    /// A text is longer than can be kept.
    #[error("the {field} is longer than {most} octets")]
    TooLong {
        /// Which text.
        field: &'static str,
        /// The most octets.
        most: usize,
    },
    /// The store is not open yet.
    #[error("the store is being opened: try again")]
    Starting,
    /// The server is ending.
    #[error("the server is ending")]
    Draining,
    /// Too much waits already.
    #[error("the server is too busy: try again")]
    Overloaded,
    /// The store failed; whether the command was kept is not known.
    #[error(
        "the store failed: nothing is changed until the server is started again; give the same command again then"
    )]
    StoreFailed,
    /// What is stored could not be read.
    #[error("what is stored could not be read: see the server's log, and run `gyro store verify`")]
    Unreadable,
}

fn known_plans(nearest: Option<&str>, known: &[Box<str>]) -> String {
    match nearest {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("the tariff in force has {}", known.join(", ")),
    }
}

fn in_use(plans: &[(Box<str>, u64)], bundles: &[(Box<str>, Box<str>, u64)]) -> String {
    let people = |count: u64| format!("{count} subscriber{}", if count == 1 { "" } else { "s" });
    let plans = plans.iter().map(|(plan, count)| format!("the plan {plan:?} from {}", people(*count)));
    let bundles = bundles
        .iter()
        .map(|(plan, id, count)| format!("the bundle {id:?} of the plan {plan:?} from {}", people(*count)));
    plans.chain(bundles).collect::<Vec<_>>().join(", ")
}

/// A mode's name, as operators write it.
pub const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Advance => "advance",
        Mode::Credit => "credit",
    }
}
