//! The tool in Huawei's manner: octets at command level under a context in free text.

use gyro::sim::actor::{Ending, Phase};

use crate::gate::{Gate, Loss, MIB};

#[test]
fn a_run_of_the_tool_in_huaweis_manner() {
    let mut gate = Gate::new("huawei", 2_500);
    gate.attach();
    assert_eq!(gate.reserved(), "10.00");
    assert_eq!(gate.use_units(None, 12 * MIB), 0);
    gate.repeat();
    gate.lose(Loss::Answer);
    assert_eq!(gate.exhaust(None), 13 * MIB);
    assert_eq!(gate.phase(), Phase::Over(Ending::Closed));
    gate.attach();
    assert_eq!(gate.phase(), Phase::Over(Ending::Refused(4_012)));
    gate.topup(200);
    gate.attach();
    assert_eq!(gate.use_units(None, MIB), 0);
    gate.end();
    assert_eq!(gate.balance(), "1.00");
}
