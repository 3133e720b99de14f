//! What becomes of a user without money where the plan does not cut him off: each make gets the final unit that it
//! takes, and comes back from it with a top-up.

use gyro::sim::actor::{Ending, Phase};
use gyro::sim::heard::Last;
use gyro::sim::make::MAKES;
use gyro::sim::manners::{Level, Make, Service};
use gyro::sim::quota::Standing;

use crate::gate::{Gate, MIB};

const BOB: &str = "tel:+77051234567";

/// What each make is sent when it has used up its last units.
fn wants(name: &str, plan: &str) -> Last {
    match (name, plan) {
        // any final unit is the end, or calls cannot be sent to a page, or filters are not looked at
        ("open5gs" | "kamailio" | "siphon" | "tas", _) | ("nokia", "restricted") => Last::Terminate,
        (_, "restricted") => Last::Restrict,
        _ => Last::Redirect,
    }
}

/// The tool that stops at whatever it does not expect is for plans that cut off.
fn metering() -> impl Iterator<Item = &'static dyn Make> {
    let metering = |make: &&dyn Make| {
        let manners = make.manners();
        manners.service != Service::Messages && manners.level != Level::Nothing && manners.name != "probe"
    };
    MAKES.iter().copied().filter(metering)
}

#[test]
fn the_last_units_say_what_the_make_takes() {
    for make in metering() {
        for plan in ["redirected", "restricted"] {
            let name = make.manners().name;
            let mut gate = Gate::on_plan(name, plan, 300);
            gate.attach_to(Some(BOB));
            let group = make.manners().groups.first().copied();
            let quota = gate.actor.quota(group).unwrap();
            assert_eq!(quota.last, Some(wants(name, plan)), "{name}, {plan}");
        }
    }
}

#[test]
fn a_limited_user_is_let_out_by_a_top_up() {
    for make in metering().filter(|make| make.manners().service == Service::Data) {
        for plan in ["redirected", "restricted"] {
            let name = make.manners().name;
            let group = make.manners().groups.first().copied();
            let mut gate = Gate::on_plan(name, plan, 300);
            gate.attach();
            gate.exhaust(group);
            assert_eq!(gate.balance(), "0.00", "{name}");
            if wants(name, plan) == Last::Terminate {
                let over = gate.phase() == Phase::Over(Ending::Closed);
                let closed = over || matches!(gate.standing(group), Standing::Blocked(_));
                assert!(closed, "{name}, {plan}");
                continue;
            }
            assert_eq!(
                (gate.phase(), gate.standing(group)),
                (Phase::Open, Standing::Limited),
                "{name}, {plan}"
            );
            // validity is over: it asks, and stays where it is
            let due = gate.actor.due().unwrap_or_else(|| panic!("{name} would stay there for ever"));
            gate.pass(due.since(gate.actor.now()).as_secs());
            assert_eq!(gate.standing(group), Standing::Limited, "{name}, {plan}");
            gate.topup(500);
            assert_eq!(gate.standing(group), Standing::Granted, "{name}, {plan}: {:?}", gate.demanded);
            assert_eq!(gate.use_units(group, 2 * MIB), 0, "{name}");
            gate.end();
            assert_eq!((gate.balance().as_str(), gate.reserved().as_str()), ("3.00", "0.00"), "{name}");
        }
    }
}

#[test]
fn who_has_nothing_from_the_start_is_limited_at_once_or_refused() {
    for make in metering().filter(|make| make.manners().service == Service::Data) {
        for plan in ["redirected", "restricted"] {
            let name = make.manners().name;
            let group = make.manners().groups.first().copied();
            let mut gate = Gate::on_plan(name, plan, 0);
            gate.attach();
            match wants(name, plan) {
                Last::Terminate => {
                    let standing = gate.actor.quota(group).map(|quota| quota.standing);
                    assert_ne!(standing, Some(Standing::Granted), "{name}, {plan}");
                }
                _ => assert_eq!(gate.standing(group), Standing::Limited, "{name}, {plan}"),
            }
        }
    }
}
