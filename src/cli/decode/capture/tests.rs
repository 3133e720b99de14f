use super::*;

type Read = (Vec<(u64, Option<String>, u32, Vec<u8>)>, Result<(), CaptureError>);

fn packets(file: &[u8]) -> Read {
    let mut packets = Vec::new();
    let (start, mut rest) = file.split_at(file.len().min(7));
    let done = read(&mut rest, start, &mut |packet| {
        let at = packet.at.map(|at| at.to_string());
        packets.push((packet.number, at, packet.link, packet.octets.to_vec()));
        Ok(())
    });
    (packets, done)
}

/// A pcap file of one packet with four octets, in either order of octets.
fn classic(magic: u32, fraction: u32, big: bool) -> Vec<u8> {
    let words = [magic, 0x0002_0004, 0, 0, 96, 1, 1_767_225_600, fraction, 4, 1_500];
    let put = |word: &u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
    let mut file: Vec<u8> = words.iter().flat_map(put).collect();
    file.extend(b"data");
    file
}

/// A packet that was cut at the snap length is a packet.
#[test]
fn pcap_is_read_in_all_its_forms() {
    for big in [true, false] {
        for (magic, fraction) in [(0xa1b2_c3d4, 500_000), (0xa1b2_3c4d, 500_000_000)] {
            let file = classic(magic, fraction, big);
            assert!(is_capture(&file));
            let (packets, done) = packets(&file);
            done.unwrap();
            let at = Some("2026-01-01T00:00:00.5Z".to_owned());
            assert_eq!(packets, [(1, at, 1, b"data".to_vec())]);
        }
    }
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255])
}

fn enhanced(interface: u8, ticks: u64, data: [u8; 4]) -> Vec<u8> {
    let high = u32::try_from(ticks >> 32).unwrap().to_le_bytes();
    let low = u32::try_from(ticks & 0xffff_ffff).unwrap().to_le_bytes();
    block(6, &[&[interface, 0, 0, 0], &high[..], &low, &[4, 0, 0, 0, 9, 0, 0, 0], &data].concat())
}

/// Options without an end mark, unknown blocks, several interfaces and sections, nanoseconds.
#[test]
fn pcapng_is_read_as_it_is_found() {
    let ethernet = block(1, &[1, 0, 0, 0, 255, 255, 0, 0, 2, 0, 4, 0, b'e', b't', b'h', b'1']);
    let cooked = block(1, &[20, 1, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    let file = [
        section(),
        ethernet.clone(),
        cooked,
        block(0xbad, &[1, 2, 3, 4]),
        enhanced(0, 1_767_225_600_000_001, *b"one_"),
        enhanced(1, 1_767_225_600_000_001_000, *b"two_"),
        section(),
        ethernet,
        block(3, &[&[8, 0, 0, 0], &b"simple__"[..]].concat()),
    ]
    .concat();
    let (packets, done) = packets(&file);
    done.unwrap();
    let at = Some("2026-01-01T00:00:00.000001Z".to_owned());
    assert_eq!(
        packets,
        [
            (1, at.clone(), 1, b"one_".to_vec()),
            (2, at, 276, b"two_".to_vec()),
            (3, None, 1, b"simple__".to_vec()),
        ]
    );
}

#[test]
fn a_capture_that_ends_early_gives_its_whole_packets_and_says_so() {
    let ethernet = block(1, &[1, 0, 0, 0, 255, 255, 0, 0]);
    let whole = [section(), ethernet, enhanced(0, 0, *b"one_"), enhanced(0, 0, *b"two_")].concat();
    let first = whole.len() - enhanced(0, 0, *b"two_").len();
    for end in first + 1..whole.len() {
        let (packets, done) = packets(&whole[..end]);
        assert_eq!(packets.len(), 1, "{end}");
        assert!(matches!(done, Err(CaptureError::Cut(1))), "{end}: {done:?}");
    }
    let file = classic(0xa1b2_c3d4, 0, false);
    for end in 25..file.len() {
        assert!(
            matches!(packets(&file[..end]), (none, Err(CaptureError::Cut(0))) if none.is_empty()),
            "{end}"
        );
    }
}

#[test]
fn a_length_that_nothing_has_is_refused_before_memory_is_taken() {
    let mut file = classic(0xa1b2_c3d4, 0, false);
    file[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(packets(&file).1, Err(CaptureError::Length { packet: 0, length: u32::MAX })));
    for length in [0, 8, 13, u32::MAX - 3] {
        let mut file = [section(), block(1, &[1, 0, 0, 0, 0, 0, 0, 0])].concat();
        file[32..36].copy_from_slice(&u32::to_le_bytes(length));
        assert!(matches!(packets(&file).1, Err(CaptureError::Length { packet: 0, .. })), "{length}");
    }
}

#[test]
fn blocks_that_contradict_themselves_are_refused() {
    let ethernet = block(1, &[1, 0, 0, 0, 0, 0, 0, 0]);
    let no_interface = [section(), ethernet.clone(), enhanced(1, 0, *b"one_")].concat();
    assert!(matches!(packets(&no_interface).1, Err(CaptureError::Interface(1))));
    let short = [section(), ethernet, block(6, &[0; 16])].concat();
    assert!(matches!(packets(&short).1, Err(CaptureError::Block(0))));
    let short_interface = [section(), block(1, &[1, 0, 0, 0])].concat();
    assert!(matches!(packets(&short_interface).1, Err(CaptureError::Block(0))));
}
