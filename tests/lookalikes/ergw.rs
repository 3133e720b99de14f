//! ergw: every group by its number, use in two parts, another peer after a protocol error.

use bytes::BytesMut;
use gyro::ro::cca::{Asked, Origin, Refusal, refuse};
use gyro::ro::ccr::RequestType;
use gyro::ro::result;
use gyro::sim::actor::{Ending, Next, Phase};
use gyro::sim::quota::Standing;

use crate::gate::{Gate, Loss, MIB};
use crate::world::{REALM, SERVER, ids, read};

#[test]
fn a_day_of_ergw() {
    let mut gate = Gate::new("ergw", 6_000);
    gate.attach();
    assert_eq!(gate.reserved(), "20.00");
    assert_eq!(gate.use_units(Some(10), 15 * MIB), 0);
    assert_eq!(gate.use_units(Some(30), 15 * MIB), 0);
    let (sent, _) = gate.last.clone().unwrap();
    assert_eq!(sent.ask.wants[0].used.len(), 2, "two reports in one quota");
    assert_eq!(gate.balance(), "44.00");
    gate.lose(Loss::Answer);
    assert_eq!(gate.use_units(Some(10), 8 * MIB), 0);
    let (again, _) = gate.last.clone().unwrap();
    assert!(again.again, "with the T flag, to another peer");
    gate.repeat();
    // the other group holds 10 MiB to the end, 7 of them are used
    gate.exhaust(Some(10));
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Over(Ending::Closed), "3.00"));
    gate.attach();
    let standing = (gate.standing(Some(10)), gate.standing(Some(30)));
    assert_eq!(standing, (Standing::Granted, Standing::Blocked(None)));
    assert_eq!(gate.exhaust(Some(10)), 3 * MIB);
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Over(Ending::Closed), "0.00"));
    // without money: above it is a yes, in each quota a no
    gate.attach();
    assert_eq!(gate.codes.last(), Some(&(RequestType::Initial, 2_001)));
    assert_eq!(gate.standing(Some(10)), Standing::Blocked(None));
    gate.topup(1_000);
    assert_eq!(gate.demanded, [Some(2_002)], "the server asks by itself");
    assert_eq!(gate.use_units(Some(10), MIB), 0);
    gate.end();
    assert_eq!(gate.balance(), "9.00");
}

#[test]
fn a_protocol_error_makes_it_ask_another_peer_with_the_t_flag() {
    let mut gate = Gate::new("ergw", 1_000);
    gate.actor.attach(&[], None);
    let Next::Send(first) = gate.actor.step() else { panic!("a CCR-I") };
    let (hop_by_hop, end_to_end) = ids(900);
    let request = read(first.octets(hop_by_hop, end_to_end));
    let mut busy = BytesMut::new();
    refuse(&mut busy, &Origin::new(SERVER, REALM), &Asked::of(&request), &Refusal::new(result::BUSY))
        .unwrap();
    gate.actor.answered(first.token, &read(busy.freeze())).unwrap();
    let Next::Send(second) = gate.actor.step() else { panic!("the CCR-I again") };
    assert!(second.again && !first.again);
    assert_eq!((second.ask.kind, &second.ask), (RequestType::Initial, &first.ask));
}
