//! Radio access technologies, as far as grants tell them apart (`RES-1`; values of 3GPP-RAT-Type, TS 29.061
//! §16.4.7.2).

/// A kind of radio access.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Radio {
    /// GSM, with its packet service; also generic access to it.
    Geran,
    /// UMTS, HSPA and HSPA+.
    Utran,
    /// LTE.
    Eutran,
    /// 5G New Radio.
    Nr,
    /// LTE for things: NB-IoT and LTE-M.
    Iot,
    /// Wireless LAN.
    Wlan,
}

impl Radio {
    /// All of them, by the names that a tariff has for them.
    pub const NAMED: [(&'static str, Self); 6] = [
        ("geran", Self::Geran),
        ("utran", Self::Utran),
        ("eutran", Self::Eutran),
        ("nr", Self::Nr),
        ("iot", Self::Iot),
        ("wlan", Self::Wlan),
    ];

    /// The kind of a value of 3GPP-RAT-Type; none where grants do not tell it apart.
    pub const fn of(value: u8) -> Option<Self> {
        match value {
            1 | 5 => Some(Self::Utran),
            2 | 4 => Some(Self::Geran),
            3 => Some(Self::Wlan),
            6 => Some(Self::Eutran),
            8 | 9 => Some(Self::Iot),
            10 | 51 => Some(Self::Nr),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rat_type_is_of_one_kind_or_of_none() {
        let kinds = |kind| (0..=u8::MAX).filter(|&value| Radio::of(value) == Some(kind)).collect::<Vec<_>>();
        for (kind, values) in [
            (Radio::Utran, vec![1, 5]),
            (Radio::Geran, vec![2, 4]),
            (Radio::Wlan, vec![3]),
            (Radio::Eutran, vec![6]),
            (Radio::Iot, vec![8, 9]),
            (Radio::Nr, vec![10, 51]),
        ] {
            assert_eq!(kinds(kind), values, "{kind:?}");
            assert!(Radio::NAMED.iter().any(|&(_, named)| named == kind));
        }
    }
}
