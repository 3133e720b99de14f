use super::*;

#[test]
fn a_fixed_format_takes_its_size_and_no_other() {
    for size in [0, 1, 3, 5, 8] {
        assert_eq!(u32(&vec![0; size]), Err(DataError::Length));
        assert_eq!(i32(&vec![0; size]), Err(DataError::Length));
        assert_eq!(time(&vec![0; size]), Err(DataError::Length));
    }
    for size in [0, 4, 7, 9] {
        assert_eq!(u64(&vec![0; size]), Err(DataError::Length));
        assert_eq!(i64(&vec![0; size]), Err(DataError::Length));
    }
    assert_eq!(u32(&[0xff; 4]), Ok(u32::MAX));
    assert_eq!(i32(&[0xff, 0xff, 0xff, 0xfe]), Ok(-2));
    assert_eq!(i64(&[0xff; 8]), Ok(-1));
}

/// RFC 5905 §6, and the golden octets of Event-Timestamp 2026-01-01T00:00:00Z.
#[test]
fn time_counts_from_1900_and_goes_on_after_2036() {
    let cases = [
        (0xed00_3780, "2026-01-01T00:00:00Z"),
        (0xffff_ffff, "2036-02-07T06:28:15Z"),
        (0x0000_0000, "2036-02-07T06:28:16Z"),
        (0x7fff_ffff, "2104-02-26T09:42:23Z"),
        (0x8000_0000, "1968-01-20T03:14:08Z"),
        (0x83aa_7e80, "1970-01-01T00:00:00Z"),
    ];
    for (count, text) in cases {
        let at = time_from_seconds(count);
        assert_eq!(at.to_string(), text);
        assert_eq!(time_to_seconds(at), Some(count));
    }
    let first = time_from_seconds(0x8000_0000).secs();
    assert_eq!(time_to_seconds(Timestamp::from_secs(first - 1)), None);
    let last = time_from_seconds(0x7fff_ffff).secs();
    assert_eq!(time_to_seconds(Timestamp::from_secs(last + 1)), None);
    assert_eq!(time_to_seconds(Timestamp::MAX), None);
}

#[test]
fn an_address_is_read_by_its_family() {
    assert_eq!(Address::parse(&[0, 1, 10, 0, 0, 1]), Ok(Address::V4(Ipv4Addr::new(10, 0, 0, 1))));
    let v6 = [0, 2, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(Address::parse(&v6).unwrap().to_string(), "2001:db8::1");
    assert_eq!(Address::parse(b"\x00\x0877010000000"), Ok(Address::E164("77010000000")));
    assert_eq!(Address::parse(b"\x00\x08+7701"), Ok(Address::E164("+7701")));
    assert_eq!(Address::parse(&[0, 99, 7]), Ok(Address::Other { family: 99, octets: &[7] }));
}

/// open5gs aborted on a malformed Address; here it is a fault with a code.
#[test]
fn a_malformed_address_is_refused() {
    let cases: [(&[u8], DataError); 8] = [
        (&[], DataError::Length),
        (&[0], DataError::Length),
        (&[0, 1], DataError::Length),
        (&[0, 1, 10, 0, 0], DataError::Length),
        (&[0, 2, 10, 0, 0, 1], DataError::Length),
        (b"\x00\x08", DataError::Value),
        (b"\x00\x08+", DataError::Value),
        (b"\x00\x087701a", DataError::Value),
    ];
    for (octets, error) in cases {
        assert_eq!(Address::parse(octets), Err(error), "{octets:?}");
    }
}

#[test]
fn an_identity_is_a_name_and_its_case_does_not_count() {
    let pgw = DiameterIdentity::parse(b"PGW1.epc.mnc002.mcc401.3gppnetwork.org").unwrap();
    assert_eq!(pgw, *"pgw1.EPC.mnc002.mcc401.3gppnetwork.org");
    assert_eq!(DiameterIdentity::parse(b"kz").unwrap().as_str(), "kz");
    let long = [b'a'; 256];
    let wrong: [&[u8]; 8] = [b"", b".", b"kz.", b".kz", b"a..b", b"a b", "хост.kz".as_bytes(), &long];
    for name in wrong {
        assert_eq!(DiameterIdentity::parse(name), Err(DataError::Value), "{name:?}");
    }
    assert!(DiameterIdentity::parse(&long[..255]).is_ok());
}

/// The examples of RFC 6733 §4.3.1.
#[test]
fn a_uri_is_read_with_the_defaults_of_the_standard() {
    let plain = DiameterUri::parse(b"aaa://host.example.com").unwrap();
    assert_eq!((plain.secure, plain.port, plain.transport), (false, 3868, Transport::Tcp));
    assert_eq!(DiameterUri::parse(b"aaas://host.example.com").unwrap().port, 5868);
    let full = DiameterUri::parse(b"aaa://host.example.com:6666;transport=sctp;protocol=diameter").unwrap();
    assert_eq!((full.port, full.transport), (6666, Transport::Sctp));
    let radius = DiameterUri::parse(b"aaa://host.example.com:1813;transport=udp;protocol=radius").unwrap();
    assert_eq!((radius.transport, radius.protocol), (Transport::Udp, AaaProtocol::Radius));
    for wrong in [
        "",
        "host.example.com",
        "http://host",
        "aaa://",
        "aaa://host:99999",
        "aaa://host;transport=quic",
        "aaa://host;transport=udp",
        "aaa://host;x",
    ] {
        assert_eq!(DiameterUri::parse(wrong.as_bytes()), Err(DataError::Value), "{wrong}");
    }
}

#[test]
fn a_filter_rule_follows_the_grammar() {
    for right in [
        "permit out ip from any to assigned",
        "permit in 6 from 10.0.0.0/8 1-1024,80 to !192.168.1.1 443",
        "deny out 17 from ! 2001:db8::/32 53 to any frag",
        "permit in ip from any to any established",
        "permit out tcp from any to any".replace("tcp", "6").as_str(),
    ] {
        assert_eq!(IpFilterRule::parse(right.as_bytes()).map(IpFilterRule::as_str), Ok(right));
    }
    for wrong in [
        "",
        "permit",
        "allow in ip from any to any",
        "permit up ip from any to any",
        "permit in 256 from any to any",
        "permit in ip from to any",
        "permit in ip from any",
        "permit in ip from any to",
        "permit in ip from 10.0.0.0/33 to any",
        "permit in ip from any/8 to any",
        "permit in ip from any 99999 to any",
        "permit in ip from any to any nonsense",
        "permit in ip from any to !",
        "permit in ip from любой to any",
    ] {
        assert_eq!(IpFilterRule::parse(wrong.as_bytes()), Err(DataError::Value), "{wrong}");
    }
}

#[test]
fn a_string_is_utf8_or_refused() {
    assert_eq!(utf8("Алматы".as_bytes()), Ok("Алматы"));
    assert_eq!(utf8(&[0xc3, 0x28]), Err(DataError::Value));
}
