//! §5.3: the capabilities exchange.

use std::time::Duration;

use bytes::Bytes;
use gyro::diameter::avp::AvpDef;
use gyro::diameter::base::avps;
use gyro::diameter::base::local::{Application, LocalNode};
use gyro::diameter::peer::event::{PeerEvent, Reason, Role};
use gyro::diameter::peer::limits::Limits;
use gyro::diameter::peer::machine::Phase;
use gyro::diameter::peer::registry::{CONNECTIONS, PeerState};
use gyro::diameter::peer::roster::{Network, Roster, UnknownPeers};

use crate::node::{ELSEWHERE, LOOPBACK, Node, identity, single};
use crate::wire::{self, CE, GY, R, brief, cer, cer_for, header, result_code, write};

const PGW: &str = "pgw.epc.kz";
const GX: u32 = 16_777_238;
const RELAY: u32 = 0xffff_ffff;

/// Feeds a first message and gives the Result-Code of the CEA, its flags, and whether the connection stays.
fn exchange(node: &mut Node, first: &Bytes) -> (Option<u32>, u8, Phase) {
    let id = node.accept();
    node.feed(id, first);
    let cea = node.sent_one(id);
    assert_eq!(cea.header().command.get(), CE);
    (result_code(&cea), cea.header().flags.get(), node.phase(id))
}

#[test]
fn a_cea_has_the_identifiers_of_its_cer_and_what_we_are() {
    let mut node = Node::server();
    let id = node.accept();
    node.feed(id, &cer(PGW));
    let octets = node.sent_octets(id);
    let golden = "\
        010000a8 00000101 00000000 0a0b0c0d 01020304\
        0000010c4000000c000007d1\
        000001084000000e6f63732e6b7a0000\
        000001284000000a6b7a0000\
        000001014000000e00017f0000010000\
        0000010a4000000c00000000\
        0000010d0000000c6779726f\
        000001164000000c00000007\
        000001094000000c000028af\
        000001024000000c00000004\
        00000104400000200000010a4000000c000028af000001024000000c00000004";
    assert_eq!(*octets, wire::hex(golden));
}

#[test]
fn up_tells_who_the_peer_is() {
    let mut node = Node::server();
    let id = node.accept();
    let cer = write(header(R, CE, 0), |cer| {
        wire::who(cer, "PGW.epc.kz", "epc.kz", &[]);
        cer.u32(avps::ORIGIN_STATE_ID, 77).u32(avps::AUTH_APPLICATION_ID, GY);
    });
    node.feed(id, &cer);
    let events = node.events(id);
    let [PeerEvent::Up(up)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(up.role, Role::Responder);
    assert_eq!(
        (up.peer.host.as_str(), up.peer.realm.as_str(), &*up.peer.product),
        ("PGW.epc.kz", "epc.kz", "pgw")
    );
    assert_eq!(up.peer.origin_state_id, Some(77));
    assert_eq!(up.applications.iter().map(|id| id.get()).collect::<Vec<_>>(), [GY]);
    assert_eq!(node.state(PGW), PeerState::ROpen);
}

#[test]
fn the_first_message_is_a_cer_or_the_connection_is_closed_without_a_word() {
    let first: [Bytes; 5] = [
        wire::ccr("s"),
        wire::dwr(PGW),
        wire::dpr(PGW, 0),
        write(header(0, CE, 0), |cea| wire::who(cea, PGW, "epc.kz", &[])),
        write(header(R, CE, GY), |cer| wire::who(cer, PGW, "epc.kz", &[])),
    ];
    for message in first {
        let mut node = Node::server();
        let id = node.accept();
        node.feed(id, &message);
        assert!(node.sent_octets(id).is_empty());
        assert_eq!(node.story(id), ["close NotCapabilities"]);
    }
}

#[test]
fn a_connection_without_cer_is_closed_in_time() {
    let mut node = Node::server();
    let id = node.accept();
    node.advance(Duration::from_millis(4_999));
    assert_eq!(node.phase(id), Phase::WaitCer);
    node.advance(Duration::from_millis(1));
    assert_eq!(node.story(id), ["close HandshakeTimeout"]);
    assert!(node.sent_octets(id).is_empty());
}

#[test]
fn a_cer_has_four_kibibytes_at_most() {
    let cer_of = |octets: usize| {
        let bare = cer(PGW).len();
        write(header(R, CE, 0), |cer| {
            wire::who(cer, PGW, "epc.kz", &[]);
            cer.u32(avps::AUTH_APPLICATION_ID, GY);
            cer.octets(AvpDef::base(9_999).optional(), &vec![0; octets - bare - 8]);
        })
    };
    let mut node = Node::server();
    assert_eq!(exchange(&mut node, &cer_of(4_096)), (Some(2001), 0, Phase::Open));
    let id = node.accept();
    node.feed(id, &cer_of(4_100));
    assert!(node.sent_octets(id).is_empty());
    assert_eq!(node.phase(id), Phase::Closed);
}

/// Whoever cuts the stream knows the limit from [`Machine::max_message`]; one who does not is no danger.
#[test]
fn a_cer_that_is_too_long_is_refused_by_the_machine_as_well() {
    let mut node = Node::server();
    let id = node.accept();
    assert_eq!(node.socket(id).machine.max_message(), 4_096);
    let long = write(header(R, CE, 0), |cer| {
        wire::who(cer, PGW, "epc.kz", &[]);
        cer.u32(avps::AUTH_APPLICATION_ID, GY);
        cer.octets(AvpDef::base(9_999).optional(), &[0; 4_096]);
    });
    let now = node.now;
    node.socket(id).machine.handle_message(wire::read(long), now);
    node.settle();
    assert_eq!(node.story(id), ["close CerTooLong"]);
    let open = node.open_from(PGW);
    assert_eq!(node.socket(open).machine.max_message(), 64 * 1_024);
}

/// Input that is forced upon a machine that wants none ends the connection; nothing grows without bound.
#[test]
fn a_machine_that_is_not_emptied_ends_instead_of_growing() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    let (now, most) = (node.now, node.config.limits.events);
    let machine = &mut node.socket(id).machine;
    for n in 0..most {
        assert!(machine.wants_input(), "{n}");
        machine.handle_message(wire::read(wire::ccr("s")), now);
    }
    assert!(!machine.wants_input());
    machine.handle_message(wire::read(wire::ccr("one too many")), now);
    assert_eq!(machine.phase(), Phase::Closed);
    node.settle();
    let story = node.story(id);
    assert_eq!(story.len(), most + 2);
    assert_eq!(story[most..], ["down Overrun []", "close Overrun"]);
}

