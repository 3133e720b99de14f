//! The table of addresses, and the matcher against its model.

use proptest::prelude::*;

use super::model;
use super::*;

fn digits(text: &str) -> Digits {
    Digits::parse(text).unwrap()
}

fn numbers(emergency: &[&str], free: &[&str]) -> FreeNumbers {
    let all = |list: &[&str]| list.iter().map(|text| digits(text)).collect::<Vec<_>>();
    FreeNumbers::new(&all(emergency), &all(free))
}

fn defaults() -> FreeNumbers {
    numbers(&FreeNumbers::DEFAULT_EMERGENCY, &FreeNumbers::DEFAULT_FREE)
}

fn name(class: NumberClass) -> &'static str {
    match class {
        NumberClass::Emergency => "emergency",
        NumberClass::Free => "free",
        NumberClass::Ordinary => "ordinary",
    }
}

/// The rows of the table: class and address, escapes undone.
fn table() -> Vec<(&'static str, String)> {
    let rows = include_str!("../../../tests/data/called_addresses.tsv").lines();
    rows.filter(|row| !row.starts_with('#'))
        .map(|row| {
            let (class, written) = row.split_once('\t').unwrap();
            let mut address = String::new();
            let mut rest = written;
            while let Some((before, after)) = rest.split_once('\\') {
                address.push_str(before);
                let (one, after) = match after.strip_prefix("u{") {
                    Some(hex) => {
                        let (hex, after) = hex.split_once('}').unwrap();
                        (char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap(), after)
                    }
                    None => (
                        match after.chars().next().unwrap() {
                            't' => '\t',
                            'r' => '\r',
                            'n' => '\n',
                            other => panic!("no escape: {other}"),
                        },
                        after.get(1..).unwrap(),
                    ),
                };
                address.push(one);
                rest = after;
            }
            address.push_str(rest);
            (class, address)
        })
        .collect()
}

