//! siphon-sip: units at command level, a word when the call is answered, more use than a small grant, messages.

use gyro::ro::ccr::RequestType;
use gyro::sim::actor::{Ending, Phase};

use crate::gate::{Gate, Loss};

const BOB: &str = "sip:77051234567@kcell.kz;user=phone";

#[test]
fn a_day_of_siphon() {
    let mut gate = Gate::new("siphon", 2_930);
    gate.attach_to(Some(BOB));
    // at the answer a report of nothing
    assert_eq!(gate.codes, [(RequestType::Initial, 2_001), (RequestType::Update, 2_001)]);
    assert_eq!(gate.balance(), "29.30");
    assert_eq!(gate.use_units(None, 130), 0);
    gate.end();
    assert_eq!(gate.balance(), "16.30");
    gate.repeat();
    assert_eq!(gate.message("77051234567"), 2_001);
    assert_eq!(gate.message("77051234567"), 2_001);
    gate.attach_to(Some(BOB));
    assert_eq!(gate.use_units(None, 60), 0);
    assert_eq!(gate.exhaust(None), 5, "of a grant of 3 s it uses 5");
    assert_eq!(gate.phase(), Phase::Over(Ending::Closed));
    assert_eq!(gate.balance(), "-0.20");
    gate.attach_to(Some(BOB));
    assert_eq!(gate.phase(), Phase::Over(Ending::Refused(4_012)));
    assert_eq!(gate.message("77051234567"), 4_012);
    gate.topup(620);
    gate.attach_to(Some(BOB));
    assert_eq!(gate.use_units(None, 20), 0);
    gate.end();
    assert_eq!(gate.balance(), "4.00");
}

#[test]
fn a_call_whose_update_is_lost_lives_on_what_it_has() {
    let mut gate = Gate::new("siphon", 3_000);
    gate.attach_to(Some(BOB));
    gate.lose(Loss::Answer);
    // the first grant is used up, its report gets no answer: the call is over with it
    gate.exhaust(None);
    assert_eq!(gate.phase(), Phase::Over(Ending::Closed));
    assert_eq!(gate.balance(), "24.00");
}

#[test]
fn a_call_to_112_needs_no_money() {
    for number in ["sip:112@kcell.kz", "tel:112"] {
        let mut gate = Gate::new("siphon", 0);
        gate.attach_to(Some(number));
        assert_eq!(gate.phase(), Phase::Open);
        assert_eq!(gate.actor.quota(None).unwrap().granted, 3_600);
    }
}
