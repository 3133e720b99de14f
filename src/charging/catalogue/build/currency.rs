//! Currencies of ISO 4217: those in use as money, with two digits after the point.

use crate::charging::catalogue::Currency;

/// The currency of three capital letters; none where it is not in the table.
pub(super) fn currency(code: &str) -> Option<Currency> {
    let &(code, numeric) = CURRENCIES.iter().find(|(known, _)| *known == code)?;
    Some(Currency { code: *code.as_bytes().first_chunk()?, numeric })
}

/// The codes that are known.
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    CURRENCIES.iter().map(|&(code, _)| code)
}

/// Code and number.
const CURRENCIES: [(&str, u16); 75] = [
    ("AED", 784),
    ("AFN", 971),
    ("ALL", 8),
    ("AMD", 51),
    ("ARS", 32),
    ("AUD", 36),
    ("AZN", 944),
    ("BAM", 977),
    ("BDT", 50),
    ("BGN", 975),
    ("BOB", 68),
    ("BRL", 986),
    ("BYN", 933),
    ("CAD", 124),
    ("CHF", 756),
    ("CNY", 156),
    ("COP", 170),
    ("CRC", 188),
    ("CZK", 203),
    ("DKK", 208),
    ("DOP", 214),
    ("DZD", 12),
    ("EGP", 818),
    ("ETB", 230),
    ("EUR", 978),
    ("GBP", 826),
    ("GEL", 981),
    ("GHS", 936),
    ("GTQ", 320),
    ("HKD", 344),
    ("HNL", 340),
    ("HUF", 348),
    ("IDR", 360),
    ("ILS", 376),
    ("INR", 356),
    ("IRR", 364),
    ("KES", 404),
    ("KGS", 417),
    ("KHR", 116),
    ("KZT", 398),
    ("LAK", 418),
    ("LBP", 422),
    ("LKR", 144),
    ("MAD", 504),
    ("MDL", 498),
    ("MKD", 807),
    ("MMK", 104),
    ("MNT", 496),
    ("MXN", 484),
    ("MYR", 458),
    ("MZN", 943),
    ("NGN", 566),
    ("NOK", 578),
    ("NPR", 524),
    ("NZD", 554),
    ("PEN", 604),
    ("PHP", 608),
    ("PKR", 586),
    ("PLN", 985),
    ("QAR", 634),
    ("RON", 946),
    ("RSD", 941),
    ("RUB", 643),
    ("SAR", 682),
    ("SEK", 752),
    ("SGD", 702),
    ("THB", 764),
    ("TJS", 972),
    ("TMT", 934),
    ("TRY", 949),
    ("TZS", 834),
    ("UAH", 980),
    ("USD", 840),
    ("UZS", 860),
    ("ZAR", 710),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenge_is_398_and_nonsense_is_nothing() {
        let tenge = currency("KZT").unwrap();
        assert_eq!((tenge.as_str(), tenge.numeric), ("KZT", 398));
        for code in ["", "kzt", "KZ", "KZTT", "XXX", "ТНГ"] {
            assert_eq!(currency(code), None, "{code}");
        }
    }

    #[test]
    fn codes_are_sorted_and_numbers_are_not_given_twice() {
        assert!(CURRENCIES.is_sorted_by(|one, next| one.0 < next.0));
        let mut numbers: Vec<_> = CURRENCIES.iter().map(|&(_, number)| number).collect();
        numbers.sort_unstable();
        assert!(numbers.is_sorted_by(|one, next| one < next));
    }
}
