//! What holds for all makes alike.

use gyro::sim::actor::{Ending, Phase};
use gyro::sim::make::MAKES;
use gyro::sim::manners::{Level, Make, Service};

use crate::gate::{Gate, Loss, MIB};

const BOB: &str = "tel:+77051234567";

/// All that have sessions with quotas: the group to be used, and how much is a little of it.
fn metering() -> impl Iterator<Item = (&'static str, Option<u32>, u64)> {
    let metering = |make: &&dyn Make| {
        make.manners().service != Service::Messages && make.manners().level != Level::Nothing
    };
    MAKES.iter().copied().filter(metering).map(|make| {
        let manners = make.manners();
        let little = if manners.service == Service::Data { MIB } else { 10 };
        (manners.name, manners.groups.first().copied(), little)
    })
}

#[test]
fn a_gateway_that_falls_silent_leaves_nothing_reserved_and_its_late_report_is_charged_once() {
    for (name, group, little) in metering() {
        let mut gate = Gate::new(name, 5_000);
        gate.attach_to(Some(BOB));
        assert_eq!(gate.use_units(group, 3 * little), 0, "{name}");
        assert_ne!(gate.reserved(), "0.00", "{name}");
        let now = gate.world.now;
        gate.world.pass_to(now.plus(std::time::Duration::from_hours(3)));
        assert_eq!(gate.reserved(), "0.00", "{name}");
        gate.end();
        gate.repeat();
        assert_eq!(gate.balance(), "47.00", "{name}");
    }
}

#[test]
fn validity_that_is_over_brings_a_report_and_a_new_grant() {
    for (name, group, little) in metering() {
        let mut gate = Gate::new(name, 5_000);
        gate.attach_to(Some(BOB));
        assert_eq!(gate.use_units(group, 2 * little), 0, "{name}");
        let before = gate.codes.len();
        gate.pass(3_600);
        assert!(gate.codes.len() > before, "{name} reports by itself");
        assert_eq!(gate.balance(), "48.00", "{name}");
        gate.use_units(group, little);
        gate.end();
        assert_eq!((gate.balance().as_str(), gate.reserved().as_str()), ("47.00", "0.00"), "{name}");
    }
}

#[test]
fn every_request_may_be_lost_or_its_answer_and_what_arrives_is_charged_once() {
    for (name, group, little) in metering() {
        for loss in [Loss::Request, Loss::Answer] {
            // the CCR-I
            let mut gate = Gate::new(name, 5_000);
            gate.lose(loss);
            gate.actor.attach(&[], Some(BOB));
            gate.run_unchecked();
            if gate.phase() == Phase::Over(Ending::GivenUp) {
                // what the server holds for a call that did not come about ends by itself
                gate.pass(1_200);
                assert_eq!(gate.reserved(), "0.00", "{name}");
                gate.attach_to(Some(BOB));
            }
            assert_eq!(gate.phase(), Phase::Open, "{name}");
            // the first report, whatever brings it
            gate.use_units(group, 3 * little);
            gate.lose(loss);
            gate.pass(3_600);
            // the end
            if gate.phase() == Phase::Open {
                gate.lose(loss);
                gate.end();
            }
            gate.world.pass_to(gate.world.now.plus(std::time::Duration::from_hours(3)));
            assert_eq!(gate.reserved(), "0.00", "{name}");
            gate.books();
        }
    }
}

#[test]
fn all_look_alikes_are_told_apart_by_their_names() {
    let mut names: Vec<&str> = MAKES.iter().map(|make| make.manners().name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), MAKES.len());
    assert!(gyro::sim::make::by_name("open5gs").is_some());
    assert!(gyro::sim::make::by_name("nobody").is_none());
}
