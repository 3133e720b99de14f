//! Account, class 2, layout 2. Key: account number, big-endian. Value: version u8 = 2 · mode u8 (0 advance, 1 credit)
//! · main i64 · bonus i64 · overdraft i64 · credit limit i64 · reserved i64 (millionths) · batch of the last ledger
//! entry u64 (0 none) · number of ledger entries u64 · revision u64 · contract count · flags u8 (1 promise) · of a
//! promise: left i64, given i64, due i64 · bonuses: number, then each: left i64, given i64, expires time?, services
//! texts.
//!
//! Layout 1 ends behind the revision: the contract has the number of the account, there is no promise and no bonus.

use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key};
use crate::charging::account::{Account, AccountId, Bonus, ContractId, Mode, Promise};

/// The class of accounts.
pub const CLASS: Class = Class::Account;

const VERSION: u8 = 2;
const PROMISE: u8 = 1;

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
    to.count(account.contract.0);
    to.u8(flag(account.promise.is_some(), PROMISE));
    if let Some(Promise { left, given, due }) = account.promise {
        to.money(left);
        to.time(given);
        to.time(due);
    }
    to.length(account.bonuses.len());
    for Bonus { left, given, expires, services } in &account.bonuses {
        to.money(*left);
        to.time(*given);
        to.time_or_none(*expires);
        to.texts(services);
    }
    to.finish()
}

/// The account under a key.
pub fn decode(key: &Key, octets: &[u8]) -> Result<Account, RecordError> {
    let id = AccountId(key.to_u64().ok_or(RecordError::Field("key"))?);
    let (mut from, version) = Reader::up_to(octets, VERSION)?;
    let mode = match from.u8()? {
        0 => Mode::Advance,
        1 => Mode::Credit,
        _ => return Err(RecordError::Field("mode")),
    };
    let mut account = Account {
        id,
        mode,
        bonuses: Vec::new(),
        promise: None,
        contract: ContractId(id.0),
        main: from.money()?,
        bonus: from.money()?,
        overdraft: from.money()?,
        credit_limit: from.money()?,
        reserved: from.money()?,
        ledger_head: from.sequence_or_none()?,
        ledger_entries: from.u64()?,
        revision: from.u64()?,
    };
    if version > 1 {
        account.contract = ContractId(from.count()?);
        if from.flags(PROMISE)? != 0 {
            account.promise = Some(Promise { left: from.money()?, given: from.time()?, due: from.time()? });
        }
        let bonuses = from.length()?;
        account.bonuses = (0..bonuses).map(|_| bonus(&mut from)).collect::<Result<_, _>>()?;
    }
    from.finish()?;
    Ok(account)
}

fn bonus(from: &mut Reader<'_>) -> Result<Bonus, RecordError> {
    Ok(Bonus {
        left: from.money()?,
        given: from.time()?,
        expires: from.time_or_none("expires")?,
        services: from.texts("services")?,
    })
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
                left: Money::from_micros(3),
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
        }
    }

    const BODY: &str = "01feffffffffffffff03000000000000000400000000000000050000000000000004030201000000000900\
                        00000000000002000000000000000100000000000000";

    #[test]
    fn the_layout_is_what_it_was() {
        let octets = encode(&sample());
        let more = "06010b000000000000000c000000000000000d000000000000000103000000000000000a00000000000000000103736d73";
        assert_eq!(super::super::hex(&octets), format!("02{BODY}{more}"));
        assert_eq!(key(AccountId(7)).to_string(), "0000000000000007");
        assert_eq!(decode(&key(AccountId(7)), &octets), Ok(sample()));
    }

    #[test]
    fn the_first_layout_is_still_read() {
        let octets: Vec<u8> = super::super::unhex(&format!("01{BODY}"));
        let plain = Account { bonuses: Vec::new(), promise: None, contract: ContractId(7), ..sample() };
        assert_eq!(decode(&key(AccountId(7)), &octets), Ok(plain));
        damaged(&octets, |octets| decode(&key(AccountId(7)), octets));
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), |octets| decode(&key(AccountId(7)), octets));
        assert_eq!(decode(&Key::EMPTY, &encode(&sample())), Err(RecordError::Field("key")));
    }

    prop_compose! {
        fn any_bonus()(left in money(), given in time(), expires in proptest::option::of(time()),
            services in proptest::collection::vec(text(), 0..3)) -> Bonus
        {
            Bonus { left, given, expires, services }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(money in proptest::array::uniform6(money()), numbers: [u64; 5], credit: bool,
            promised: bool, times in proptest::array::uniform2(time()),
            bonuses in proptest::collection::vec(any_bonus(), 0..3))
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
            };
            prop_assert_eq!(decode(&key(account.id), &encode(&account)), Ok(account));
        }
    }
}
