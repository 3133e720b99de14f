//! What the store keeps: records of a class, under a key, as octets.
//!
//! The classes are closed and numbered for ever; what the octets of a class mean is written in the modules below,
//! one fixed, versioned layout a file.

pub mod account;
pub mod act;
mod answer;
pub mod area;
mod basis;
pub mod calendar;
pub mod cdr;
mod codec;
pub mod contract;
pub mod emergency;
pub mod event;
pub mod index;
pub mod invoice;
pub mod ledger;
pub mod notice;
pub mod operation;
pub mod session;
pub mod subscriber;
pub mod tariff;
pub mod voucher;

use core::fmt;

pub use codec::RecordError;

/// The longest key, in octets.
pub const KEY_MAX: usize = 64;

/// The longest piece of a value that is written as one part; longer values are split into parts of this size that
/// stand under one sequence number.
pub const PART_MAX: usize = 3_968;

/// The longest value, in octets.
pub const VALUE_MAX: usize = 16 * 1024 * 1024;

/// What kind of thing a record is. The number is what stands on disk; numbers are never used again.
///
/// Classes from 128 on live in the journal and its archived segments alone and are read by their frame
/// ([`crate::store::State::read_frame`]); all others are state: the last value of a key counts and can be loaded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Class {
    /// Single facts: last time journalled, Origin-State-Id, numbers to be given next.
    Meta = 1,
    /// An account: balances, reservations, allowances, last ledger frame.
    Account = 2,
    /// A session or its tombstone.
    Session = 3,
    /// Subscriber number (MSISDN) to account.
    Msisdn = 4,
    /// IMSI to account.
    Imsi = 5,
    /// Usage counters (fair use, payment limits).
    Counter = 6,
    /// A catalogue version, by its content's hash.
    Catalogue = 7,
    /// An operator's idempotency key and the result stored with it.
    Operation = 8,
    /// Hashed repeat keys of events in time buckets, each pointing to the frame that holds the answer.
    EventBucket = 9,
    /// A subscriber number's own properties and blocks.
    Subscriber = 10,
    /// A fair-use case.
    Case = 11,
    /// A voucher batch or voucher.
    Voucher = 12,
    /// A payment, by its reference.
    Payment = 13,
    /// An invoice or a closed period.
    Invoice = 14,
    /// An emergency session or event, granted from the request alone.
    Emergency = 15,
    /// A contract.
    Contract = 16,
    /// The holder of numbers, by its 12-digit number.
    Holder = 17,
    /// When something is to be done about a number or an account next.
    Calendar = 19,
    /// When a version of the tariffs comes into force.
    Tariff = 21,
    /// A ledger entry of an account.
    Ledger = 128,
    /// The stored answer of an event.
    EventAnswer = 129,
    /// What an operator did: who, when, what, why.
    Audit = 130,
    /// A charging data record.
    Cdr = 131,
    /// What a subscriber is told.
    Notice = 132,
}

impl Class {
    /// Every class, in the order of its number.
    pub const ALL: [Self; 24] = [
        Self::Meta,
        Self::Account,
        Self::Session,
        Self::Msisdn,
        Self::Imsi,
        Self::Counter,
        Self::Catalogue,
        Self::Operation,
        Self::EventBucket,
        Self::Subscriber,
        Self::Case,
        Self::Voucher,
        Self::Payment,
        Self::Invoice,
        Self::Emergency,
        Self::Contract,
        Self::Holder,
        Self::Calendar,
        Self::Tariff,
        Self::Ledger,
        Self::EventAnswer,
        Self::Audit,
        Self::Cdr,
        Self::Notice,
    ];

    /// The number on disk.
    #[expect(
        clippy::as_conversions,
        reason = "the discriminant of a fieldless repr(u8) enum has no other reading"
    )]
    pub const fn octet(self) -> u8 {
        self as u8
    }

    /// The class of a number on disk; `None` if this version of gyro knows none.
    pub fn from_octet(octet: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.octet() == octet)
    }

    /// Whether records of this class are kept in the journal and its archive alone.
    pub const fn is_journal_only(self) -> bool {
        self.octet() >= 128
    }

    /// The class's name in messages and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Account => "account",
            Self::Session => "session",
            Self::Msisdn => "msisdn",
            Self::Imsi => "imsi",
            Self::Counter => "counter",
            Self::Catalogue => "catalogue",
            Self::Operation => "operation",
            Self::EventBucket => "event-bucket",
            Self::Subscriber => "subscriber",
            Self::Case => "case",
            Self::Voucher => "voucher",
            Self::Payment => "payment",
            Self::Invoice => "invoice",
            Self::Emergency => "emergency",
            Self::Contract => "contract",
            Self::Holder => "holder",
            Self::Calendar => "calendar",
            Self::Tariff => "tariff",
            Self::Ledger => "ledger",
            Self::EventAnswer => "event-answer",
            Self::Audit => "audit",
            Self::Cdr => "cdr",
            Self::Notice => "notice",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The key of a record within its class: up to [`KEY_MAX`] octets, ordered as octets.
