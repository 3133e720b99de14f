//! What a client can take and how it wants its answers: profiles, as data.
//!
//! A table of built-in profiles, and profiles of the operator that change keys of one of them. A peer gets the
//! profile that its configuration names, else the one that its Product-Name (RFC 6733 §5.3.7) tells, else
//! `standard`.

use std::borrow::Cow;

use crate::charging::request::TariffChangeForm;

/// How a slower speed is ordered from this client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Throttle {
    /// Final-Unit-Indication with RESTRICT_ACCESS and Filter-Id.
    FilterId,
    /// QoS-Final-Unit-Indication (RFC 8506 §8.68).
    QosFui,
    /// QoS-Information in the MSCC (TS 32.299 §7.1.9).
    QosInformation,
    /// Over Sy, to the policy server (TS 29.219).
    Sy,
    /// Charging-Rule-Base-Name.
    RuleBase,
    /// Not at all.
    None,
}

/// How free and emergency calls are answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FreeAnswer {
    /// 2001 with a large grant of price zero.
    Grant,
    /// 4011 at command level: no credit control for this session (RFC 8506 §9.1).
    NotApplicable,
}

/// What an unknown AVP with the M bit leads to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnknownM {
    /// 5001, wherever it stands (RFC 6733 §4.1).
    Refuse,
    /// 5001, but inside Service-Information it is let pass.
    Ignore,
}

/// What the client does with a RAR.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rar {
    /// Asks anew, as it should.
    Reacts,
    /// Says 2001 and does nothing.
    Acknowledges,
    /// It must not be sent one.
    None,
}

