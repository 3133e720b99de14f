//! The tool that stops at whatever it does not expect.

use gyro::sim::actor::{Ending, Phase};

use crate::gate::{Gate, Loss, MIB};

const TEN: Option<u32> = Some(10);

#[test]
fn a_run_of_the_tool_that_stops() {
    let mut gate = Gate::new("probe", 2_500);
    gate.attach();
    assert_eq!(gate.use_units(TEN, 20 * MIB), 0);
    gate.repeat();
    gate.lose(Loss::Answer);
    assert_eq!(gate.exhaust(TEN), 5 * MIB);
    assert_eq!(gate.phase(), Phase::Over(Ending::Closed));
    gate.attach();
    assert_eq!(gate.phase(), Phase::Over(Ending::Refused(4_012)), "at command level: that it knows");
    gate.topup(200);
    gate.attach();
    assert_eq!(gate.use_units(TEN, MIB), 0);
    gate.end();
    assert_eq!(gate.balance(), "1.00");
}