#[test]
fn applications_meet_in_whatever_avp_they_come() {
    let with = |fill: &dyn Fn(&mut gyro::diameter::encode::Encoder<'_>)| {
        let cer = write(header(R, CE, 0), |cer| {
            wire::who(cer, "any.kz", "epc.kz", &[]);
            fill(cer);
        });
        exchange(&mut Node::server(), &cer)
    };
    let vendor_specific = |inside: &'static [(AvpDef, u32)]| {
        with(&move |cer| {
            cer.grouped(avps::VENDOR_SPECIFIC_APPLICATION_ID, |group| {
                for (def, value) in inside {
                    group.u32(*def, *value);
                }
            });
        })
    };
    let open = (Some(2001), 0, Phase::Open);
    let none = (Some(5010), 0, Phase::Closed);
    assert_eq!(with(&|cer| _ = cer.u32(avps::AUTH_APPLICATION_ID, GY)), open);
    assert_eq!(with(&|cer| _ = cer.u32(avps::ACCT_APPLICATION_ID, GY)), open);
    assert_eq!(with(&|cer| _ = cer.u32(avps::AUTH_APPLICATION_ID, RELAY)), open);
    assert_eq!(with(&|cer| _ = cer.u32(avps::AUTH_APPLICATION_ID, GX)), none);
    assert_eq!(with(&|_| ()), none);
    assert_eq!(vendor_specific(&[(avps::VENDOR_ID, 10_415), (avps::AUTH_APPLICATION_ID, GY)]), open);
    // malformed, and taken all the same: no vendor, another vendor, two vendors, both kinds
    assert_eq!(vendor_specific(&[(avps::AUTH_APPLICATION_ID, GY)]), open);
    assert_eq!(vendor_specific(&[(avps::VENDOR_ID, 9), (avps::AUTH_APPLICATION_ID, GY)]), open);
    let odd = [
        (avps::VENDOR_ID, 10_415),
        (avps::VENDOR_ID, 0),
        (avps::ACCT_APPLICATION_ID, 3),
        (avps::AUTH_APPLICATION_ID, GY),
    ];
    assert_eq!(vendor_specific(Box::leak(Box::new(odd))), open);
}

#[test]
fn a_refusal_tells_our_capabilities_too() {
    let mut node = Node::server();
    let id = node.accept();
    node.feed(id, &cer_for(PGW, &[GX]));
    let cea = node.sent_one(id);
    assert_eq!(wire::codes(&cea), [268, 264, 296, 257, 266, 269, 278, 281, 265, 258, 260]);
    assert_eq!(node.story(id), ["close Refused(ResultCode(5010))"]);
}