#[test]
fn the_table_of_addresses_holds() {
    let (numbers, rows) = (defaults(), table());
    let count = |class| rows.iter().filter(|(wanted, _)| *wanted == class).count();
    assert!(count("emergency") >= 150 && count("ordinary") >= 150 && count("free") >= 10);
    let wrong: Vec<_> =
        rows.iter().filter(|(wanted, address)| name(numbers.classify(address)) != *wanted).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_model_agrees_with_the_table() {
    let wrong: Vec<_> = table()
        .into_iter()
        .filter(|(wanted, address)| {
            model::class(&FreeNumbers::DEFAULT_EMERGENCY, &FreeNumbers::DEFAULT_FREE, address) != *wanted
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn an_emergency_number_stays_one_where_another_reading_is_only_free() {
    let numbers = numbers(&["112"], &["8112", "112", "7112"]);
    for address in ["112", "8112", "+7112"] {
        assert_eq!(numbers.classify(address), NumberClass::Emergency, "{address}");
    }
    assert_eq!(numbers.classify("7112"), NumberClass::Free);
}

#[test]
fn a_listed_full_number_is_met_in_all_its_forms() {
    for listed in ["78000801234", "88000801234"] {
        let numbers = numbers(&["112"], &[listed]);
        for address in [
            "+78000801234",
            "88000801234",
            "78000801234",
            "8 (800) 080-12-34",
            "tel:+7-800-080-1234",
            "810 7 800 080 1234",
        ] {
            assert_eq!(numbers.classify(address), NumberClass::Free, "{address}");
        }
        for address in ["8000801234", "+8000801234", "880008012345", "7780008012"] {
            assert_eq!(numbers.classify(address), NumberClass::Ordinary, "{address}");
        }
    }
}

#[test]
fn without_lists_nothing_but_sos_is_an_emergency() {
    let numbers = numbers(&[], &[]);
    assert_eq!(numbers.classify("112"), NumberClass::Ordinary);
    assert_eq!(numbers.classify("urn:service:sos"), NumberClass::Emergency);
}

#[test]
fn called_numbers_get_their_country_code_and_short_codes_stay_short() {
    let full = |text: &str| Called::E164(digits(text));
    let short = |text: &str| Called::Short(digits(text));
    for (address, wanted) in [
        ("+77011234567", full("77011234567")),
        ("77011234567", full("77011234567")),
        ("87011234567", full("77011234567")),
        ("7011234567", full("77011234567")),
        ("8 (701) 123-45-67", full("77011234567")),
        ("tel:+7-701-123-45-67;npdi;rn=+77010000000", full("77011234567")),
        ("sip:+77011234567@ims.mnc002.mcc401.3gppnetwork.org;user=phone", full("77011234567")),
        ("sip:87011234567;phone-context=ims.example@ims.example", full("77011234567")),
        ("810 7 701 123 45 67", full("77011234567")),
        ("00 7 701 123 45 67", full("77011234567")),
        ("810 49 30 901820", full("4930901820")),
        ("+4930901820", full("4930901820")),
        ("447911123456", full("447911123456")),
        ("tel:2501234;phone-context=+7727", full("77272501234")),
        ("tel:2501234;phone-context=+7", Called::Other),
        ("2501234", Called::Other),
        ("250123", Called::Other),
        ("7701", short("7701")),
        ("+77701", short("7701")),
        ("tel:525;phone-context=+7", short("525")),
        ("87701", short("87701")),
        ("+12", Called::Other),
        ("012345678", Called::Other),
        ("+012345678", Called::Other),
        ("1234567890123456", Called::Other),
        ("urn:service:sos", Called::Other),
        ("sip:alice@example.org", Called::Other),
        ("", Called::Other),
    ] {
        assert_eq!(called(address), wanted, "{address}");
    }
}

#[test]
fn long_input_is_not_read_to_its_end_as_a_number() {
    let numbers = defaults();
    for long in
        ["1".repeat(1 << 20), "-".repeat(1 << 20) + "112", "tel:".to_owned() + &"(".repeat(1 << 20) + "112"]
    {
        assert_eq!(numbers.classify(&long), NumberClass::Ordinary);
    }
    let behind = format!("sip:112;x={}@example.org", "y".repeat(1 << 20));
    assert_eq!(numbers.classify(&behind), NumberClass::Emergency);
}

/// Pieces that addresses are made of, so that random ones are often nearly numbers.
fn address() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            "112", "101", "3030", "11", "1", "2", "7", "8", "+", "+7", "727", "701", "1234567", "0", "810", "00",
            "78000801234", "tel:", "sip:", "sips:", "TEL:", "urn:service:sos", "urn:", "service:sos", ".police", ";", "@",
            ":", "?", "//", "<", ">", "-", ".", "(", ")", " ", "%31", "%2B", "%3b", "%", "%4", "\u{ff11}", "\u{661}",
            "\u{6f2}", "\u{ff0b}", "\u{200b}", "\u{a0}", "\0", "phone-context=", "+7727", "user=phone", "example.org",
            "8.1.1.2", "%EF%BC%91", "%EF%BC", "x", "*", "#",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matcher_and_model_agree(address in address(), lists in 0..3usize) {
        let (emergency, free): (&[&str], &[&str]) = [
            (&FreeNumbers::DEFAULT_EMERGENCY[..], &FreeNumbers::DEFAULT_FREE[..]),
            (&["112", "11", "8"], &["3030", "88000801234", "1234567", "112112"]),
            (&["1", "7112", "78000801234"], &["12345", "8112", "101"]),
        ][lists];
        prop_assert_eq!(name(numbers(emergency, free).classify(&address)), model::class(emergency, free, &address));
    }

    #[test]
    fn digits_are_never_misread_as_a_listed_number(number in "[0-9]{1,20}") {
        let met = defaults().classify(&number) == NumberClass::Emergency;
        let forms = FreeNumbers::DEFAULT_EMERGENCY.iter().any(|code| {
            number == *code || number == format!("8{code}") || (number.len() == 7 && number.starts_with('8') && number.ends_with(code))
        });
        prop_assert_eq!(met, forms);
    }
}

#[test]
fn an_address_that_was_looked_up_for_a_ported_number_says_so() {
    for routed in [
        "tel:+77051112233;npdi",
        "tel:+77051112233;npdi;rn=+77770001122",
        "tel:+77051112233;rn=D07;phone-context=+7",
        "sip:+77051112233;NPDI;RN=+7777@ims.example.org;user=phone",
        "sip:+77051112233;npdi@ims.example.org",
        "<sip:+77051112233;npdi>",
    ] {
        assert!(is_routed(routed), "{routed}");
    }
    for plain in ["+77051112233", "tel:+77051112233;rn=", "sip:rn=7@host", "sip:7;ernpdi@host", "npdi", ""] {
        assert!(!is_routed(plain), "{plain}");
    }
}
