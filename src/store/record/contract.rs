//! Contract, class 16, layout 1. Key: its number, big-endian. Value: version u8 = 1 · flags u8 (1 entity) · holder packed
//! u64 (0 none) · since i64 (µs) · accounts: number, then each a count.
//!
//! Holder, class 17, layout 1. Key: its number (IIN or BIN) packed, big-endian. Value: version u8 = 1 · numbers: how many,
//! then each packed u64.

use super::codec::{Reader, RecordError, Writer, flag};
use super::{Class, Key};
use crate::charging::account::{AccountId, ContractId};
use crate::charging::contract::{Contract, Holder};
use crate::charging::units::Digits;

/// The class of contracts.
pub const CLASS: Class = Class::Contract;
/// The class of holders.
pub const HOLDER_CLASS: Class = Class::Holder;

const VERSION: u8 = 1;
const ENTITY: u8 = 1;

/// Where a contract stands.
pub fn key(id: ContractId) -> Key {
    Key::from_u64(id.0)
}

/// Where a holder stands.
pub fn holder_key(owner: Digits) -> Key {
    Key::from_u64(owner.packed())
}

/// The contract's octets.
pub fn encode(contract: &Contract) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 24);
    to.u8(flag(contract.is_entity, ENTITY));
    to.digits_or_none(contract.owner);
    to.time(contract.since);
    to.length(contract.accounts.len());
    contract.accounts.iter().for_each(|account| to.count(account.0));
    to.finish()
}

/// The contract of a record.
pub fn decode(octets: &[u8]) -> Result<Contract, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let is_entity = from.flags(ENTITY)? != 0;
    let (owner, since) = (from.digits_or_none("owner")?, from.time()?);
    let length = from.length()?;
    let accounts = (0..length).map(|_| from.count().map(AccountId)).collect::<Result<_, _>>()?;
    from.finish()?;
    Ok(Contract { owner, is_entity, since, accounts })
}

/// The holder's octets.
pub fn encode_holder(holder: &Holder) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 16);
    to.length(holder.numbers.len());
    holder.numbers.iter().for_each(|number| to.digits(*number));
    to.finish()
}

/// The holder of a record.
pub fn decode_holder(octets: &[u8]) -> Result<Holder, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let length = from.length()?;
    let numbers = (0..length).map(|_| from.digits("number")).collect::<Result<_, _>>()?;
    from.finish()?;
    Ok(Holder { numbers })
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::{damaged, number, time};
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn the_layouts_are_what_they_were() {
        let contract = Contract {
            owner: Digits::parse("900101300123"),
            is_entity: true,
            since: Timestamp::from_micros(1),
            accounts: vec![AccountId(2), AccountId(300)],
        };
        let holder = Holder { numbers: vec![Digits::parse("77010000001").unwrap()] };
        assert_eq!(super::super::hex(&encode(&contract)), "01013c1200131000090001000000000000000202ac02");
        assert_eq!(super::super::hex(&encode_holder(&holder)), "01011b00000001770000");
        damaged(&encode(&contract), decode);
        damaged(&encode_holder(&holder), decode_holder);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(owner in proptest::option::of(number()), is_entity: bool, since in time(),
            accounts in proptest::collection::vec(any::<u64>(), 0..5),
            numbers in proptest::collection::vec(number(), 0..5))
        {
            let contract = Contract { owner, is_entity, since, accounts: accounts.into_iter().map(AccountId).collect() };
            prop_assert_eq!(decode(&encode(&contract)), Ok(contract));
            let holder = Holder { numbers };
            prop_assert_eq!(decode_holder(&encode_holder(&holder)), Ok(holder));
        }
    }
}
