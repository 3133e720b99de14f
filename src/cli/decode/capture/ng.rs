//! The pcapng format: blocks that say their type and length, in sections of one octet order each.

use super::{CaptureError, Each, Input, Order, Packet};
use crate::time::Timestamp;

/// The type of a section header, the same in both octet orders.
pub(super) const START: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// An interface of a section.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u32,
    snap_length: u32,
    ticks_per_second: u128,
    offset_seconds: i64,
}

impl Interface {
    fn read(order: Order, body: &[u8]) -> Option<Self> {
        let mut interface = Self {
            link: order.u16(body, 0)?.into(),
            snap_length: order.u32(body, 4)?,
            ticks_per_second: 1_000_000,
            offset_seconds: 0,
        };
        let mut options = body.get(8..).unwrap_or_default();
        // the end mark may be missing
        while let (Some(code @ 1..), Some(length)) = (order.u16(options, 0), order.u16(options, 2)) {
            let length = usize::from(length);
            let value = options.get(4..length.saturating_add(4)).unwrap_or_default();
            match (code, value) {
                (OPTION_RESOLUTION, [resolution, ..]) => {
                    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
                    interface.ticks_per_second =
                        base.checked_pow(u32::from(resolution & 0x7f)).unwrap_or(u128::MAX);
                }
                (OPTION_OFFSET, seconds) if let Some(seconds) = seconds.first_chunk() => {
                    let big = i64::from_be_bytes(*seconds);
                    interface.offset_seconds = if order == Order::Big { big } else { big.swap_bytes() };
                }
                _ => {}
            }
            options = options.get(length.next_multiple_of(4).saturating_add(4)..).unwrap_or_default();
        }
        Some(interface)
    }

    fn time(self, ticks: u64) -> Option<Timestamp> {
        let micros = u128::from(ticks).checked_mul(1_000_000)?.checked_div(self.ticks_per_second)?;
        let offset = self.offset_seconds.checked_mul(1_000_000)?;
        i64::try_from(micros).ok()?.checked_add(offset).map(Timestamp::from_micros)
    }
}

/// A packet as its block has it.
struct Raw<'a> {
    interface: u32,
    ticks: Option<u64>,
    octets: &'a [u8],
}

impl<'a> Raw<'a> {
    fn enhanced(order: Order, body: &'a [u8]) -> Option<Self> {
        Some(Self {
            interface: order.u32(body, 0)?,
            ticks: ticks(order, body, 4),
            octets: captured(order, body, 12, 20)?,
        })
    }

    fn old(order: Order, body: &'a [u8]) -> Option<Self> {
        Some(Self {
            interface: order.u16(body, 0)?.into(),
            ticks: ticks(order, body, 4),
            octets: captured(order, body, 12, 20)?,
        })
    }

    /// Says its length only, not how much of it was captured.
    fn simple(order: Order, body: &'a [u8], interfaces: &[Interface]) -> Option<Self> {
        let snap_length = interfaces.first().map_or(0, |interface| interface.snap_length);
        let length = match order.u32(body, 0)? {
            length if snap_length > 0 => length.min(snap_length),
            length => length,
        };
        let octets = body.get(4..)?;
        let octets = usize::try_from(length).ok().and_then(|length| octets.get(..length)).unwrap_or(octets);
        Some(Self { interface: 0, ticks: None, octets })
    }
}

fn ticks(order: Order, body: &[u8], at: usize) -> Option<u64> {
    let (high, low) = (order.u32(body, at)?, order.u32(body, at.saturating_add(4))?);
    Some(u64::from(high) << 32 | u64::from(low))
}

/// So many octets from `start` as the number at `length_at` says.
fn captured(order: Order, body: &[u8], length_at: usize, start: usize) -> Option<&[u8]> {
    let length = usize::try_from(order.u32(body, length_at)?).ok()?;
    body.get(start..start.checked_add(length)?)
}

pub(super) fn read(input: &mut Input<'_>, each: &mut Each<'_>) -> Result<(), CaptureError> {
    let mut order = Order::Little;
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut body = Vec::new();
    while input.part(8, &mut body)?.is_some() {
        let kind = order.u32(&body, 0).unwrap_or(0);
        let section = body.starts_with(&START);
        let length: [u8; 4] = body.get(4..8).and_then(|length| length.try_into().ok()).unwrap_or_default();
        let mut read_already = 8;
        if section {
            input.whole(4, &mut body)?;
            order = if body.starts_with(&[0x1a, 0x2b, 0x3c, 0x4d]) { Order::Big } else { Order::Little };
            interfaces.clear();
            read_already = 12;
        }
        let length = order.u32(&length, 0).unwrap_or(0);
        let wrong = CaptureError::Length { packet: input.packets, length };
        let Some(rest) = length.checked_sub(read_already + 4).filter(|_| length.is_multiple_of(4)) else {
            return Err(wrong);
        };
        input.whole(rest, &mut body)?;
        let mut trailer = Vec::new();
        input.whole(4, &mut trailer)?;
        if order.u32(&trailer, 0) != Some(length) {
            return Err(wrong);
        }
        let packet = match kind {
            _ if section => continue,
            INTERFACE => {
                let interface = Interface::read(order, &body);
                interfaces.push(interface.ok_or(CaptureError::Block(input.packets))?);
                continue;
            }
            ENHANCED_PACKET => Raw::enhanced(order, &body),
            SIMPLE_PACKET => Raw::simple(order, &body, &interfaces),
            OLD_PACKET => Raw::old(order, &body),
            _ => continue,
        };
        let packet = packet.ok_or(CaptureError::Block(input.packets))?;
        input.packets = input.packets.saturating_add(1);
        let number = input.packets;
        let interface = usize::try_from(packet.interface).ok().and_then(|index| interfaces.get(index));
        let interface = *interface.ok_or(CaptureError::Interface(number))?;
        let at = packet.ticks.and_then(|ticks| interface.time(ticks));
        each(&Packet { number, at, link: interface.link, octets: packet.octets })
            .map_err(CaptureError::Output)?;
    }
    Ok(())
}
