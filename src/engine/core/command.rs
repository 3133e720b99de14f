//! What operators order: each command carries a key, under which its result is kept, so that a repeat changes
//! nothing.

use core::time::Duration;

use crate::charging::account::{AccountId, Brand, ContractId, Mode};
use crate::charging::books::bill::Bill;
use crate::charging::books::operations::OperationError;
use crate::charging::units::{Digits, Money};
use crate::charging::voucher::{BatchId, Code, VoucherError};

pub use super::life::{LifeChange, LifeError};
pub use super::publication::Publication;

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
        /// Why.
        note: Option<Box<str>>,
    },
    /// Money given back to the subscriber (`ACC-10`).
    Refund {
        /// Whose account.
        msisdn: Digits,
        /// How much, above nothing, whole hundredths, no more than is the subscriber's own.
        amount: Money,
        /// The reference of the transfer: known already with the same account and amount, nothing changes.
        reference: Option<Box<str>>,
        /// Why.
        note: Option<Box<str>>,
    },
    /// A payment taken back, once (`ACC-11`).
    Reverse {
        /// A number of the account that was topped up.
        msisdn: Digits,
        /// The reference of the top-up.
        reference: Box<str>,
        /// Why.
        note: Option<Box<str>>,
    },
    /// A payment promised (`ACC-8`).
    Promise {
        /// Whose account.
        msisdn: Digits,
        /// Why.
        note: Option<Box<str>>,
    },
    /// Bonus money given (`ACC-13`).
    Bonus {
        /// Whose account.
        msisdn: Digits,
        /// How much, above nothing, whole hundredths.
        amount: Money,
        /// For how long; for ever where nothing is said.
        valid: Option<Duration>,
        /// The services that it may pay, by name; all where there are none.
        services: Vec<Box<str>>,
        /// Why.
        note: Option<Box<str>>,
    },
    /// Many new subscribers.
    Import(Import),
    /// Another number for a subscriber (`ACC-2`).
    Renumber {
        /// The number it has.
        msisdn: Digits,
        /// The number it gets.
        to: Digits,
    },
    /// Payment cards made (`ACC-12`).
    AddVouchers(NewVouchers),
    /// A number topped up by a payment card.
    ActivateVoucher {
        /// Whose account.
        msisdn: Digits,
        /// The card's code.
        code: Code,
    },
    /// Payment cards made void; those used already stay used.
    VoidVouchers {
        /// The batch.
        batch: BatchId,
        /// First and last serial number; all of it where nothing is said.
        serials: Option<(u32, u32)>,
        /// Why.
        note: Option<Box<str>>,
    },
    /// Use that a partner bills later (`ACC-16`), also after the end of the contract (`END-4`).
    Charge {
        /// Whose account.
        msisdn: Digits,
        /// How much, above nothing, whole hundredths.
        amount: Money,
        /// What was used, and the partner's reference: known already with the same account and amount, nothing changes.
        bill: Bill,
        /// Why.
        note: Option<Box<str>>,
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

/// Many new subscribers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// The subscribers.
    pub rows: Vec<NewSubscriber>,
    /// Those that can be added are, though others are refused.
    pub partial: bool,
}

/// The most rows of one command: they are one batch, and a batch is one frame of the journal.
pub const MOST_ROWS: usize = 50_000;

/// What an import did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// How many subscribers are new.
    pub added: usize,
    /// Rows that were refused, by their place from 0; the first of them.
    pub refused: Vec<RowRefused>,
    /// How many were refused in all.
    pub refused_in_all: usize,
}

/// A row that was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowRefused {
    /// Its place, from 0.
    pub row: usize,
    /// Why.
    pub why: CommandError,
}

/// Payment cards to be made: a new batch, or more cards of the one that is being made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewVouchers {
    /// The batch.
    pub batch: BatchId,
    /// What each is worth.
    pub value: Money,
    /// For how long they can be used; for ever where nothing is said.
    pub valid: Option<Duration>,
    /// The serial number of the first of these; 1 makes the batch.
    pub first: u32,
    /// Their codes, drawn at random by whoever orders them: no one can tell them later.
    pub codes: Vec<Code>,
}

