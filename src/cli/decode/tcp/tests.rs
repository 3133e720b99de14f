use std::io;

use super::*;
use crate::cli::decode::found::Found;
use crate::diameter::tree::hex;

/// A DWR with its own hop-by-hop identifier.
fn dwr(number: u32) -> Vec<u8> {
    let mut octets = hex("01000030 80000118 00000000 00000001 00000002
                          00000108 4000000f 6f6373312e6b7a00 00000128 4000000a 6b7a0000");
    octets[12..16].copy_from_slice(&number.to_be_bytes());
    octets
}

fn segment(port: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    octets.extend(port.to_be_bytes());
    octets.extend(50_000_u16.to_be_bytes());
    octets.extend(sequence.to_be_bytes());
    octets.extend([0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
    octets.extend(payload);
    octets
}

#[derive(Debug, PartialEq)]
enum Seen {
    Number(u32),
    Trouble(Trouble),
}

/// What comes out of segments of one direction, and how many octets are held at most meanwhile.
fn found(segments: &[Vec<u8>]) -> (Vec<Seen>, usize) {
    let mut seen = Vec::new();
    let mut take = |_: Place, found: Found| -> io::Result<()> {
        seen.push(match found {
            Found::Message(octets) => Seen::Number(u32::from_be_bytes(octets[12..16].try_into().unwrap())),
            Found::Trouble(trouble) => Seen::Trouble(trouble),
        });
        Ok(())
    };
    let mut sink = Sink::new(&mut take);
    let mut streams = Streams::default();
    let mut most = 0;
    for (number, octets) in (1..).zip(segments) {
        let place = Place::Frame { number, at: None, flow: None };
        let ends = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        streams.add(ends, octets, place, &mut sink).unwrap();
        let held = |direction: &Direction| direction.waiting_octets + direction.stream.pending();
        most = most.max(streams.directions.values().map(held).sum());
    }
    streams.end(&mut sink).unwrap();
    (seen, most)
}

fn numbers(segments: &[Vec<u8>]) -> Vec<Seen> {
    found(segments).0
}

const PUSH: u8 = 0x18;
/// Close below the end of the 32 bits, so that every test crosses it.
const START: u32 = u32::MAX - 30;

/// Three messages behind a SYN, cut into parts of the given size.
fn three(size: usize) -> Vec<Vec<u8>> {
    let stream: Vec<u8> = (1..=3).flat_map(dwr).collect();
    let parts = stream.chunks(size).zip((0..).step_by(size));
    let syn = segment(3868, START.wrapping_sub(1), SYN, &[]);
    core::iter::once(syn)
        .chain(parts.map(|(part, at)| segment(3868, START.wrapping_add(at), PUSH, part)))
        .collect()
}

fn one_two_three() -> Vec<Seen> {
    vec![Seen::Number(1), Seen::Number(2), Seen::Number(3)]
}

#[test]
fn messages_over_several_segments_and_several_in_one_are_found() {
    for size in [1, 13, 48, 50, 144] {
        assert_eq!(numbers(&three(size)), one_two_three(), "{size}");
    }
}

#[test]
fn segments_in_any_order_make_the_same_stream() {
    let mut segments = three(13);
    segments[1..].reverse();
    assert_eq!(numbers(&segments), one_two_three());
    segments[1..].rotate_left(5);
    assert_eq!(numbers(&segments), one_two_three());
}

#[test]
fn a_repeated_segment_gives_no_second_message() {
    let segments: Vec<Vec<u8>> =
        three(13).into_iter().flat_map(|segment| [segment.clone(), segment]).collect();
    assert_eq!(numbers(&segments), one_two_three());
    let again = [three(13), three(48)].concat();
    assert_eq!(numbers(&again), one_two_three(), "the whole stream again, otherwise cut");
}

#[test]
fn a_keep_alive_adds_nothing() {
    let mut segments = three(144);
    segments.push(segment(3868, START.wrapping_add(143), PUSH, &[0]));
    assert_eq!(numbers(&segments), one_two_three());
}

#[test]
fn a_stream_picked_up_in_the_middle_is_followed_from_the_next_message() {
    assert_eq!(
        numbers(&three(13)[3..]),
        [Seen::Trouble(Trouble::PickedUp(48 - 26)), Seen::Number(2), Seen::Number(3)]
    );
}

#[test]
fn octets_missing_in_the_capture_are_named_and_the_rest_is_found() {
    let mut segments = three(13);
    segments.remove(3);
    assert_eq!(
        numbers(&segments),
        [
            Seen::Trouble(Trouble::Gap(13)),
            Seen::Trouble(Trouble::Skipped(35)),
            Seen::Number(2),
            Seen::Number(3)
        ]
    );
}

#[test]
fn the_same_ports_are_used_again_by_a_new_connection() {
    let first = three(48);
    let second: Vec<Vec<u8>> = [segment(3868, 7_000, SYN, &[]), segment(3868, 7_001, PUSH, &dwr(4))].into();
    let mut expected = one_two_three();
    expected.push(Seen::Number(4));
    assert_eq!(numbers(&[first, second].concat()), expected);
}

#[test]
fn other_protocols_are_passed_over_and_diameter_is_known_on_any_port() {
    let http = [
        segment(80, 100, SYN, &[]),
        segment(80, 101, PUSH, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        segment(80, 200, PUSH, b"there is a gap in front of this"),
    ];
    assert_eq!(numbers(&http), []);
    assert_eq!(
        numbers(&[segment(4000, 100, SYN, &[]), segment(4000, 101, PUSH, &dwr(9))]),
        [Seen::Number(9)]
    );
}

#[test]
fn what_waits_for_missing_octets_takes_bounded_memory() {
    let mut segments = vec![segment(3868, 0, SYN, &[])];
    segments.extend((1..3_000).map(|number| segment(3868, number * 2_000, PUSH, &[0; 1_000])));
    let (_, most) = found(&segments);
    assert!(most <= 2 * WAITING_OCTETS, "{most}");
}

#[test]
fn damaged_segments_are_passed_over() {
    let whole = segment(3868, 5, PUSH, &dwr(1));
    for end in 0..20 {
        assert_eq!(numbers(&[whole[..end].to_vec()]), []);
    }
    let mut short_header = whole;
    short_header[12] = 0x40;
    assert_eq!(numbers(&[short_header]), []);
}
