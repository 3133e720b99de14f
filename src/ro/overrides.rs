//! The written form of a profile's keys: what an operator may say of clients of his own.

use std::borrow::Cow;

use crate::charging::request::TariffChangeForm;

use super::profile::{FreeAnswer, Overrides, Rar, Throttle, UnknownM};

/// A key or a value that a profile does not have.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OverrideError {
    /// No profile has this key.
    #[error("a profile has no key {0}")]
    Key(Box<str>),
    /// The key does not take this value.
    #[error("{key} is {allowed}, found {found:?}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it takes.
        allowed: &'static str,
        /// What was written.
        found: Box<str>,
    },
}

impl Overrides {
    /// Sets a key from its written form.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), OverrideError> {
        let word = |key, allowed| OverrideError::Value { key, allowed, found: value.into() };
        let switch = |key| value.parse().map_err(|_| word(key, "true or false"));
        match key {
            "honour_rsu" => self.honour_rsu = Some(switch("honour_rsu")?),
            "redirect" => self.redirect = Some(switch("redirect")?),
            "restrict" => self.restrict = Some(switch("restrict")?),
            "triggers" => self.triggers = Some(switch("triggers")?),
            "announcements" => self.announcements = Some(switch("announcements")?),
            "advice" => self.advice = Some(switch("advice")?),
            "balance" => self.balance = Some(switch("balance")?),
            "expiration" => self.expiration = Some(switch("expiration")?),
            "furnish" => self.furnish = Some(switch("furnish")?),
            "refund" => self.refund = Some(switch("refund")?),
            "tariff_change" => {
                self.tariff_change = Some(match value {
                    "none" => TariffChangeForm::None,
                    "single" => TariffChangeForm::Single,
                    "dual" => TariffChangeForm::Dual,
                    _ => return Err(word("tariff_change", "\"none\", \"single\" or \"dual\"")),
                });
            }
            "qos_fui" => self.qos_fui = Some(switch("qos_fui")?),
            "pools" => self.pools = Some(switch("pools")?),
            "holding_time" => self.holding_time = Some(switch("holding_time")?),
            "multi_connection" => self.multi_connection = Some(Some(switch("multi_connection")?)),
            "default_context" => self.default_context = Some(Some(Cow::Owned(value.to_owned()))),
            "max_units" => {
                let octets = value.parse().ok().filter(|octets| *octets > 0);
                self.max_units =
                    Some(Some(octets.ok_or_else(|| word("max_units", "a number of octets above 0"))?));
            }
            "max_validity" => {
                let secs = value.parse().ok().filter(|secs| *secs > 0);
                self.max_validity =
                    Some(Some(secs.ok_or_else(|| word("max_validity", "a number of seconds above 0"))?));
            }
            "throttle" => self.throttle = Some(throttle(value).ok_or_else(|| word("throttle", THROTTLES))?),
            "free_answer" => {
                self.free_answer = Some(match value {
                    "grant" => FreeAnswer::Grant,
                    "4011" => FreeAnswer::NotApplicable,
                    _ => return Err(word("free_answer", "\"grant\" or \"4011\"")),
                });
            }
            "unknown_m" => {
                self.unknown_m = Some(match value {
                    "refuse" => UnknownM::Refuse,
                    "ignore" => UnknownM::Ignore,
                    _ => return Err(word("unknown_m", "\"refuse\" or \"ignore\"")),
                });
            }
            "rar" => {
                self.rar = Some(match value {
                    "reacts" => Rar::Reacts,
                    "acknowledges" => Rar::Acknowledges,
                    "none" => Rar::None,
                    _ => return Err(word("rar", "\"reacts\", \"acknowledges\" or \"none\"")),
                });
            }
            _ => return Err(OverrideError::Key(key.into())),
        }
        Ok(())
    }
}

const THROTTLES: &str =
    "one of \"filter-id\", \"qos-fui\", \"qos-information\", \"sy\", \"rule-base\", \"none\"";

fn throttle(word: &str) -> Option<Throttle> {
    Some(match word {
        "filter-id" => Throttle::FilterId,
        "qos-fui" => Throttle::QosFui,
        "qos-information" => Throttle::QosInformation,
        "sy" => Throttle::Sy,
        "rule-base" => Throttle::RuleBase,
        "none" => Throttle::None,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_takes_its_words_and_refuses_others() {
        for (key, good) in [
            ("honour_rsu", "true"),
            ("redirect", "false"),
            ("restrict", "false"),
            ("triggers", "false"),
            ("announcements", "true"),
            ("advice", "true"),
            ("balance", "true"),
            ("expiration", "true"),
            ("furnish", "true"),
            ("refund", "false"),
            ("tariff_change", "dual"),
            ("qos_fui", "true"),
            ("pools", "true"),
            ("holding_time", "false"),
            ("multi_connection", "true"),
            ("max_units", "1048576"),
            ("max_validity", "600"),
            ("throttle", "filter-id"),
            ("free_answer", "4011"),
            ("unknown_m", "ignore"),
            ("rar", "acknowledges"),
        ] {
            let mut overrides = Overrides::default();
            assert_eq!(overrides.set(key, good), Ok(()), "{key}");
            assert_ne!(overrides, Overrides::default(), "{key}");
            assert!(matches!(overrides.set(key, "perhaps"), Err(OverrideError::Value { .. })), "{key}");
        }
        let mut overrides = Overrides::default();
        assert_eq!(overrides.set("speed", "1").unwrap_err().to_string(), "a profile has no key speed");
    }
}
