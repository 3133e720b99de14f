//! A message centre: one CCR-E for each message.

use crate::gate::{Gate, Loss};

#[test]
fn a_day_of_a_message_centre() {
    let mut gate = Gate::new("smsc", 1_200);
    assert_eq!(gate.message("77051234567"), 2_001);
    gate.repeat();
    gate.lose(Loss::Answer);
    assert_eq!(gate.message("77051234568"), 2_001);
    let (again, _) = gate.last.clone().unwrap();
    assert!(again.again);
    assert_eq!(gate.balance(), "2.00");
    assert_eq!(gate.message("77051234569"), 4_012);
    gate.repeat();
    gate.topup(300);
    // the refusal of that message stands; the next one goes out
    gate.repeat();
    gate.lose(Loss::Request);
    assert_eq!(gate.message("77051234569"), 2_001);
    assert_eq!((gate.balance().as_str(), gate.reserved().as_str()), ("0.00", "0.00"));
}
