use std::io;

use super::*;
use crate::cli::decode::found::Found;
use crate::diameter::tree::hex;

fn dwr() -> Vec<u8> {
    hex("01000030 80000118 00000000 00000001 00000002
         00000108 4000000f 6f6373312e6b7a00 00000128 4000000a 6b7a0000")
}

fn packet(port: u16, chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = Vec::new();
    octets.extend(port.to_be_bytes());
    octets.extend(50_000_u16.to_be_bytes());
    octets.extend([0, 0, 0, 7, 0, 0, 0, 0]);
    octets.extend(chunks.concat());
    octets
}

fn chunk(flags: u8, number: u32, protocol: u32, data: &[u8]) -> Vec<u8> {
    let mut octets = vec![DATA, flags];
    octets.extend(u16::try_from(data.len() + 16).unwrap().to_be_bytes());
    octets.extend(number.to_be_bytes());
    octets.extend([0; 4]);
    octets.extend(protocol.to_be_bytes());
    octets.extend(data);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

const WHOLE: u8 = BEGINNING | END;

fn found(packets: &[Vec<u8>]) -> (usize, Vec<Trouble>) {
    let mut messages = 0;
    let mut troubles = Vec::new();
    let mut take = |_: Place, found: Found| -> io::Result<()> {
        match found {
            Found::Message(octets) => {
                assert_eq!(octets, dwr());
                messages += 1;
            }
            Found::Trouble(trouble) => troubles.push(trouble),
        }
        Ok(())
    };
    let mut sink = Sink::new(&mut take);
    let mut associations = Associations::default();
    for (number, octets) in (1..).zip(packets) {
        let place = Place::Frame { number, at: None, flow: None };
        let ends = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        associations.add(ends, octets, place, &mut sink).unwrap();
    }
    associations.end(&mut sink).unwrap();
    (messages, troubles)
}

#[test]
fn each_chunk_of_a_packet_is_a_message() {
    let heartbeat = vec![4, 0, 0, 8, 1, 2, 3, 4];
    let chunks = [heartbeat, chunk(WHOLE, 1, 46, &dwr()), chunk(WHOLE, 2, 46, &dwr())];
    assert_eq!(found(&[packet(3868, &chunks)]), (2, vec![]));
}

#[test]
fn a_fragmented_message_is_put_together_in_any_order_across_the_turn_of_the_numbers() {
    let octets = dwr();
    let parts = [
        chunk(BEGINNING, u32::MAX, 46, &octets[..10]),
        chunk(0, 0, 46, &octets[10..30]),
        chunk(END, 1, 46, &octets[30..]),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let packets: Vec<Vec<u8>> =
            order.iter().map(|index: &usize| packet(3868, &[parts[*index].clone()])).collect();
        assert_eq!(found(&packets), (1, vec![]), "{order:?}");
    }
    assert_eq!(found(&[packet(3868, &parts[..2])]), (0, vec![Trouble::SctpFragments]));
}

#[test]
fn a_repeated_chunk_gives_no_second_message() {
    let once = packet(3868, &[chunk(WHOLE, 1, 46, &dwr())]);
    assert_eq!(found(&[once.clone(), once]), (1, vec![]));
}

#[test]
fn other_protocols_are_passed_over() {
    assert_eq!(found(&[packet(36_412, &[chunk(WHOLE, 1, 18, b"S1AP")])]), (0, vec![]));
    assert_eq!(found(&[packet(36_412, &[chunk(WHOLE, 1, 0, b"unnamed")])]), (0, vec![]));
    assert_eq!(found(&[packet(4_000, &[chunk(WHOLE, 1, 0, &dwr())])]), (1, vec![]), "known by its look");
    assert_eq!(found(&[packet(4_000, &[chunk(WHOLE, 1, 46, &dwr())])]), (1, vec![]), "known by its name");
}

#[test]
fn what_cannot_be_decoded_is_named() {
    let encrypted = packet(5868, &[chunk(WHOLE, 1, 47, &[0; 40])]);
    assert_eq!(found(&[encrypted]), (0, vec![Trouble::Encrypted]));
    let mut cut = packet(3868, &[chunk(WHOLE, 1, 46, &dwr())]);
    cut.truncate(40);
    assert_eq!(found(&[cut]), (0, vec![Trouble::ChunkCut]));
    let short = packet(3868, &[chunk(WHOLE, 1, 46, &dwr()[..40])]);
    assert_eq!(found(&[short]), (0, vec![Trouble::Cut(8)]));
}

/// A chunk of length zero must not be read again and again.
#[test]
fn a_chunk_without_length_ends_the_packet() {
    for kind in [DATA, 3] {
        found(&[packet(3868, &[vec![kind, 3, 0, 0], chunk(WHOLE, 1, 46, &dwr())])]);
    }
}

#[test]
fn fragments_without_an_end_take_bounded_memory() {
    let mut direction = Direction::default();
    for number in 0..10_000 {
        let data = [0; 1_000];
        assert_eq!(direction.add(&Chunk { flags: 0, number, protocol: 46, data: &data }), None);
        assert!(direction.parts.len() <= WAITING);
        assert!(direction.octets <= 2 * MESSAGE_OCTETS);
    }
}
