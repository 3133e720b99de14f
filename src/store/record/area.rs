//! Areas that were stopped, class 1 (single facts), layout 1. Key: `areas` in ASCII. Value: version u8 = 1 · number, then each:
//! network packed u64, an order, and whether it was lifted u8, then another order. An order: at i64 (µs) · operator text · note
//! text?.

use super::codec::{Reader, RecordError, Writer};
use super::{Class, Key};
use crate::charging::account::area::{Order, StoppedArea};

/// The class of areas.
pub const CLASS: Class = Class::Meta;

const VERSION: u8 = 1;

/// Where the areas stand.
pub fn key() -> Key {
    Key::new(b"areas").unwrap_or(Key::EMPTY)
}

/// The octets of all areas.
pub fn encode(areas: &[StoppedArea]) -> Vec<u8> {
    let mut to = Writer::new(VERSION, 64);
    to.length(areas.len());
    for StoppedArea { network, ordered, lifted } in areas {
        to.digits(*network);
        put_order(&mut to, ordered);
        to.u8(u8::from(lifted.is_some()));
        if let Some(order) = lifted {
            put_order(&mut to, order);
        }
    }
    to.finish()
}

fn put_order(to: &mut Writer, order: &Order) {
    to.time(order.at);
    to.text(&order.operator);
    to.text_or_none(order.note.as_deref());
}

/// All areas.
pub fn decode(octets: &[u8]) -> Result<Vec<StoppedArea>, RecordError> {
    let mut from = Reader::new(octets, VERSION)?;
    let length = from.length()?;
    let one = |from: &mut Reader<'_>| {
        Ok(StoppedArea {
            network: from.digits("network")?,
            ordered: order(from)?,
            lifted: if from.flags(1)? == 1 { Some(order(from)?) } else { None },
        })
    };
    let areas = (0..length).map(|_| one(&mut from)).collect::<Result<_, _>>()?;
    from.finish()?;
    Ok(areas)
}

fn order(from: &mut Reader<'_>) -> Result<Order, RecordError> {
    Ok(Order { at: from.time()?, operator: from.text("operator")?, note: from.text_or_none("note")? })
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::damaged;
    use super::*;
    use crate::charging::units::Digits;
    use crate::time::Timestamp;

    #[test]
    fn the_layout_is_what_it_was() {
        let order = |at, note: Option<&str>| Order {
            at: Timestamp::from_micros(at),
            operator: "a".into(),
            note: note.map(Into::into),
        };
        let network = Digits::parse("401").unwrap();
        let areas = vec![
            StoppedArea { network, ordered: order(1, Some("n")), lifted: None },
            StoppedArea { network, ordered: order(2, None), lifted: Some(order(3, None)) },
        ];
        let octets = encode(&areas);
        let golden = "01021340000000000000010000000000000001610\
                      26e0013400000000000000200000000000000016100010300000000000000016100";
        assert_eq!(super::super::hex(&octets), golden);
        assert_eq!(decode(&octets), Ok(areas));
        damaged(&octets, decode);
        assert_eq!(key().as_octets(), b"areas");
    }
}
