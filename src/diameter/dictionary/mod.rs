//! The dictionary: what the numbers in a message mean.
//!
//! A [`Dictionary`] is an explicit value, made by a [`DictionaryBuilder`] from what is built in
//! ([`builtin()`]) and from files that the shell has read; nothing here is global, and nothing reads a file.

pub mod builder;
mod builtin;
pub mod declaration;
mod index;
pub mod model;
pub mod problem;

pub use self::builder::{Built, DictionaryBuilder};
pub use self::builtin::builtin;
pub use self::index::nearest;
pub use self::model::{
    Application, AvpDefinition, AvpKey, AvpRule, CommandDefinition, DataType, Enumerator, FlagRule, Grammar,
    Name, RuleKind, Vendor,
};
pub use self::problem::{Fault, Note, Problem};

use self::index::{KeyIndex, NameIndex};

/// Applications, vendors, commands and AVPs, with fast look-up by key and look-up by name.
#[derive(Clone, Debug)]
pub struct Dictionary {
    applications: Vec<Application>,
    vendors: Vec<Vendor>,
    commands: Vec<CommandDefinition>,
    avps: Vec<AvpDefinition>,
    command_keys: KeyIndex,
    avp_keys: KeyIndex,
    avp_names: NameIndex,
}

impl Dictionary {
    /// A dictionary of these parts, each without duplicates; they are sorted here.
    fn assemble(
        mut applications: Vec<Application>,
        mut vendors: Vec<Vendor>,
        mut commands: Vec<CommandDefinition>,
        mut avps: Vec<AvpDefinition>,
    ) -> Self {
        applications.sort_by_key(|application| application.id);
        vendors.sort_by_key(|vendor| vendor.code);
        commands.sort_by_key(|command| (command.application, command.code));
        avps.sort_by_key(|avp| avp.key);
        let command_keys = KeyIndex::new(commands.iter().map(|command| (command.application, command.code)));
        let avp_keys = KeyIndex::new(avps.iter().map(|avp| (avp.key.vendor, avp.key.code)));
        let avp_names = NameIndex::new(avps.iter().map(|avp| avp.name.as_ref()));
        Self { applications, vendors, commands, avps, command_keys, avp_keys, avp_names }
    }

    /// The AVP of a vendor (0: none) with this code. Takes constant time and allocates nothing.
    pub fn avp(&self, vendor: u32, code: u32) -> Option<&AvpDefinition> {
        self.avps.get(self.avp_keys.find(vendor, code)?)
    }

    /// The AVP with this key.
    pub fn avp_by_key(&self, key: AvpKey) -> Option<&AvpDefinition> {
        self.avp(key.vendor, key.code)
    }

    /// The AVP of that name: spelled exactly so if there is one, else whatever the case of its letters
    /// (`Service-Id` and `Service-ID` are two AVPs); of several, the one with the lowest vendor and code.
    pub fn avp_by_name(&self, name: &str) -> Option<&AvpDefinition> {
        let exact = self.avps_by_name(name).find(|avp| avp.name == name);
        exact.or_else(|| self.avps_by_name(name).next())
    }

    /// Every AVP of that name, whatever the case of its letters, by vendor and code.
    pub fn avps_by_name(&self, name: &str) -> impl Iterator<Item = &AvpDefinition> {
        self.avp_names.find(name).filter_map(|at| self.avps.get(at))
    }

    /// Every AVP, by vendor and code.
    pub fn avps(&self) -> &[AvpDefinition] {
        &self.avps
    }

    /// The command with this code as `application` has it, else as the base protocol has it for every
    /// application (Re-Auth, Abort-Session, Session-Termination, …).
    pub fn command(&self, application: u32, code: u32) -> Option<&CommandDefinition> {
        let at = self.command_keys.find(application, code).or_else(|| self.command_keys.find(0, code))?;
        self.commands.get(at)
    }

    /// Every command of that name, whatever the case of its letters: `Credit-Control`,
    /// `Credit-Control-Request`, `CCR`, `CCA`.
    pub fn commands_by_name(&self, name: &str) -> impl Iterator<Item = &CommandDefinition> {
        self.commands.iter().filter(move |command| {
            command.name.eq_ignore_ascii_case(name)
                || [true, false].into_iter().any(|request| {
                    command.abbreviation(request).eq_ignore_ascii_case(name)
                        || command.full_name(request).eq_ignore_ascii_case(name)
                })
        })
    }

    /// Every command, by application and code.
    pub fn commands(&self) -> &[CommandDefinition] {
        &self.commands
    }

    /// The application with this id.
    pub fn application(&self, id: u32) -> Option<&Application> {
        let at = self.applications.binary_search_by_key(&id, |application| application.id).ok()?;
        self.applications.get(at)
    }

    /// Every application, by id.
    pub fn applications(&self) -> &[Application] {
        &self.applications
    }

    /// The vendor with this enterprise number.
    pub fn vendor(&self, code: u32) -> Option<&Vendor> {
        let at = self.vendors.binary_search_by_key(&code, |vendor| vendor.code).ok()?;
        self.vendors.get(at)
    }

    /// Every vendor, by enterprise number.
    pub fn vendors(&self) -> &[Vendor] {
        &self.vendors
    }

    /// The AVP or command name nearest to one that is not there, for messages; `None` if nothing is near.
    pub fn nearest_name(&self, name: &str) -> Option<&str> {
        let avps = self.avps.iter().map(|avp| avp.name.as_ref());
        let commands = self.commands.iter().map(|command| command.name.as_ref());
        nearest(name, avps.chain(commands))
    }
}
