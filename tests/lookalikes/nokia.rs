//! Nokia: quotas by group and service, numbers from 1, and a CCR-T without end.

use gyro::sim::actor::{Ending, Phase};
use gyro::sim::quota::Standing;

use crate::gate::{Gate, Loss, MIB};

const TEN: Option<u32> = Some(10);

#[test]
fn a_day_of_nokia() {
    let mut gate = Gate::new("nokia", 1_500);
    gate.attach();
    assert_eq!(gate.last.clone().unwrap().0.ask.number, 1);
    gate.lose(Loss::Answer);
    assert_eq!(gate.use_units(TEN, 9 * MIB), 0);
    gate.repeat();
    gate.exhaust(TEN);
    assert_eq!((gate.phase(), gate.balance().as_str()), (Phase::Open, "0.00"));
    assert_eq!(gate.standing(TEN), Standing::Blocked(None));
    gate.topup(700);
    assert_eq!((&gate.demanded[..], gate.standing(TEN)), (&[Some(2_002)][..], Standing::Granted));
    assert_eq!(gate.reauth(TEN), Some(2_002));
    assert_eq!(gate.use_units(TEN, 3 * MIB), 0);
    gate.end();
    assert_eq!(gate.balance(), "4.00");
}

#[test]
fn a_ccr_t_that_is_sent_for_an_hour_is_charged_once() {
    let mut gate = Gate::new("nokia", 1_500);
    gate.attach();
    assert_eq!(gate.use_units(TEN, 3 * MIB), 0);
    gate.end();
    let (_, first) = gate.last.clone().unwrap();
    for _ in 0..720 {
        assert!(gate.actor.replay());
        gate.run();
        let (_, again) = gate.last.clone().unwrap();
        assert_eq!(first.slice(20..), again.slice(20..));
    }
    assert_eq!((gate.phase(), gate.ends_sent), (Phase::Over(Ending::Closed), 721));
    assert_eq!(gate.balance(), "12.00");
}