#[test]
fn who_is_not_in_the_list_is_3010_where_strangers_are_rejected() {
    let server = |unknown| {
        let local = LocalNode::charging_server(identity("ocs.kz"), identity("kz"), 7);
        let mut named = single(PGW);
        named.from = vec![Network::new([192, 0, 2, 0].into(), 24).unwrap()];
        Node::new(local, Limits::DEFAULT, Roster::new([named], unknown))
    };
    let result = |unknown, host, remote| {
        let mut node = server(unknown);
        let id = node.accept_from(remote);
        node.feed(id, &cer(host));
        let cea = node.sent_one(id);
        assert_eq!(cea.header().flags.is_error(), result_code(&cea) == Some(3010));
        assert_eq!(node.phase(id) == Phase::Open, result_code(&cea) == Some(2001));
        result_code(&cea).unwrap()
    };
    assert_eq!(result(UnknownPeers::Reject, "stranger.kz", LOOPBACK), 3010);
    assert_eq!(result(UnknownPeers::AcceptLoopback, "stranger.kz", LOOPBACK), 2001);
    assert_eq!(result(UnknownPeers::AcceptLoopback, "stranger.kz", ELSEWHERE), 3010);
    assert_eq!(result(UnknownPeers::Accept, "stranger.kz", ELSEWHERE), 2001);
    // a named peer is known by its identity, and refused from elsewhere even where strangers are welcome
    assert_eq!(result(UnknownPeers::Reject, "PGW.EPC.KZ", ELSEWHERE), 2001);
    assert_eq!(result(UnknownPeers::Accept, PGW, LOOPBACK), 3010);
}

#[test]
fn a_peer_that_calls_itself_by_our_name_is_refused() {
    assert_eq!(exchange(&mut Node::server(), &cer("OCS.kz")), (Some(5012), 0, Phase::Closed));
}

#[test]
fn a_cer_on_an_open_connection_is_answered_and_changes_nothing() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    for (again, code) in [
        (cer("Pgw.epc.kz"), 2001),
        (cer("other.kz"), 5012),
        (cer_for(PGW, &[GX]), 5010),
        (write(header(R, CE, 0), |_| ()), 5005),
    ] {
        node.feed(id, &again);
        assert_eq!(brief(&node.sent_one(id)), (CE, false, Some(code)));
        assert!(node.story(id).is_empty());
        assert_eq!(node.phase(id), Phase::Open);
    }
    node.feed(id, &wire::ccr("after"));
    assert_eq!(node.story(id), ["request after"]);
    assert_eq!(node.state("other.kz"), PeerState::Closed);
}

/// One well-known stack loses it.
#[test]
fn a_request_in_the_same_segment_as_the_cer_is_served_behind_the_cea() {
    let mut node = Node::server();
    let id = node.accept();
    let segment = [cer(PGW), wire::ccr("one"), wire::dwr(PGW), wire::ccr("two")].concat();
    node.feed(id, &segment);
    assert_eq!(node.story(id), [format!("up {PGW}"), "request one".into(), "request two".into()]);
    let sent: Vec<_> = node.sent(id).iter().map(brief).collect();
    assert_eq!(sent, [(CE, false, Some(2001)), (wire::DW, false, Some(2001))]);
}

#[test]
fn what_comes_behind_a_cer_that_waits_is_served_in_order_once_it_is_admitted() {
    let mut node = Node::server();
    let old = node.open_from(PGW);
    let new = node.accept();
    let many = 3 * node.config.limits.backlog;
    node.feed(new, &cer(PGW));
    for n in 0..many {
        node.feed(new, &wire::ccr(&n.to_string()));
    }
    assert!(!node.socket(new).machine.wants_input(), "the socket is not read on");
    assert_eq!(node.phase(new), Phase::Introduced);
    node.lost(old);
    let expected: Vec<String> =
        [format!("up {PGW}")].into_iter().chain((0..many).map(|n| format!("request {n}"))).collect();
    assert_eq!(node.story(new), expected);
    assert_eq!(brief(&node.sent_one(new)), (CE, false, Some(2001)));
}

/// Octet by octet gives the same as all at once.
#[test]
fn segments_do_not_matter() {
    let octets = [cer(PGW), wire::ccr("one"), wire::dwr(PGW), wire::ccr("two"), wire::dpr(PGW, 0)].concat();
    let mut whole = Node::server();
    let w = whole.accept();
    whole.feed(w, &octets);
    let mut single = Node::server();
    let s = single.accept();
    for octet in &octets {
        single.feed(s, &[*octet]);
    }
    assert_eq!(whole.sent_octets(w), single.sent_octets(s));
    assert_eq!(whole.story(w), single.story(s));
}

#[test]
fn a_live_connection_keeps_a_second_one_out() {
    let mut node = Node::server();
    let old = node.open_from(PGW);
    let new = node.accept();
    node.feed(new, &cer(PGW));
    assert_eq!(brief(&node.sent_one(old)), (wire::DW, true, None));
    // any message shows that it lives
    node.advance(Duration::from_secs(2));
    node.feed(old, &wire::ccr("busy"));
    assert_eq!(brief(&node.sent_one(new)), (CE, false, Some(5012)));
    assert_eq!(node.phase(old), Phase::Open);
    assert_eq!(node.story(old), ["request busy"]);
    // and it is not held to the probe any more
    node.advance(Duration::from_secs(5));
    assert_eq!(node.phase(old), Phase::Open);
}

