//! What look-alikes send is what the golden requests say, octet for octet.

use gyro::diameter::header::{ApplicationId, CommandCode, CommandFlags, EndToEnd, Header, HopByHop};
use gyro::ro::ccr::RequestType;
use gyro::sim::ask::{Ask, Units, Use, Want, Why};
use gyro::sim::make;
use gyro::sim::words;

use crate::world::{START, who};

const MIB: u64 = 1 << 20;

fn golden(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/clients/golden/{name}.ccr.hex", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let digits: Vec<u32> =
        lines.flat_map(|line| line.chars().filter_map(|digit| digit.to_digit(16))).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn spaced(octets: &[u8]) -> String {
    octets.chunks(4).map(|word| format!("{word:02x?}")).collect::<Vec<_>>().join("\n")
}

fn want(group: Option<u32>) -> Want {
    Want { group, ..Want::default() }
}

struct Row {
    golden: &'static str,
    make: &'static str,
    kind: RequestType,
    number: u32,
    session: &'static str,
    callee: Option<&'static str>,
    learned: bool,
    wants: Vec<Want>,
}

fn used(input: u64, output: u64, seconds: u32) -> Use {
    Use { input, output, seconds }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    use RequestType::{Event, Initial, Termination, Update};
    let smf = "smf.epc.mnc002.mcc401.3gppnetwork.org;1767225600;1;app_gy";
    let scscf = "scscf.ims.mnc002.mcc401.3gppnetwork.org;1767225600;5";
    let feg = "feg;IMSI401020000000001-12";
    let call = |asks| Want { services: vec![1_000], asks: Some(Units::Count(asks)), ..want(Some(100)) };
    let row = |golden, make, kind, number, session, wants| Row { golden, make, kind, number, session, callee: None, learned: false, wants };
    vec![
        row("open5gs/initial", "open5gs", Initial, 0, smf, vec![Want { asks: Some(Units::Count(1_000_000)), ..want(None) }]),
        Row { learned: true, ..row("open5gs/update", "open5gs", Update, 1, smf, vec![Want {
            asks: Some(Units::Count(1_000_000)), used: vec![used(30 * MIB, 12 * MIB, 0)], why: Some(Why::Threshold), ..want(None)
        }]) },
        Row { learned: true, ..row("open5gs/terminate", "open5gs", Termination, 2, smf, vec![Want {
            used: vec![used(4 * MIB, MIB, 60)], why: Some(Why::Final), ..want(None)
        }]) },
        row("magma/initial", "magma", Initial, 0, feg, vec![]),
        row("magma/update", "magma", Update, 1, feg, vec![
            Want { asks: Some(Units::Count(2 * MIB)), used: vec![used(8 * MIB, MIB, 0)], why: Some(Why::Threshold), ..want(Some(10)) },
            Want { asks: Some(Units::Count(2 * MIB)), why: Some(Why::Validity), ..want(Some(20)) },
        ]),
        Row { callee: Some("tel:+77051234567"), ..row("kamailio/initial", "kamailio", Initial, 0, scscf, vec![call(30)]) },
        Row { callee: Some("tel:112"), ..row("kamailio/emergency", "kamailio", Initial, 0, scscf, vec![Want { services: vec![], ..call(30) }]) },
        Row { callee: Some("sip:77051234567@kcell.kz;user=phone"), ..row("siphon/initial", "siphon", Initial, 0,
            "siphon.kcell.kz;1767225600;9", vec![Want { asks: Some(Units::Count(30)), ..want(None) }]) },
        Row { callee: Some("77051234567"), ..row("siphon/message", "siphon", Event, 0, "siphon.kcell.kz;1767225600;10", vec![want(None)]) },
        row("ergw/update", "ergw", Update, 3, "ergw.kcell.kz;1;2;3", vec![
            Want { asks: Some(Units::AsManyAsItGets), used: vec![used(MIB / 2, MIB / 2, 60), used(512, 512, 5)], why: Some(Why::Exhausted), ..want(Some(10)) },
            Want { asks: Some(Units::AsManyAsItGets), ..want(Some(30)) },
        ]),
        row("cisco/initial", "cisco", Initial, 0, "0001-diamproxy.pgw1.kcell.kz;1767225600;77;5ab3c2",
            vec![Want { asks: Some(Units::Count(0)), ..want(Some(10)) }]),
        row("nokia/initial", "nokia", Initial, 1, "sr7750.kcell.kz;1767225600;4",
            vec![Want { asks: Some(Units::AsManyAsItGets), services: vec![2, 1], ..want(Some(10)) }]),
        row("tools/bare", "bare", Initial, 1_000, "load;1", vec![]),
        row("tools/free_text", "huawei", Initial, 0, "load;2", vec![Want { asks: Some(Units::Count(1_024)), ..want(None) }]),
        Row { callee: Some("77051234567"), ..row("standard/event", "smsc", Event, 0, "smsc1.kcell.kz;1767225600;33",
            vec![Want { asks: Some(Units::Count(1)), ..want(Some(5)) }]) },
    ]
}

#[test]
fn look_alikes_send_the_golden_requests_octet_for_octet() {
    for row in rows() {
        let make = make::by_name(row.make).unwrap();
        let mut who = who(make);
        if row.make == "magma" {
            who.state_id = 7;
        }
        let ask = Ask {
            kind: row.kind,
            number: row.number,
            session: row.session.into(),
            at: START,
            wants: row.wants,
            callee: row.callee.map(Into::into),
            learned: row.learned.then(|| "ocs.gyro.localdomain".into()),
        };
        let header = Header {
            flags: CommandFlags::PROXIABLE_REQUEST,
            command: CommandCode::CREDIT_CONTROL,
            application: ApplicationId::CREDIT_CONTROL,
            hop_by_hop: HopByHop::new(0x1122_3344),
            end_to_end: EndToEnd::new(0x5566_7788),
        };
        let octets = words::message(header, &make.avps(&who, &ask));
        let expected = golden(row.golden);
        assert_eq!(spaced(&octets), spaced(&expected), "{}", row.golden);
    }
}

#[test]
fn session_ids_are_made_as_in_the_golden_requests() {
    for (name, serial, id) in [
        ("open5gs", 1, "smf.epc.mnc002.mcc401.3gppnetwork.org;1767225600;1;app_gy"),
        ("magma", 12, "feg;IMSI401020000000001-12"),
        ("kamailio", 5, "scscf.ims.mnc002.mcc401.3gppnetwork.org;1767225600;5"),
        ("siphon", 9, "siphon.kcell.kz;1767225600;9"),
        ("ergw", 3, "ergw.kcell.kz;1;2;3"),
        ("cisco", 77, "0001-diamproxy.pgw1.kcell.kz;1767225600;77;5ab3c2"),
        ("nokia", 4, "sr7750.kcell.kz;1767225600;4"),
        ("bare", 1, "load;1"),
        ("huawei", 2, "load;2"),
        ("smsc", 33, "smsc1.kcell.kz;1767225600;33"),
    ] {
        let make = make::by_name(name).unwrap();
        assert_eq!(make.session_id(&who(make), START.secs(), serial), id);
    }
}
