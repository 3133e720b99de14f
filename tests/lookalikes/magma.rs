//! Magma: a session that begins without quotas, groups side by side, several updates under way at once.

use gyro::ro::ccr::RequestType;
use gyro::sim::actor::{Ending, Phase};
use gyro::sim::quota::Standing;

use crate::gate::{Gate, Loss, MIB};

#[test]
fn a_day_of_magma() {
    let mut gate = Gate::new("magma", 2_500);
    gate.attach();
    assert_eq!(gate.codes, [(RequestType::Initial, 2_001), (RequestType::Update, 2_001)]);
    assert_eq!(gate.use_units(Some(10), 9 * MIB), 0);
    assert_eq!(gate.use_units(Some(20), 9 * MIB), 0);
    assert_eq!(gate.balance(), "17.00");
    // sent once more, with other identifiers and no flag: charged once all the same
    gate.lose(Loss::Answer);
    assert_eq!(gate.use_units(Some(10), 8 * MIB), 0);
    let (again, _) = gate.last.clone().unwrap();
    assert_eq!((again.tries, again.again), (1, false));
    assert_eq!(gate.balance(), "9.00");
    gate.repeat();
    // a RAR without a group: an update for each, at once
    assert_eq!(gate.reauth(None), Some(2_002));
    assert_eq!(gate.most_in_flight, 2);
    // the last units end the session
    gate.exhaust(Some(10));
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Over(Ending::Closed), "0.00"));
    // without money the session comes about, and one group of it is suspended; what is free goes on
    gate.attach();
    assert_eq!(gate.phase(), Phase::Open);
    assert_eq!(
        (gate.standing(Some(10)), gate.standing(Some(20))),
        (Standing::Blocked(None), Standing::Granted)
    );
    assert_eq!(gate.use_units(Some(10), MIB), MIB);
    assert_eq!(gate.use_units(Some(20), 200 * MIB), 0);
    // a top-up: the server asks, for the one group that lacks money
    gate.topup(500);
    assert_eq!(gate.demanded, [Some(2_002), Some(2_002)]);
    assert_eq!(gate.use_units(Some(10), 2 * MIB), 0);
    assert_eq!(gate.abort(), Some(2_001));
    assert_eq!(gate.phase(), Phase::Over(Ending::Closed));
    assert_eq!(gate.balance(), "3.00");
    // gone: neither is there anything to authorise anew
    assert_eq!(gate.reauth_of_old(), Some(5_002));
}
