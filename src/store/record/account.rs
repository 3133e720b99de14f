//! Account, class 2, layout 3. Key: account number, big-endian. Value: version u8 = 3 · mode u8 (0 advance, 1 credit)
//! · main i64 · bonus i64 · overdraft i64 · credit limit i64 · reserved i64 (millionths) · batch of the last ledger
//! entry u64 (0 none) · number of ledger entries u64 · revision u64 · unpaid since time? · numbers with a contract count
//! (one more than there are, 0 not counted) · parts, 0 after the last: 1 bonuses: number, then each: id count, left i64,
//! reserved i64, given i64, expires time?, services texts; 2 promise: left i64, given i64, due i64; 3 contract count, where
//! it is not the number of the account; 9 the book of a credit account, see `invoice`.
//!
//! Layout 2 has no parts and no 0 for their end; layout 1 ends after the revision.

use super::codec::{Reader, RecordError, Writer};
use super::invoice;
use super::{Class, Key};
use crate::charging::account::life::AccountLife;
use crate::charging::account::{Account, AccountId, Bonus, ContractId, Mode, Promise};

/// The class of accounts.
pub const CLASS: Class = Class::Account;

const VERSION: u8 = 3;

const BONUSES: u8 = 1;
const PROMISE: u8 = 2;
const CONTRACT: u8 = 3;
const BOOK: u8 = 9;

/// Where an account stands.
pub fn key(id: AccountId) -> Key {
    Key::from_u64(id.0)
}

/// The account's octets.
pub fn encode(account: &Account) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 80);
    to.u8(match account.mode {
        Mode::Advance => 0,
        Mode::Credit => 1,
    });
    for money in [account.main, account.bonus, account.overdraft, account.credit_limit, account.reserved] {
        to.money(money);
    }
    to.sequence_or_none(account.ledger_head);
    to.u64(account.ledger_entries);
    to.u64(account.revision);
    to.time_or_none(account.life.unpaid_since);
    to.count(account.life.numbers.map_or(0, |numbers| u64::from(numbers).saturating_add(1)));
    if !account.bonuses.is_empty() {
        to.part(BONUSES, |to| put_bonuses(to, &account.bonuses));
    }
    if let Some(Promise { left, given, due }) = account.promise {
        to.part(PROMISE, |to| {
            to.money(left);
            to.time(given);
            to.time(due);
        });
    }
    if account.contract.0 != account.id.0 {
        to.part(CONTRACT, |to| to.count(account.contract.0));
    }
    if let Some(book) = &account.book {
        to.part(BOOK, |to| invoice::put_book(to, book));
    }
    to.no_more_parts();
    to.finish()
}

pub(super) fn put_bonuses(to: &mut Writer, bonuses: &[Bonus]) {
    to.length(bonuses.len());
    for Bonus { id, left, reserved, given, expires, services } in bonuses {
        to.count(*id);
        to.money(*left);
        to.money(*reserved);
        to.time(*given);
        to.time_or_none(*expires);
        to.texts(services);
    }
}

/// The account under a key.
pub fn decode(key: &Key, octets: &[u8]) -> Result<Account, RecordError> {
    let id = key.to_u64().map(AccountId).ok_or(RecordError::Field("key"))?;
    let (mut from, version) = Reader::up_to(octets, VERSION)?;
    let mode = match from.u8()? {
        0 => Mode::Advance,
        1 => Mode::Credit,
        _ => return Err(RecordError::Field("mode")),
    };
    let mut account = Account {
        id,
        mode,
        main: from.money()?,
        bonus: from.money()?,
        bonuses: Vec::new(),
        promise: None,
        contract: ContractId(id.0),
        overdraft: from.money()?,
        credit_limit: from.money()?,
        reserved: from.money()?,
        ledger_head: from.sequence_or_none()?,
        ledger_entries: from.u64()?,
        revision: from.u64()?,
        life: if version > 1 { life(&mut from)? } else { AccountLife::default() },
        book: None,
    };
    if version > 2 {
        from.parts(|number, part| part_of(&mut account, number, part))?;
    }
    from.finish()?;
    Ok(account)
}

fn part_of(account: &mut Account, number: u8, from: &mut Reader<'_>) -> Result<(), RecordError> {
    match number {
        BONUSES => {
            account.bonuses = take_bonuses(from)?;
        }
        PROMISE => {
            account.promise = Some(Promise { left: from.money()?, given: from.time()?, due: from.time()? });
        }
        CONTRACT => account.contract = ContractId(from.count()?),
        BOOK => account.book = Some(Box::new(invoice::book(from)?)),
        _ => return Err(RecordError::Field("part")),
    }
    Ok(())
}

pub(super) fn take_bonuses(from: &mut Reader<'_>) -> Result<Vec<Bonus>, RecordError> {
    let length = from.length()?;
    (0..length).map(|_| bonus(from)).collect()
}

fn bonus(from: &mut Reader<'_>) -> Result<Bonus, RecordError> {
    Ok(Bonus {
        id: from.count()?,
        left: from.money()?,
        reserved: from.money()?,
        given: from.time()?,
        expires: from.time_or_none("expires")?,
        services: from.texts("services")?,
    })
}

