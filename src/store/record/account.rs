//! Account, class 2, layout 2. Key: account number, big-endian. Value: version u8 = 2 · mode u8 (0 advance, 1 credit)
//! · main i64 · bonus i64 · overdraft i64 · credit limit i64 · reserved i64 (millionths) · batch of the last ledger
//! entry u64 (0 none) · number of ledger entries u64 · revision u64 · unpaid since time? · numbers with a contract count
//! (one more than there are, 0 not counted).
//!
//! Layout 1 ends after the revision.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key};
use crate::charging::account::life::AccountLife;
use crate::charging::account::{Account, AccountId, Mode};

/// The class of accounts.
pub const CLASS: Class = Class::Account;

const VERSION: u8 = 2;

/// Where an account stands.
pub fn key(id: AccountId) -> Key {
    Key::from_u64(id.0)
}

/// The account's octets.
pub fn encode(account: &Account) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 76);
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
    let account = Account {
        id,
        mode,
        main: from.money()?,
        bonus: from.money()?,
        overdraft: from.money()?,
        credit_limit: from.money()?,
        reserved: from.money()?,
        ledger_head: from.sequence_or_none()?,
        ledger_entries: from.u64()?,
        revision: from.u64()?,
        life: if version > 1 { life(&mut from)? } else { AccountLife::default() },
    };
    from.finish()?;
    Ok(account)
}

fn life(from: &mut Reader<'_>) -> Result<AccountLife, RecordError> {
    let unpaid_since = from.time_or_none("unpaid since")?;
    let numbers = from.count()?.checked_sub(1).map(u32::try_from).transpose();
    Ok(AccountLife { unpaid_since, numbers: numbers.map_err(|_| RecordError::Field("numbers"))? })
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::{damaged, money, time};
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
            overdraft: Money::from_micros(4),
            credit_limit: Money::from_micros(5),
            reserved: Money::from_micros(0x0102_0304),
            ledger_head: Some(Sequence(9)),
            ledger_entries: 2,
            revision: 1,
            life: AccountLife { unpaid_since: Some(Timestamp::from_micros(6)), numbers: Some(2) },
        }
    }

    #[test]
    fn the_layout_is_what_it_was() {
        let golden = "0201feffffffffffffff03000000000000000400000000000000050000000000000004030201000000000900\
                      0000000000000200000000000000010000000000000001060000000000000003";
        let octets = encode(&sample());
        assert_eq!(super::super::hex(&octets), golden);
        assert_eq!(key(AccountId(7)).to_string(), "0000000000000007");
        assert_eq!(decode(&key(AccountId(7)), &octets), Ok(sample()));
    }

    #[test]
    fn layout_1_is_read() {
        let octets = "0101feffffffffffffff03000000000000000400000000000000050000000000000004030201000000000900\
                      00000000000002000000000000000100000000000000";
        let before = Account { life: AccountLife::default(), ..sample() };
        assert_eq!(decode(&key(AccountId(7)), &super::super::unhex(octets)), Ok(before));
    }

    #[test]
    fn damage_is_an_error() {
        damaged(&encode(&sample()), |octets| decode(&key(AccountId(7)), octets));
        assert_eq!(decode(&Key::EMPTY, &encode(&sample())), Err(RecordError::Field("key")));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(money in proptest::array::uniform5(money()), numbers: [u64; 4], credit: bool,
            unpaid_since in proptest::option::of(time()), served: Option<u32>) {
            let [main, bonus, overdraft, credit_limit, reserved] = money;
            let [id, head, ledger_entries, revision] = numbers;
            let account = Account {
                id: AccountId(id),
                mode: if credit { Mode::Credit } else { Mode::Advance },
                main, bonus, overdraft, credit_limit, reserved,
                ledger_head: (head != 0).then_some(Sequence(head)),
                ledger_entries,
                revision,
                life: AccountLife { unpaid_since, numbers: served },
            };
            prop_assert_eq!(decode(&key(account.id), &encode(&account)), Ok(account));
        }
    }
}
