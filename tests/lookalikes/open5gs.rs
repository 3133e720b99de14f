//! Open5GS: any final unit is the end, a quota without a group, nothing after a RAR.

use gyro::ro::ccr::RequestType;
use gyro::sim::actor::{Ending, Phase};

use crate::gate::{Gate, Loss, MIB};

#[test]
fn a_day_of_open5gs() {
    let mut gate = Gate::new("open5gs", 3_000);
    gate.attach();
    assert_eq!((gate.phase(), gate.reserved().as_str()), (Phase::Open, "10.00"));
    // it asks again at the threshold: 8 MiB, then 4 of the next grant
    assert_eq!(gate.use_units(None, 12 * MIB), 0);
    assert_eq!(gate.balance(), "22.00");
    gate.repeat();
    // the answer to the next report is lost: sent again with T, charged once
    gate.lose(Loss::Answer);
    assert_eq!(gate.use_units(None, 4 * MIB), 0);
    assert_eq!(gate.balance(), "14.00");
    gate.lose(Loss::Request);
    assert_eq!(gate.use_units(None, 8 * MIB), 0);
    assert_eq!(gate.balance(), "6.00");
    gate.beat();
    // the rest is the last grant; when it is used up the session ends
    assert_eq!(gate.exhaust(None), 6 * MIB);
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Over(Ending::Closed), "0.00"));
    // refused: nothing is sent any more, and nothing stays
    gate.attach();
    assert_eq!(gate.phase(), Phase::Over(Ending::Refused(4_012)));
    assert_eq!(gate.ends_sent, 1);
    gate.topup(500);
    gate.attach();
    assert_eq!(gate.use_units(None, 3 * MIB), 0);
    // a RAR is said yes to, and nothing follows: validity is what reaches the session, a quarter of an hour by its profile
    let before = gate.codes.len();
    assert_eq!(gate.reauth(None), Some(2_001));
    assert_eq!(gate.codes.len(), before);
    gate.pass(900);
    assert_eq!(gate.codes[before..], [(RequestType::Update, 2_001)]);
    // an ASR is not even answered
    assert_eq!(gate.abort(), None);
    gate.end();
    assert_eq!(gate.balance(), "2.00");
}
