//! §5.5: DWR and DWA. When they are sent is RFC 3539's: see `rfc3539`.

use gyro::diameter::avp::AvpDef;
use gyro::diameter::base::avps;
use gyro::diameter::peer::machine::Phase;

use crate::node::Node;
use crate::wire::{self, DW, P, R, brief, header, write};

const PGW: &str = "pgw.epc.kz";

#[test]
fn a_dwa_has_these_octets() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.feed(id, &wire::dwr(PGW));
    let octets = node.sent_octets(id);
    let golden = "01000048 00000118 00000000 0a0b0c0d 01020304 0000010c4000000c000007d1 \
                  000001084000000e6f63732e6b7a0000 000001284000000a6b7a0000 000001164000000c00000007";
    assert_eq!(*octets, wire::hex(golden));
}

/// A peer resets the connection when Origin-State-Id differs from the first one it saw.
#[test]
fn our_origin_state_is_the_same_in_all_we_send() {
    let mut node = Node::server();
    let id = node.accept();
    node.feed(id, &[wire::cer(PGW), wire::dwr(PGW), write(header(R | P, 999, 4), |_| ())].concat());
    node.advance(std::time::Duration::from_secs(32));
    let sent = node.sent(id);
    assert_eq!(sent.len(), 4);
    for message in sent {
        assert_eq!(message.find(avps::ORIGIN_STATE_ID.key).unwrap().u32(), Ok(7), "{message:?}");
    }
}

#[test]
fn a_peer_whose_origin_state_grows_has_lost_its_sessions() {
    let mut node = Node::server();
    let id = node.accept();
    node.feed(
        id,
        &write(header(R, wire::CE, 0), |cer| {
            wire::who(cer, PGW, "epc.kz", &[]);
            cer.u32(avps::ORIGIN_STATE_ID, 10).u32(avps::AUTH_APPLICATION_ID, wire::GY);
        }),
    );
    let _ = node.events(id);
    let dwr = |state: u32| {
        write(header(R, DW, 0), |dwr| {
            wire::origin(dwr, PGW);
            dwr.u32(avps::ORIGIN_STATE_ID, state);
        })
    };
    node.feed(id, &[dwr(10), dwr(9), dwr(0), wire::dwr(PGW), dwr(11), dwr(11), dwr(20)].concat());
    assert_eq!(node.story(id), ["origin state 11", "origin state 20"]);
    assert_eq!(node.sent(id).len(), 8);
}

#[test]
fn a_watchdog_message_whose_avps_cannot_be_read_does_no_harm() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    let mut octets = write(header(R, DW, 0), |dwr| _ = dwr.u32(AvpDef::base(278), 1)).to_vec();
    octets[27] = 99;
    node.feed(id, &octets);
    assert_eq!(brief(&node.sent_one(id)), (DW, false, Some(5014)));
    octets[4] = 0;
    node.feed(id, &octets);
    assert!(node.sent(id).is_empty());
    assert_eq!(node.phase(id), Phase::Open);
}
