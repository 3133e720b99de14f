//! An application server of calls that speaks RFC 8506: what the caller hears before the end, where he is sent when
//! nothing is left, and how he comes back from there.

use gyro::ro::ccr::RequestType;
use gyro::sim::actor::{Ending, Phase};
use gyro::sim::heard::Last;
use gyro::sim::quota::Standing;

use crate::gate::Gate;

const BOB: &str = "tel:+77051234567";
const VOICE: Option<u32> = Some(100);

/// Announcements of the last answer: the number, and how many seconds before the end of the quota.
fn heard(gate: &Gate) -> Vec<(u32, Option<u32>)> {
    gate.actor.answered_last().unwrap().offers.iter().flat_map(|offer| offer.announcements.clone()).collect()
}

/// The final unit of the last answer, in the words of RFC 4006 and in those of RFC 8506.
fn last(gate: &Gate) -> (Option<Last>, Option<Last>) {
    let offer = gate.actor.answered_last().unwrap().offers[0].clone();
    (offer.last, offer.newer)
}

#[test]
fn a_day_of_an_application_server() {
    let mut gate = Gate::new("tas", 3_000);
    gate.attach_to(Some(BOB));
    // at the answer a report of nothing
    assert_eq!(gate.codes, [(RequestType::Initial, 2_001), (RequestType::Update, 2_001)]);
    assert_eq!(gate.balance(), "30.00");
    assert_eq!(gate.use_units(VOICE, 130), 0);
    gate.repeat();
    assert_eq!(gate.reauth(None), Some(2_002));
    assert_eq!(gate.balance(), "17.00");
    assert_eq!(gate.exhaust(VOICE), 170);
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Over(Ending::Closed), "0.00"));
    gate.attach_to(Some(BOB));
    assert_eq!(gate.phase(), Phase::Over(Ending::Refused(4_012)));
    gate.topup(600);
    gate.attach_to(Some(BOB));
    assert_eq!(gate.abort(), Some(2_001));
    assert_eq!(gate.phase(), Phase::Over(Ending::Closed));
    assert_eq!(gate.balance(), "6.00");
}

#[test]
fn a_caller_hears_that_his_money_ends_is_sent_elsewhere_and_comes_back_with_a_top_up() {
    let mut gate = Gate::on_plan("tas", "announced", 1_400);
    gate.attach_to(Some(BOB));
    assert_eq!((heard(&gate), last(&gate)), (vec![], (None, None)));
    // 8.00 are left, and less than 10.00 is low
    assert_eq!(gate.use_units(VOICE, 60), 0);
    assert_eq!((gate.balance().as_str(), heard(&gate)), ("8.00", vec![(1, None)]));
    // the last 20 s
    assert_eq!(gate.use_units(VOICE, 60), 0);
    let sent = (Some(Last::Redirect), Some(Last::Redirect));
    assert_eq!((heard(&gate), last(&gate)), (vec![(2, Some(10))], sent));
    // they are used: a report without a question; he hears that nothing is left, and is where he was sent
    gate.exhaust(VOICE);
    assert_eq!((gate.phase(), gate.standing(VOICE)), (Phase::Open, Standing::Limited));
    assert_eq!((gate.balance().as_str(), heard(&gate)), ("0.00", vec![(3, None)]));
    // the validity is over and there is still nothing: he hears it again, and stays there
    let due = gate.actor.due().expect("a call that is redirected asks again");
    gate.pass(due.since(gate.actor.now()).as_secs());
    assert_eq!((gate.standing(VOICE), heard(&gate), last(&gate)), (Standing::Limited, vec![(3, None)], sent));
    // a top-up lets him out
    gate.topup(600);
    assert_eq!((gate.demanded.as_slice(), gate.standing(VOICE)), (&[Some(2_002)][..], Standing::Granted));
    assert_eq!(gate.use_units(VOICE, 30), 0);
    gate.end();
    assert_eq!((gate.balance().as_str(), gate.reserved().as_str()), ("3.00", "0.00"));
    // who has little hears it when he calls
    gate.attach_to(Some(BOB));
    assert_eq!(gate.use_units(VOICE, 30), 0);
    gate.end();
    // who has nothing is sent elsewhere at once
    gate.attach_to(Some(BOB));
    assert_eq!((gate.phase(), gate.standing(VOICE)), (Phase::Open, Standing::Limited));
    assert_eq!((heard(&gate), last(&gate)), (vec![(3, None)], sent));
}

#[test]
fn the_same_plan_ends_the_call_of_a_client_that_can_neither_play_nor_send_it_elsewhere() {
    let mut gate = Gate::on_plan("kamailio", "announced", 600);
    gate.attach_to(Some(BOB));
    assert_eq!(gate.actor.quota(VOICE).unwrap().last, Some(Last::Terminate));
    assert_eq!(heard(&gate), []);
    gate.exhaust(VOICE);
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Over(Ending::Closed), "0.00"));
}

#[test]
fn a_call_to_112_needs_no_money_and_no_announcement() {
    let mut gate = Gate::on_plan("tas", "announced", 0);
    gate.attach_to(Some("tel:112"));
    assert_eq!((gate.phase(), heard(&gate)), (Phase::Open, vec![]));
}