#[test]
fn a_silent_connection_gives_way_to_a_second_one() {
    let mut node = Node::server();
    let old = node.open_from(PGW);
    let new = node.accept();
    node.feed(new, &cer(PGW));
    node.advance(node.config.limits.probe.checked_sub(Duration::from_millis(1)).unwrap());
    assert_eq!((node.phase(old), node.phase(new)), (Phase::Open, Phase::Introduced));
    node.advance(Duration::from_millis(1));
    assert_eq!(node.story(old), ["down Superseded []", "close Superseded"]);
    assert_eq!(node.story(new), [format!("up {PGW}")]);
    assert_eq!(node.state(PGW), PeerState::ROpen);
    // RFC 3539: it comes from DOWN, so a DWR goes out at once
    let sent: Vec<_> = node.sent(new).iter().map(brief).collect();
    assert_eq!(sent, [(CE, false, Some(2001)), (wire::DW, true, None)]);
    // and requests are served all the same
    node.feed(new, &wire::ccr("at once"));
    assert_eq!(node.story(new), ["request at once"]);
}

#[test]
fn a_third_connection_is_refused_while_the_second_waits() {
    let mut node = Node::server();
    let old = node.open_from(PGW);
    let (second, third) = (node.accept(), node.accept());
    node.feed(second, &cer(PGW));
    node.feed(third, &cer(PGW));
    assert_eq!(brief(&node.sent_one(third)), (CE, false, Some(5012)));
    // when who waits gives up, another may wait
    node.lost(second);
    let fourth = node.accept();
    node.feed(fourth, &cer(PGW));
    assert_eq!(node.phase(fourth), Phase::Introduced);
    node.advance(node.config.limits.probe);
    assert_eq!((node.phase(old), node.phase(fourth)), (Phase::Closed, Phase::Open));
}

#[test]
fn a_peer_with_several_connections_has_them_side_by_side() {
    let mut node = Node::server();
    let open: Vec<_> = (0..CONNECTIONS).map(|_| node.open_from("load.kz")).collect();
    assert!(open.iter().all(|id| node.phase(*id) == Phase::Open));
    assert_eq!(node.registry.open(&identity("load.kz")).count(), CONNECTIONS);
    assert_eq!(exchange(&mut node, &cer("load.kz")), (Some(5012), 0, Phase::Closed));
    node.lost(open[0]);
    assert_eq!(exchange(&mut node, &cer("load.kz")), (Some(2001), 0, Phase::Open));
}

#[test]
fn a_cea_that_refuses_us_or_is_not_from_the_host_we_wanted_ends_the_connection() {
    for (host, code, reason) in [
        ("pgw.epc.kz", 3010, "RefusedByPeer(ResultCode(3010))"),
        ("pgw.epc.kz", 4003, "RefusedByPeer(ResultCode(4003))"),
        ("other.kz", 2001, "WrongPeer"),
    ] {
        let mut node = Node::server();
        let id = node.dial(PGW).unwrap();
        node.connected(id);
        let our_cer = node.sent_one(id);
        node.feed(id, &wire::cea(&our_cer, host, code));
        assert_eq!(node.story(id), [format!("close {reason}")]);
        assert_eq!(node.state(PGW), PeerState::Closed);
    }
}

#[test]
fn a_node_with_another_application_offers_that_one() {
    let gx = Application {
        id: gyro::diameter::header::ApplicationId::new(GX),
        ..Application::credit_control_server()
    };
    let local = LocalNode {
        applications: vec![gx],
        ..LocalNode::charging_server(identity("pcrf.kz"), identity("kz"), 1)
    };
    let mut node = Node::new(local, Limits::DEFAULT, Roster::new([], UnknownPeers::Accept));
    assert_eq!(exchange(&mut node, &cer_for(PGW, &[GX])), (Some(2001), 0, Phase::Open));
    assert_eq!(exchange(&mut node, &cer_for(PGW, &[GY])).0, Some(5010));
}

#[test]
fn a_connection_that_is_closed_takes_nothing_and_says_nothing() {
    let mut node = Node::server();
    let id = node.open_from(PGW);
    node.lost(id);
    let _ = node.events(id);
    node.feed(id, &wire::ccr("late"));
    node.lost(id);
    node.stop(id, gyro::diameter::base::disconnect::DisconnectCause::Busy);
    node.advance(Duration::from_mins(1));
    assert!(node.story(id).is_empty());
    assert!(node.sent_octets(id).is_empty());
    assert_eq!(node.closed(id), Some(Reason::TransportClosed));
}