fn life(from: &mut Reader<'_>) -> Result<AccountLife, RecordError> {
    let unpaid_since = from.time_or_none("unpaid since")?;
    let numbers = from.count()?.checked_sub(1).map(u32::try_from).transpose();
    Ok(AccountLife { unpaid_since, numbers: numbers.map_err(|_| RecordError::Field("numbers"))? })
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::{damaged, money, text, time};
    use super::*;
    use crate::charging::account::Sequence;
    use crate::charging::units::Money;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn sample() -> Account {
        Account {
            id: AccountId(7),
            mode: Mode::Credit,
            main: Money::from_micros(-2),
            bonus: Money::from_micros(3),
            bonuses: vec![Bonus {
                id: 2,
                left: Money::from_micros(3),
                reserved: Money::from_micros(1),
                given: Timestamp::from_micros(10),
                expires: None,
                services: vec!["sms".into()],
            }],
            promise: Some(Promise {
                left: Money::from_micros(11),
                given: Timestamp::from_micros(12),
                due: Timestamp::from_micros(13),
            }),
            contract: ContractId(6),
            overdraft: Money::from_micros(4),
            credit_limit: Money::from_micros(5),
            reserved: Money::from_micros(0x0102_0304),
            ledger_head: Some(Sequence(9)),
            ledger_entries: 2,
            revision: 1,
            life: AccountLife { unpaid_since: Some(Timestamp::from_micros(6)), numbers: Some(2) },
            book: None,
        }
    }

    /// Without what the parts hold.
    fn plain() -> Account {
        Account { bonuses: Vec::new(), promise: None, contract: ContractId(7), ..sample() }
    }

    const BODY: &str = "01feffffffffffffff03000000000000000400000000000000050000000000000004030201000000000900\
                        00000000000002000000000000000100000000000000";
    const LIFE: &str = "01060000000000000003";

    #[test]
    fn the_layout_is_what_it_was() {
        let octets = encode(&sample());
        let bonuses =
            "012001020300000000000000".to_owned() + "01000000000000000a0000000000000000" + "0103736d73";
        let promise = "02180b000000000000000c000000000000000d00000000000000";
        assert_eq!(super::super::hex(&octets), format!("03{BODY}{LIFE}{bonuses}{promise}03010600"));
        assert_eq!(key(AccountId(7)).to_string(), "0000000000000007");
        assert_eq!(decode(&key(AccountId(7)), &octets), Ok(sample()));
        let octets = encode(&plain());
        assert_eq!(super::super::hex(&octets), format!("03{BODY}{LIFE}00"), "what says nothing has no part");
        assert_eq!(decode(&key(AccountId(7)), &octets), Ok(plain()));
    }

    #[test]
    fn layout_1_is_read() {
        let octets = super::super::unhex(&format!("01{BODY}"));
        let before = Account { life: AccountLife::default(), ..plain() };
        assert_eq!(decode(&key(AccountId(7)), &octets), Ok(before));
        damaged(&octets, |octets| decode(&key(AccountId(7)), octets));
    }

    #[test]
    fn layout_2_is_read() {
        let octets = super::super::unhex(&format!("02{BODY}{LIFE}"));
        assert_eq!(decode(&key(AccountId(7)), &octets), Ok(plain()));
        damaged(&octets, |octets| decode(&key(AccountId(7)), octets));
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), |octets| decode(&key(AccountId(7)), octets));
        assert_eq!(decode(&Key::EMPTY, &encode(&sample())), Err(RecordError::Field("key")));
        let mut unknown = encode(&plain());
        unknown.pop();
        unknown.extend([200, 0, 0]);
        assert_eq!(decode(&key(AccountId(7)), &unknown), Err(RecordError::Field("part")));
    }

    prop_compose! {
        fn any_bonus()(id: u64, left in money(), reserved in money(), given in time(), expires in proptest::option::of(time()),
            services in proptest::collection::vec(text(), 0..3)) -> Bonus
        {
            Bonus { id, left, reserved, given, expires, services }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(money in proptest::array::uniform6(money()), numbers: [u64; 5], credit: bool,
            promised: bool, times in proptest::array::uniform2(time()),
            unpaid_since in proptest::option::of(time()), served: Option<u32>,
            bonuses in proptest::collection::vec(any_bonus(), 0..3),
            book in proptest::option::of(invoice::tests::books()))
        {
            let [main, bonus, overdraft, credit_limit, reserved, left] = money;
            let [id, head, ledger_entries, revision, contract] = numbers;
            let [given, due] = times;
            let account = Account {
                id: AccountId(id),
                mode: if credit { Mode::Credit } else { Mode::Advance },
                main, bonus, overdraft, credit_limit, reserved, bonuses,
                promise: promised.then_some(Promise { left, given, due }),
                contract: ContractId(contract),
                ledger_head: (head != 0).then_some(Sequence(head)),
                ledger_entries,
                revision,
                life: AccountLife { unpaid_since, numbers: served },
                book: book.map(Box::new),
            };
            prop_assert_eq!(decode(&key(account.id), &encode(&account)), Ok(account));
        }
    }
}
