//! A commercial PGW that stalls without threshold and holding time.

use gyro::sim::quota::Standing;

use crate::gate::{Gate, Loss, MIB};

const TEN: Option<u32> = Some(10);

#[test]
fn a_day_of_a_commercial_pgw() {
    let mut gate = Gate::new("pgw", 3_000);
    gate.attach();
    assert_eq!(gate.use_units(TEN, 12 * MIB), 0);
    gate.repeat();
    gate.lose(Loss::Request);
    assert_eq!(gate.use_units(TEN, 4 * MIB), 0);
    gate.lose(Loss::Answer);
    gate.pass(600);
    assert_eq!((gate.standing(TEN), gate.reserved().as_str()), (Standing::Idle, "0.00"));
    assert_eq!(gate.exhaust(TEN), 14 * MIB);
    gate.topup(500);
    gate.end();
    gate.attach();
    assert_eq!(gate.use_units(TEN, MIB), 0);
    gate.end();
    assert_eq!(gate.balance(), "4.00");
}
