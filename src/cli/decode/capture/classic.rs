//! The pcap format: a header of 24 octets, then packets with 16 octets in front.

use super::{CaptureError, Each, Input, Order, Packet};
use crate::time::Timestamp;

/// What the first four octets say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Form {
    order: Order,
    nanoseconds: bool,
}

impl Form {
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        let (order, nanoseconds) = match start.first_chunk()? {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, true),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, false),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, true),
            _ => return None,
        };
        Some(Self { order, nanoseconds })
    }

    fn time(self, seconds: u32, fraction: u32) -> Timestamp {
        let micros = i64::from(if self.nanoseconds { fraction / 1_000 } else { fraction });
        Timestamp::from_micros(i64::from(seconds).saturating_mul(1_000_000).saturating_add(micros))
    }
}

pub(super) fn read(input: &mut Input<'_>, each: &mut Each<'_>) -> Result<(), CaptureError> {
    let mut octets = Vec::new();
    input.whole(24, &mut octets)?;
    let form = Form::of(&octets).ok_or(CaptureError::Block(0))?;
    let number = |octets: &[u8], at| form.order.u32(octets, at).unwrap_or(0);
    // the upper bits say how long the checksum behind each packet is
    let link = number(&octets, 20) & 0x03ff_ffff;
    while input.part(16, &mut octets)?.is_some() {
        let at = Some(form.time(number(&octets, 0), number(&octets, 4)));
        let length = number(&octets, 8);
        input.whole(length, &mut octets)?;
        input.packets = input.packets.saturating_add(1);
        each(&Packet { number: input.packets, at, link, octets: &octets }).map_err(CaptureError::Output)?;
    }
    Ok(())
}
