//! The matcher of emergency and free numbers against its slow model.
#![no_main]

use gyro::charging::free_numbers::{FreeNumbers, NumberClass, called};
use gyro::charging::units::Digits;
use libfuzzer_sys::fuzz_target;

#[path = "../../src/charging/free_numbers/model.rs"]
mod model;

const LISTS: [(&[&str], &[&str]); 3] = [
    (&FreeNumbers::DEFAULT_EMERGENCY, &FreeNumbers::DEFAULT_FREE),
    (&["112", "11", "8"], &["3030", "88000801234", "1234567", "112112"]),
    (&["1", "7112", "78000801234"], &["12345", "8112", "101"]),
];

fuzz_target!(|address: &str| {
    let _ = called(address);
    for (emergency, free) in LISTS {
        let digits = |list: &[&str]| list.iter().filter_map(|text| Digits::parse(text)).collect::<Vec<_>>();
        let class = match FreeNumbers::new(&digits(emergency), &digits(free)).classify(address) {
            NumberClass::Emergency => "emergency",
            NumberClass::Free => "free",
            NumberClass::Ordinary => "ordinary",
        };
        assert_eq!(class, model::class(emergency, free, address), "{address:?}");
    }
});