impl Change {
    /// The number it is about, where it is about one; of an area its network.
    pub const fn msisdn(&self) -> Option<Digits> {
        match self {
            Self::AddSubscriber(new) => Some(new.msisdn),
            Self::Import(_) | Self::AddVouchers(_) | Self::VoidVouchers { .. } | Self::Publish(_) => None,
            Self::SetSubscriber { msisdn, .. }
            | Self::Topup { msisdn, .. }
            | Self::Refund { msisdn, .. }
            | Self::Charge { msisdn, .. }
            | Self::Reverse { msisdn, .. }
            | Self::Promise { msisdn, .. }
            | Self::Bonus { msisdn, .. }
            | Self::ActivateVoucher { msisdn, .. }
            | Self::Renumber { msisdn, .. }
            | Self::Adjust { msisdn, .. }
            | Self::Life { msisdn, .. } => Some(*msisdn),
            Self::Area { network, .. } => Some(*network),
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
    /// The contract that a new account belongs to; none makes a new one.
    pub contract: Option<ContractId>,
    /// The holder may have more numbers than an individual may (`OWN-1`).
    pub override_limit: bool,
    /// The language of its messages, `kk`, `ru` or `en`.
    pub language: Option<Box<str>>,
}

impl NewSubscriber {
    /// One with a number and a plan, an account of its own and nothing on it.
    pub fn of(msisdn: Digits, plan: &str) -> Self {
        Self {
            msisdn,
            imsi: None,
            plan: plan.into(),
            mode: None,
            balance: Money::ZERO,
            credit_limit: Money::ZERO,
            overdraft: Money::ZERO,
            brand: Brand::Kcell,
            owner: None,
            owner_is_entity: false,
            account: None,
            contract: None,
            override_limit: false,
            language: None,
        }
    }
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
    /// Another holder may have more numbers than an individual may (`OWN-1`).
    pub override_limit: bool,
}

impl SubscriberChange {
    /// What is set, in words, for the act on the number (`AUD-1`).
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut said = |name: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("{name} {value}")));
        };
        said("plan", self.plan.as_deref().map(String::from));
        said("imsi", self.imsi.map(|imsi| imsi.to_string()));
        said("credit limit", self.credit_limit.map(|limit| limit.to_string()));
        said("overdraft", self.overdraft.map(|overdraft| overdraft.to_string()));
        self.bar.iter().for_each(|service| said("bar", Some(service.to_string())));
        self.unbar.iter().for_each(|service| said("unbar", Some(service.to_string())));
        said("overage", self.overage.map(|overage| if overage { "on".into() } else { "off".into() }));
        said("language", self.language.as_deref().map(String::from));
        let brand = |brand| match brand {
            Brand::Kcell => "kcell".into(),
            Brand::Activ => "activ".into(),
        };
        said("brand", self.brand.map(brand));
        said("owner", self.owner.as_deref().map(String::from));
        let kind = |is_entity| if is_entity { "entity".into() } else { "individual".into() };
        said("owner kind", self.owner_is_entity.map(kind));
        words
    }
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
        bundles: Box<[BundleInUse]>,
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
    /// The contract of the number has ended.
    #[error("the contract of {0} has ended")]
    Ended(Digits),
    /// An individual has as many numbers as he may (`OWN-1`).
    #[error(
        "the owner {owner} has {most} numbers, the most an individual may have: give --override to add more"
    )]
    TooManyNumbers {
        /// The holder.
        owner: Digits,
        /// The most.
        most: usize,
    },
    /// No contract has the number.
    #[error("there is no contract {}", .0.0)]
    NoContract(ContractId),
    /// The account belongs to another contract.
    #[error("the account belongs to the contract {}", .0.0)]
    OtherContract(ContractId),
    /// The contract is another holder's.
    #[error("the contract {} has another owner", .0.0)]
    OtherOwner(ContractId),
    /// Money of the number's former holder has not been returned (`ACC-15`).
    #[error(
        "the former holder of {0} has money left: return it with `gyro subscriber settle {0}` before the number is given anew"
    )]
    NotSettled(Digits),
    /// Sessions of the number are open.
    #[error("{open} sessions of {msisdn} are open: end them first with `gyro session abort`, or wait")]
    SessionsOpen {
        /// The number.
        msisdn: Digits,
        /// How many.
        open: usize,
    },
    /// Rows of an import are refused, and so none is added.
    #[error("{refused_in_all} rows are refused, so none is added: {}", told_rows(.refused))]
    ImportRefused {
        /// The first of them.
        refused: Vec<RowRefused>,
        /// How many.
        refused_in_all: usize,
    },
    /// More rows than one command may have, or none.
    #[error("one import has 1 to {0} rows: split it, or give --partial")]
    Rows(usize),
    /// The payment card tops nothing up.
    #[error(transparent)]
    Voucher(#[from] VoucherError),
    /// The batch is there already, or the cards do not follow those in it.
    #[error("batch {} is there already: name another, or none", .0.0)]
    BatchThere(BatchId),
    /// No batch has the number.
    #[error("there is no batch {} of payment cards", .0.0)]
    NoBatch(BatchId),
    /// A code was given twice, or a card has it already.
    #[error("a payment card with one of these codes is there already: draw other codes")]
    CodeThere,
    /// Too many cards, or none.
    #[error("one command makes 1 to {each} payment cards, and a batch has {all} at most")]
    TooManyCards {
        /// Of one command.
        each: usize,
        /// Of one batch.
        all: u32,
    },
    /// Serial numbers that the batch does not have.
    #[error("serial numbers of the batch go from 1 to {most}, the first of a range comes first")]
    Serials {
        /// The last.
        most: u32,
    },
    /// Too many ranges are void.
    #[error("{0} ranges of the batch are void, the most there may be: make all of it void")]
    TooManyVoid(usize),
    /// No payment has the reference.
    #[error("no payment has the reference {0:?}: see `gyro account ledger`")]
    UnknownReference(Box<str>),
    /// The reference begins in a way that is kept for payments made here.
    #[error("references that begin with \"voucher:\" are those of payment cards")]
    ReferenceKept,
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
    /// The store stands still.
    #[error(
        "the store stands still and cannot be read: nothing is changed; if it goes on so, restart the server and give the \
         same command again"
    )]
    StoreStalled,
    /// What is stored could not be read.
    #[error("what is stored could not be read: see the server's log, and run `gyro store verify`")]
    Unreadable,
}

fn told_rows(refused: &[RowRefused]) -> String {
    const TOLD: usize = 5;
    let rows = refused.iter().take(TOLD).map(|one| format!("row {}: {}", one.row.saturating_add(1), one.why));
    let mut text = rows.collect::<Vec<_>>().join("; ");
    if refused.len() > TOLD {
        text.push_str("; …");
    }
    text
}

fn known_plans(nearest: Option<&str>, known: &[Box<str>]) -> String {
    match nearest {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("the tariff in force has {}", known.join(", ")),
    }
}

/// A plan, a bundle of it, and how many subscribers have something left of that.
pub type BundleInUse = (Box<str>, Box<str>, u64);

fn in_use(plans: &[(Box<str>, u64)], bundles: &[BundleInUse]) -> String {
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