macro_rules! profile {
    ($($(#[$doc:meta])+ $key:ident: $type:ty,)+) => {
        /// A client profile.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct Profile {
            /// Its name; stored answers and sessions refer to it.
            pub name: Cow<'static, str>,
            $($(#[$doc])+ pub $key: $type,)+
        }

        /// The keys that a profile of the operator changes in its base; none keeps the base's value.
        #[derive(Clone, PartialEq, Eq, Debug, Default)]
        pub struct Overrides {
            $($(#[$doc])+ pub $key: Option<$type>,)+
        }

        impl Profile {
            /// A profile of its own name that is like this one but for the overrides.
            #[must_use]
            pub fn derive(&self, name: impl Into<Cow<'static, str>>, overrides: Overrides) -> Self {
                Self {
                    name: name.into(),
                    $($key: overrides.$key.unwrap_or_else(|| self.$key.clone()),)+
                }
            }
        }
    };
}

profile! {
    /// A number in Requested-Service-Unit lowers the grant.
    honour_rsu: bool,
    /// How a slower speed is ordered.
    throttle: Throttle,
    /// How free and emergency calls are answered.
    free_answer: FreeAnswer,
    /// Several connections of one identity are served; none: where the peer is not configured by name.
    multi_connection: Option<bool>,
    /// The service context that stands for one that no service has; none: 5031.
    default_context: Option<Cow<'static, str>>,
    /// What an unknown AVP with the M bit leads to.
    unknown_m: UnknownM,
    /// The largest grant in octets.
    max_units: Option<u64>,
    /// The longest validity of a grant in seconds.
    max_validity: Option<u32>,
    /// What it does with a RAR. Grants to one that does not react grow less.
    rar: Rar,
    /// A final unit with REDIRECT is followed.
    redirect: bool,
    /// A final unit with RESTRICT_ACCESS is followed.
    restrict: bool,
    /// QoS-Final-Unit-Indication is understood.
    qos_fui: bool,
    /// Credit pools are understood (RFC 8506 §5.1.2).
    pools: bool,
    /// Quota-Holding-Time is understood (TS 32.299 §7.2.132).
    holding_time: bool,
    /// How it is told of a change of the tariff while a grant lasts (RFC 8506 §5.1.1).
    tariff_change: TariffChangeForm,
    /// Triggers are armed with it (TS 32.299 §7.2.235).
    triggers: bool,
    /// Announcement-Information is understood.
    announcements: bool,
    /// Advice of charge is given where it is asked for (TS 32.280).
    advice: bool,
    /// Low-Balance-Indication and Remaining-Balance are understood.
    balance: bool,
    /// Account-Expiration is understood (TS 32.299, IMS-Information).
    expiration: bool,
    /// PS-Furnish-Charging-Information is taken into the client's records (TS 32.299 §7.2.158).
    furnish: bool,
    /// Refund-Information is understood in the answer to a debit (TS 32.299). Requests for a refund are served
    /// whatever this says.
    refund: bool,
}

const STANDARD: Profile = Profile {
    name: Cow::Borrowed("standard"),
    honour_rsu: false,
    throttle: Throttle::Sy,
    free_answer: FreeAnswer::Grant,
    multi_connection: None,
    default_context: None,
    unknown_m: UnknownM::Refuse,
    max_units: None,
    max_validity: None,
    rar: Rar::Reacts,
    redirect: true,
    restrict: true,
    qos_fui: false,
    pools: false,
    holding_time: true,
    tariff_change: TariffChangeForm::None,
    triggers: true,
    announcements: false,
    advice: false,
    balance: false,
    expiration: false,
    furnish: false,
    refund: true,
};

/// The look-alikes share what all of them let pass. None of them gives back what an event was charged, and some drop
/// an answer with an AVP that they do not know.
const ALIKE: Profile = Profile { unknown_m: UnknownM::Ignore, refund: false, ..STANDARD };

/// The built-in profiles with the beginnings of the Product-Names that tell them, letters of either case.
static BUILT_IN: [(Profile, &[&str]); 8] = [
    (STANDARD, &[]),
    (
        // any final unit ends the session; 871 is not known; a RAR is said yes to and forgotten, so that nothing but
        // the end of its validity reaches a session
        Profile {
            name: Cow::Borrowed("open5gs"),
            rar: Rar::Acknowledges,
            max_validity: Some(900),
            redirect: false,
            restrict: false,
            holding_time: false,
            triggers: false,
            ..ALIKE
        },
        &["open5gs", "freeDiameter"],
    ),
    (Profile { name: Cow::Borrowed("magma"), holding_time: false, triggers: false, ..ALIKE }, &["magma"]),
    (
        // voice: there is nothing to redirect, and quota is seconds that are running
        Profile {
            name: Cow::Borrowed("kamailio"),
            throttle: Throttle::None,
            redirect: false,
            restrict: false,
            holding_time: false,
            triggers: false,
            ..ALIKE
        },
        &["kamailio", "CDiameterPeer"],
    ),
    (
        // calls at an application server: it plays, it sends callers to a SIP URI, it knows RFC 8506
        Profile {
            name: Cow::Borrowed("tas"),
            throttle: Throttle::None,
            restrict: false,
            qos_fui: true,
            holding_time: false,
            triggers: false,
            announcements: true,
            advice: true,
            balance: true,
            expiration: true,
            ..ALIKE
        },
        &["tas"],
    ),
    (
        Profile {
            name: Cow::Borrowed("cisco"),
            throttle: Throttle::FilterId,
            tariff_change: TariffChangeForm::Single,
            ..ALIKE
        },
        &["cisco", "starent", "staros", "asr5"],
    ),
    (
        // filters in a final unit are let be: a restriction would be none
        Profile { name: Cow::Borrowed("nokia"), throttle: Throttle::RuleBase, restrict: false, ..ALIKE },
        &["nokia", "alcatel", "timos", "sr-os", "sr os"],
    ),
    (
        // whoever is not known, taken as widely as can be: a context that no service has is data
        Profile {
            name: Cow::Borrowed("lenient"),
            default_context: Some(Cow::Borrowed(super::service_information::CONTEXT_DATA)),
            triggers: false,
            ..ALIKE
        },
        &[],
    ),
];

/// Why a peer has its profile.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Chosen {
    /// The configuration names it for this peer.
    Configured,
    /// The Product-Name of the CER told it.
    ProductName,
    /// Nothing said anything else.
    Default,
}

/// All profiles of a server: the built-in ones and those of the operator.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profiles {
    custom: Vec<Profile>,
}

impl Profiles {
    /// The built-in ones alone.
    pub const BUILT_IN: Self = Self { custom: Vec::new() };

    /// Adds a profile of the operator. The name of a profile that is there already is given back as an error.
    pub fn add(&mut self, profile: Profile) -> Result<(), Profile> {
        if self.by_name(&profile.name).is_some() {
            return Err(profile);
        }
        self.custom.push(profile);
        Ok(())
    }

    /// The profile of that name.
    pub fn by_name(&self, name: &str) -> Option<&Profile> {
        self.iter().find(|profile| profile.name == name)
    }

    /// The profile of that name, else `standard`: for what was stored under a profile that is gone.
    pub fn by_name_or_standard(&self, name: &str) -> &Profile {
        self.by_name(name).unwrap_or(Self::standard())
    }

    /// The profile `standard`.
    pub fn standard() -> &'static Profile {
        let [(standard, _), ..] = &BUILT_IN;
        standard
    }

    /// All of them, the built-in ones first.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        BUILT_IN.iter().map(|(profile, _)| profile).chain(&self.custom)
    }

    /// The profile of a peer and why it is that: what is configured for it, else what its Product-Name tells,
    /// else `standard`. A configured name that is not there counts as none.
    pub fn select(&self, configured: Option<&str>, product_name: Option<&str>) -> (&Profile, Chosen) {
        if let Some(profile) = configured.and_then(|name| self.by_name(name)) {
            return (profile, Chosen::Configured);
        }
        let told = |(_, products): &&(Profile, &[&str])| {
            let name = product_name.unwrap_or_default().trim_start().as_bytes();
            products.iter().any(|product| {
                name.get(..product.len()).is_some_and(|start| start.eq_ignore_ascii_case(product.as_bytes()))
            })
        };
        match BUILT_IN.iter().find(told) {
            Some((profile, _)) => (profile, Chosen::ProductName),
            None => (Self::standard(), Chosen::Default),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_beats_the_product_name_and_that_beats_the_default() {
        let profiles = Profiles::BUILT_IN;
        for (configured, product, name, chosen) in [
            (Some("cisco"), Some("freeDiameter"), "cisco", Chosen::Configured),
            (None, Some("freeDiameter"), "open5gs", Chosen::ProductName),
            (None, Some("Open5GS v2.7"), "open5gs", Chosen::ProductName),
            (None, Some("magma-fedgw"), "magma", Chosen::ProductName),
            (None, Some("CDiameterPeer"), "kamailio", Chosen::ProductName),
            (None, Some("Kamailio P-CSCF"), "kamailio", Chosen::ProductName),
            (None, Some("tas"), "tas", Chosen::ProductName),
            (None, Some("StarOS"), "cisco", Chosen::ProductName),
            (None, Some("TiMOS-C-22"), "nokia", Chosen::ProductName),
            (None, Some("erlang/diameter"), "standard", Chosen::Default),
            (None, Some(""), "standard", Chosen::Default),
            (None, Some("é"), "standard", Chosen::Default),
            (None, None, "standard", Chosen::Default),
            (Some("gone"), None, "standard", Chosen::Default),
        ] {
            let (profile, why) = profiles.select(configured, product);
            assert_eq!((profile.name.as_ref(), why), (name, chosen), "{configured:?} {product:?}");
        }
    }

    #[test]
    fn only_standard_refuses_unknown_avps_inside_service_information() {
        for profile in Profiles::BUILT_IN.iter() {
            let refuses = profile.unknown_m == UnknownM::Refuse;
            assert_eq!(refuses, profile.name == "standard", "{}", profile.name);
        }
    }

    #[test]
    fn a_profile_of_the_operator_is_its_base_but_for_the_keys_it_names() {
        let mut profiles = Profiles::default();
        let base = profiles.by_name("nokia").unwrap();
        let own = base.derive(
            "vendor-x",
            Overrides { honour_rsu: Some(true), max_units: Some(Some(1 << 20)), ..Overrides::default() },
        );
        assert_eq!(own.throttle, Throttle::RuleBase);
        assert!(own.honour_rsu);
        assert_eq!(own.max_units, Some(1 << 20));
        profiles.add(own.clone()).unwrap();
        assert_eq!(profiles.select(Some("vendor-x"), None), (&own, Chosen::Configured));
        assert_eq!(profiles.add(own.clone()), Err(own));
        let clash = Profiles::standard().derive("magma", Overrides::default());
        assert!(profiles.add(clash).is_err());
    }

    #[test]
    fn what_was_stored_under_a_profile_that_is_gone_is_written_by_standard() {
        assert_eq!(Profiles::BUILT_IN.by_name_or_standard("gone").name, "standard");
        assert_eq!(Profiles::BUILT_IN.by_name_or_standard("magma").name, "magma");
    }
}
