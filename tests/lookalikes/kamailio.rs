//! Kamailio: calls by SIP URI, no second try, a CCR-T that may overtake the CCA-I.

use gyro::ro::ccr::RequestType;
use gyro::sim::actor::{Ending, Phase};

use crate::gate::{Gate, Loss};

const BOB: &str = "tel:+77051234567";
const VOICE: Option<u32> = Some(100);

#[test]
fn a_day_of_kamailio() {
    let mut gate = Gate::new("kamailio", 3_000);
    gate.attach_to(Some(BOB));
    assert_eq!(gate.use_units(VOICE, 130), 0);
    assert_eq!(gate.balance(), "18.00");
    gate.repeat();
    // a RAR: it reports and asks within the second
    assert_eq!(gate.reauth(None), Some(2_001));
    assert_eq!(gate.balance(), "17.00");
    assert_eq!(gate.exhaust(VOICE), 170);
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Over(Ending::Closed), "0.00"));
    gate.attach_to(Some(BOB));
    assert_eq!(gate.phase(), Phase::Over(Ending::Refused(4_012)));
    gate.topup(600);
    gate.attach_to(Some(BOB));
    assert_eq!(gate.use_units(VOICE, 20), 0);
    assert_eq!(gate.abort(), Some(2_001));
    assert_eq!(gate.phase(), Phase::Over(Ending::Closed), "the dialog is killed");
    assert_eq!(gate.balance(), "4.00");
}

#[test]
fn an_update_that_is_lost_is_never_reported_again_and_the_call_lives_on_its_old_quota() {
    // 20 s were in it
    for (loss, balance) in [(Loss::Request, "26.00"), (Loss::Answer, "24.00")] {
        let mut gate = Gate::new("kamailio", 3_000);
        gate.attach_to(Some(BOB));
        assert_eq!(gate.use_units(VOICE, 20), 0);
        gate.lose(loss);
        assert_eq!(gate.reauth(None), Some(2_001));
        assert_eq!(gate.phase(), Phase::Open);
        // 40 s of the first grant are left, then the call is killed
        assert_eq!(gate.exhaust(VOICE), 40);
        assert_eq!(gate.phase(), Phase::Over(Ending::Closed));
        assert_eq!(gate.balance(), balance, "{loss:?}");
    }
}

#[test]
fn a_caller_who_hangs_up_at_once_leaves_nothing_behind() {
    let mut gate = Gate::new("kamailio", 3_000);
    gate.actor.attach(&[], Some(BOB));
    gate.actor.end();
    gate.run();
    assert_eq!(gate.codes, [(RequestType::Initial, 2_001), (RequestType::Termination, 2_001)]);
    assert_eq!((gate.balance().as_str(), gate.reserved().as_str()), ("30.00", "0.00"));
}

#[test]
fn a_ccr_t_that_arrives_before_its_ccr_i_leaves_a_reservation_that_ends_by_itself() {
    let mut gate = Gate::new("kamailio", 3_000);
    gate.overtaking = true;
    gate.actor.attach(&[], Some(BOB));
    gate.actor.end();
    gate.run_unchecked();
    assert_eq!(gate.codes, [(RequestType::Initial, 2_001), (RequestType::Termination, 5_002)]);
    assert_eq!(gate.reserved(), "6.00");
    gate.pass(1_200);
    assert_eq!((gate.balance().as_str(), gate.reserved().as_str()), ("30.00", "0.00"));
}

#[test]
fn a_call_to_112_needs_no_money() {
    let mut gate = Gate::new("kamailio", 0);
    gate.attach_to(Some("tel:112"));
    assert_eq!(gate.phase(), Phase::Open);
    gate.attach_to(Some(BOB));
    assert_eq!(gate.phase(), Phase::Over(Ending::Refused(4_012)));
}
