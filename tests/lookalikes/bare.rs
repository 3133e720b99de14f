//! The tool without quotas: sessions come and go, and cost nothing.

use gyro::ro::ccr::RequestType;

use crate::gate::{Gate, Loss};

#[test]
fn a_run_of_the_tool_without_quotas() {
    let mut gate = Gate::new("bare", 0);
    gate.attach();
    gate.repeat();
    gate.use_units(None, 1);
    gate.lose(Loss::Answer);
    gate.use_units(None, 1);
    gate.end();
    gate.repeat();
    let kinds: Vec<_> = gate.codes.iter().map(|(kind, code)| (kind.value(), *code)).collect();
    assert_eq!(kinds, [(1, 2_001), (1, 2_001), (2, 2_001), (3, 2_001), (3, 2_001)]);
    assert_eq!(gate.last.clone().unwrap().0.ask.kind, RequestType::Termination);
    assert_eq!((gate.balance().as_str(), gate.world.disk.ledger.len()), ("0.00", 0));
}