#[derive(Clone, Copy)]
pub struct Key {
    len: u8,
    octets: [u8; KEY_MAX],
}

impl Key {
    /// The empty key, which comes before every other.
    pub const EMPTY: Self = Self { len: 0, octets: [0; KEY_MAX] };

    /// A key of these octets; `None` if they are more than [`KEY_MAX`].
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut key = Self::EMPTY;
        key.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        key.len = u8::try_from(octets.len()).ok()?;
        Some(key)
    }

    /// A number as a key, in an order that is the order of numbers.
    pub fn from_u64(number: u64) -> Self {
        let mut key = Self::EMPTY;
        for (to, from) in key.octets.iter_mut().zip(number.to_be_bytes()) {
            *to = from;
        }
        key.len = 8;
        key
    }

    /// The number this key was made of by [`Key::from_u64`]; `None` for a key of another length.
    pub fn to_u64(&self) -> Option<u64> {
        self.as_octets().try_into().ok().map(u64::from_be_bytes)
    }

    /// The octets.
    pub fn as_octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The first key after this one that can be made; `None` if this is the last.
    pub fn next(&self) -> Option<Self> {
        let mut key = *self;
        if let Some(octet) = key.octets.get_mut(usize::from(key.len)) {
            *octet = 0;
            key.len = key.len.saturating_add(1);
            return Some(key);
        }
        while let Some(last) = key.len.checked_sub(1) {
            let octet = key.octets.get_mut(usize::from(last))?;
            if let Some(more) = octet.checked_add(1) {
                *octet = more;
                return Some(key);
            }
            *octet = 0;
            key.len = last;
        }
        None
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_octets() == other.as_octets()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.as_octets().cmp(other.as_octets())
    }
}

impl core::hash::Hash for Key {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.as_octets().hash(state);
    }
}

/// In hexadecimal: keys may hold subscriber numbers only hashed or packed, and are no text.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_octets().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// A full after-image: what stands under a key from its sequence number on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// What kind of thing it is.
    pub class: Class,
    /// Its key within the class.
    pub key: Key,
    /// Its octets, at most [`VALUE_MAX`]; `None` says that there is nothing under this key any more.
    pub value: Option<Vec<u8>>,
}

impl Record {
    /// A record that puts `value` under `key`.
    pub fn put(class: Class, key: Key, value: Vec<u8>) -> Self {
        Self { class, key, value: Some(value) }
    }

    /// A record that removes what stands under `key`.
    pub fn remove(class: Class, key: Key) -> Self {
        Self { class, key, value: None }
    }
}

/// Octets of hexadecimal digits, of records as they once were.
#[cfg(test)]
fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Octets in hexadecimal, for golden tests.
#[cfg(test)]
fn hex(octets: &[u8]) -> String {
    use core::fmt::Write as _;
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_class_is_found_by_its_own_number() {
        for class in Class::ALL {
            assert_eq!(Class::from_octet(class.octet()), Some(class));
        }
        assert_eq!(Class::from_octet(0), None);
        assert_eq!(Class::from_octet(255), None);
        assert!(Class::Ledger.is_journal_only());
        assert!(!Class::Account.is_journal_only());
    }

    #[test]
    fn a_key_of_65_octets_is_none() {
        assert!(Key::new(&[1; 64]).is_some());
        assert!(Key::new(&[1; 65]).is_none());
    }

    #[test]
    fn the_last_key_has_no_next() {
        let last = Key::new(&[255; 64]).unwrap();
        assert_eq!(last.next(), None);
        let mut octets = [255; 64];
        octets[62] = 7;
        let next = Key::new(&octets).unwrap().next().unwrap();
        assert_eq!(next.as_octets().len(), 63);
        assert_eq!(next.as_octets()[62], 8);
    }

    proptest! {
        #[test]
        fn keys_are_ordered_as_octets_and_numbers_as_numbers(a: u64, b: u64, c in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(Key::from_u64(a).cmp(&Key::from_u64(b)), a.cmp(&b));
            prop_assert_eq!(Key::from_u64(a).to_u64(), Some(a));
            let key = Key::new(&c).unwrap();
            prop_assert_eq!(key.as_octets(), &c[..]);
            prop_assert!(key.next().unwrap() > key);
        }
    }
}
