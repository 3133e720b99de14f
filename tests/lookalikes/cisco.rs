//! Cisco: quota that is given back, groups that a timer tries again, use that goes on while nobody answers.

use gyro::ro::ccr::RequestType;
use gyro::sim::actor::{Next, Phase};
use gyro::sim::ask::Why;
use gyro::sim::quota::Standing;

use crate::gate::{Gate, MIB};

const TEN: Option<u32> = Some(10);

#[test]
fn a_day_of_cisco() {
    let mut gate = Gate::new("cisco", 6_000);
    gate.attach();
    gate.repeat();
    assert_eq!(gate.use_units(TEN, 3 * MIB), 0);
    // nothing is used for the holding time: it is given back, with the use so far, and nothing is held
    gate.pass(600);
    let (sent, _) = gate.last.clone().unwrap();
    assert_eq!((sent.ask.wants[0].why, sent.ask.wants[0].asks), (Some(Why::Holding), None));
    assert_eq!((gate.standing(TEN), gate.reserved().as_str()), (Standing::Idle, "0.00"));
    assert_eq!(gate.use_units(TEN, 5 * MIB), 0);
    // the server cannot be reached: the user goes on, and all of it comes in one late report
    gate.actor.use_units(TEN, 3 * MIB);
    gate.reach_for_nothing();
    assert_eq!(gate.actor.use_meanwhile(TEN, 30 * MIB), 0);
    gate.run();
    gate.pass(3_600);
    assert_eq!(gate.balance(), "19.00");
    // the last grant, then the group is closed and the session goes on
    assert_eq!(gate.exhaust(TEN), 19 * MIB);
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Open, "0.00"));
    assert!(matches!(gate.standing(TEN), Standing::Blocked(Some(_))));
    // traffic before its time is blocked; after it, it asks, and is refused again
    let before = gate.codes.len();
    assert_eq!(gate.use_units(TEN, MIB), MIB);
    assert_eq!(gate.codes.len(), before);
    gate.pass(60);
    assert_eq!(gate.use_units(TEN, MIB), MIB);
    assert_eq!(gate.codes[before..], [(RequestType::Update, 2_001)], "refused in the quota, not above");
    // a top-up: the server asks, before the timer does
    gate.topup(1_000);
    assert_eq!((&gate.demanded[..], gate.standing(TEN)), (&[Some(2_002)][..], Standing::Granted));
    assert_eq!(gate.use_units(TEN, 4 * MIB), 0);
    assert_eq!(gate.reauth(TEN), Some(2_002));
    assert_eq!(gate.balance(), "6.00");
    gate.end();
    gate.repeat();
    assert_eq!(gate.balance(), "6.00");
}

impl Gate {
    /// Sends what is to be sent into the void.
    fn reach_for_nothing(&mut self) {
        let Next::Send(_) = self.actor.step() else { panic!("a report") };
        assert_eq!(self.actor.step(), Next::Await);
        self.actor.lost();
    }
}
