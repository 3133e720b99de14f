//! The dictionary that is built in: the files of `dictionaries/`, turned into tables when gyro is built.

use super::Dictionary;
use super::builder::DictionaryBuilder;
use super::declaration::{
    AvpDeclaration, CommandDeclaration, GrammarDeclaration, Origin, Role, RuleDeclaration, Source, VendorRef,
};
use super::model::{Application, Enumerator, FlagRule, Name, RuleKind, Vendor};

#[allow(clippy::unreadable_literal, reason = "the build script writes the numbers as the files have them")]
mod tables {
    use super::{FlagRule, RuleKind, StaticAvp, StaticCommand, StaticSource};

    include!(concat!(env!("OUT_DIR"), "/dictionary.rs"));
}

/// One file.
struct StaticSource {
    applications: &'static [(u32, &'static str)],
    vendors: &'static [(u32, &'static str, &'static str)],
    commands: &'static [StaticCommand],
    avps: &'static [StaticAvp],
}

/// A rule: name, brackets, at least, at most.
type StaticRule = (&'static str, RuleKind, u32, Option<u32>);

/// One command.
struct StaticCommand {
    application: u32,
    code: u32,
    name: &'static str,
    short: &'static str,
    proxiable: bool,
    request: &'static [StaticRule],
    answer: &'static [StaticRule],
}

/// One AVP.
struct StaticAvp {
    name: &'static str,
    code: u32,
    vendor: u32,
    data_type: &'static str,
    mandatory: FlagRule,
    vendor_bit: FlagRule,
    members: &'static [&'static str],
    values: &'static [(i64, &'static str)],
}

/// The dictionary that is built in: the base protocol (RFC 6733), credit control (RFC 8506), 3GPP charging
/// (TS 32.299) and Sy (TS 29.219). Making it takes about a millisecond; do it once.
pub fn builtin() -> Dictionary {
    // The tables are constant, and a test proves that they have no fault.
    DictionaryBuilder::builtin().finish().0.dictionary
}

impl DictionaryBuilder {
    /// A builder that holds what is built in, for files that add to it.
    pub fn builtin() -> Self {
        let mut builder = Self::new();
        for source in tables::SOURCES {
            builder.add(source.declare(), Role::Standard);
        }
        builder
    }
}

impl StaticSource {
    fn declare(&self) -> Source {
        let applications = self.applications.iter();
        let vendors = self.vendors.iter();
        Source {
            applications: applications
                .map(|(id, name)| (Application { id: *id, name: Name::Borrowed(name) }, Origin::default()))
                .collect(),
            vendors: vendors
                .map(|(code, word, name)| {
                    let (word, name) = (Name::Borrowed(*word), Name::Borrowed(*name));
                    (Vendor { code: *code, word, name }, Origin::default())
                })
                .collect(),
            types: Vec::new(),
            commands: self.commands.iter().map(StaticCommand::declare).collect(),
            avps: self.avps.iter().map(StaticAvp::declare).collect(),
        }
    }
}

impl StaticCommand {
    fn declare(&self) -> CommandDeclaration {
        CommandDeclaration {
            application: self.application,
            code: self.code,
            name: Name::Borrowed(self.name),
            short: Some(Name::Borrowed(self.short)),
            proxiable: Some(self.proxiable),
            request: grammar(self.request.iter().copied()),
            answer: grammar(self.answer.iter().copied()),
            origin: Origin::default(),
        }
    }
}

impl StaticAvp {
    fn declare(&self) -> AvpDeclaration {
        let values = self.values.iter();
        AvpDeclaration {
            name: Name::Borrowed(self.name),
            code: self.code,
            vendor: VendorRef::Code(self.vendor),
            data_type: Name::Borrowed(self.data_type),
            mandatory: self.mandatory,
            protected: FlagRule::May,
            vendor_bit: self.vendor_bit,
            members: grammar(self.members.iter().map(|name| (*name, RuleKind::Optional, 0, None))),
            enumerators: values
                .map(|(value, name)| Enumerator { value: *value, name: Name::Borrowed(name) })
                .collect(),
            origin: Origin::default(),
        }
    }
}

fn grammar(rules: impl Iterator<Item = StaticRule>) -> GrammarDeclaration {
    let declare = |(name, kind, min, max): StaticRule| RuleDeclaration {
        name: Name::Borrowed(name),
        kind,
        min,
        max,
        origin: Origin::default(),
    };
    GrammarDeclaration { rules: rules.map(declare).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::model::{AvpKey, DataType};
    use super::*;

    #[test]
    fn the_built_in_sources_have_no_fault_and_nothing_to_note() {
        let built = DictionaryBuilder::builtin().build().unwrap();
        assert_eq!(built.notes, []);
    }

    #[test]
    fn avps_are_known_by_vendor_and_code_and_by_name() {
        let dictionary = builtin();
        let request_type = dictionary.avp(0, 416).unwrap();
        assert_eq!(request_type.name, "CC-Request-Type");
        assert_eq!(request_type.enumerator(2), Some("UPDATE_REQUEST"));
        assert_eq!(request_type.value_of("update_request"), Some(2));
        assert_eq!(dictionary.avp(10_415, 416), None);
        assert_eq!(dictionary.avp(10_415, 1).unwrap().name, "3GPP-IMSI");
        assert_eq!(dictionary.avp(0, 1).unwrap().name, "User-Name");
        assert_eq!(dictionary.avp_by_name("service-information").unwrap().key, AvpKey::new(10_415, 873));
        assert_eq!(dictionary.nearest_name("Ratting-Group"), Some("Rating-Group"));
    }

    #[test]
    fn where_public_dictionaries_differ_the_standards_text_holds() {
        let dictionary = builtin();
        let data_type = |code| dictionary.avp(10_415, code).map(|avp| avp.data_type);
        assert_eq!(data_type(861), Some(DataType::Integer32));
        assert_eq!(data_type(2708), Some(DataType::Utf8String));
        assert_eq!(data_type(1302), Some(DataType::Grouped));
        assert_eq!(dictionary.avp(10_415, 4406).unwrap().name, "3GPP-PS-Data-Off-Status");
        assert_eq!(dictionary.avp(10_415, 4407).unwrap().name, "Unused-Quota-Timer");
        assert_eq!(dictionary.avp(10_415, 829).unwrap().enumerator(2), Some("FORWARDING_ROLE"));
        assert_eq!(dictionary.avp(10_415, 2904).unwrap().name, "SL-Request-Type");
        assert_eq!(dictionary.avp(0, 2904), None);
        assert_eq!(dictionary.avp(0, 438).unwrap().data_type, DataType::IpFilterRule);
        assert_eq!(dictionary.avp(0, 669).unwrap().mandatory, FlagRule::May);
    }

    #[test]
    fn a_command_is_looked_up_in_its_application_and_then_in_the_base_protocol() {
        let dictionary = builtin();
        let credit_control = dictionary.command(4, 272).unwrap();
        assert_eq!(credit_control.abbreviation(true), "CCR");
        assert_eq!(credit_control.full_name(false), "Credit-Control-Answer");
        let first = credit_control.request.rules.first().unwrap();
        assert_eq!((first.avp, first.kind), (AvpKey::new(0, 263), RuleKind::Fixed));
        assert!(credit_control.request.open);
        // What the Ro profile adds is there too.
        assert!(credit_control.request.rule(AvpKey::new(10_415, 873)).is_some());
        assert!(dictionary.command(4, 258).unwrap().request.rule(AvpKey::new(0, 432)).is_some());
        assert!(dictionary.command(7, 258).unwrap().request.rule(AvpKey::new(0, 432)).is_none());
        assert!(!dictionary.command(0, 257).unwrap().proxiable);
        assert_eq!(dictionary.command(0, 272), None);
        assert_eq!(dictionary.commands_by_name("snr").next().unwrap().code, 8_388_636);
    }
}
