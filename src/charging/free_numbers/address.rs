//! Addresses as they arrive, read down to what was dialled.

use core::str::FromStr as _;

use super::Called;
use crate::charging::units::Digits;

/// What an address says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Address {
    /// `urn:service:sos` or one of its sub-services (RFC 5031 §4.2).
    Sos,
    /// A number, and the `phone-context` where it is the beginning of a global number.
    Number(Dialled, Option<Dialled>),
    /// Neither.
    Other,
}

/// The longest written form of a number that is read, in octets before percent-decoding is undone.
const WRITTEN_MAX: usize = 128;

/// The most parameters among which a phone context is looked for.
const PARAMETERS_MAX: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Tel,
    Sip,
    Bare,
}

impl Address {
    /// Reads an address.
    pub(super) fn read(address: &str) -> Self {
        if let Some(dialled) = Dialled::plain(address) {
            return Self::Number(dialled, None);
        }
        let text = trimmed(address);
        Self::of_uri(text)
            .or_else(|| Self::of_uri(bracketed(text)?))
            .unwrap_or_else(|| Self::of_number(text, Scheme::Bare))
    }

    /// Reads a URI; none where the text is none of those that carry a number or name the emergency service.
    fn of_uri(text: &str) -> Option<Self> {
        if let Some(name) = after(text, "urn:") {
            return Some(if is_sos(name) { Self::Sos } else { Self::Other });
        }
        let (scheme, rest) = if let Some(rest) = after(text, "tel:") {
            (Scheme::Tel, rest)
        } else {
            (Scheme::Sip, after(text, "sip:").or_else(|| after(text, "sips:"))?)
        };
        Some(Self::of_number(rest.strip_prefix("//").unwrap_or(rest), scheme))
    }

    fn of_number(text: &str, scheme: Scheme) -> Self {
        if scheme != Scheme::Tel && is_ip_address(text) {
            return Self::Other;
        }
        match read_number(text, scheme) {
            Some(dialled) => Self::Number(dialled, phone_context(text)),
            None => Self::Other,
        }
    }
}

/// Without white space, NUL and invisible marks at either end.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|one: char| one.is_whitespace() || one == '\0' || is_invisible(one))
}

/// What stands between the angle brackets of `"Name" <tel:112>;tag=1`.
fn bracketed(text: &str) -> Option<&str> {
    let (_, inner) = text.rsplit_once('<')?;
    inner.split_once('>').map(|(inner, _)| trimmed(inner))
}

/// What follows `prefix`, whose letters may be of either case.
fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// What follows `urn:` names the emergency service: `service:sos`, then nothing, a sub-service, or
/// components and parameters that do not belong to the name.
fn is_sos(name: &str) -> bool {
    let mut octets = Unescaped::of(name);
    let named =
        b"service:sos".iter().all(|&own| octets.next().is_some_and(|it| it.eq_ignore_ascii_case(&own)));
    named && octets.next().is_none_or(|next| matches!(next, b'.' | b';' | b'?' | b'#' | b'@'))
}

/// Whether the text, up to a port or parameters, is a dotted IPv4 address and no user part.
fn is_ip_address(text: &str) -> bool {
    let host = text.split([';', ':', '?']).next().unwrap_or(text);
    let dots = host.bytes().take(16).filter(|&octet| octet == b'.').count();
    dots == 3 && core::net::Ipv4Addr::from_str(host).is_ok()
}

/// The number at the start of `text`, which must be all that stands before the scheme's delimiters,
/// whether those are escaped or not.
fn read_number(text: &str, scheme: Scheme) -> Option<Dialled> {
    let mut written = [0u8; WRITTEN_MAX];
    let mut places = written.iter_mut();
    let mut len = 0usize;
    let ends = |octet: u8| match scheme {
        Scheme::Tel => matches!(octet, b';' | b'?'),
        Scheme::Sip => matches!(octet, b';' | b'?' | b':' | b'@'),
        Scheme::Bare => matches!(octet, b';' | b'@'),
    };
    for octet in Unescaped::of(text).take_while(|&octet| !ends(octet)) {
        *places.next()? = octet;
        len = len.checked_add(1)?;
    }
    Dialled::read(core::str::from_utf8(written.get(..len)?).ok()?)
}

/// The phone context among the parameters, where it is the beginning of a global number (RFC 3966 §5.1.5).
fn phone_context(text: &str) -> Option<Dialled> {
    let mut parameters = text.split(';').skip(1).take(PARAMETERS_MAX);
    let value = parameters.find_map(|parameter| after(parameter, "phone-context="))?;
    read_number(value, Scheme::Bare).filter(|context| context.plus)
}

/// Whether a parameter tells of a look-up for number portability (RFC 4694 §3): `npdi`, or `rn=` and a value.
pub(super) fn is_routed(text: &str) -> bool {
    text.split(';').skip(1).take(PARAMETERS_MAX).any(|parameter| {
        let name = parameter.split(['@', '?', '>']).next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("npdi") || after(name, "rn=").is_some_and(|value| !value.is_empty())
    })
}

/// Octets with percent-encoding undone; a `%` without two hexadecimal digits stands for itself.
struct Unescaped<'a>(&'a [u8]);

impl<'a> Unescaped<'a> {
    fn of(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl Iterator for Unescaped<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        if let (b'%', [high, low, after @ ..]) = (first, rest)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            self.0 = after;
            return Some((high << 4) | low);
        }
        self.0 = rest;
        Some(first)
    }
}

fn hex(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Marks that text carries without showing them: zero-width and directional.
fn is_invisible(one: char) -> bool {
    matches!(one, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What may stand between digits: visual separators (RFC 3966 §3), white space, dashes, invisible marks.
fn is_separator(one: char) -> bool {
    matches!(one, '-' | '.' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || one.is_whitespace()
        || is_invisible(one)
}

/// The value of a digit: ASCII, full-width, Arabic-Indic, extended Arabic-Indic.
fn digit(one: char) -> Option<u8> {
    let zero = match one {
        '0'..='9' => '0',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    u8::try_from(u32::from(one).checked_sub(u32::from(zero))?).ok()
}

/// A dialled number: up to twenty digits, four bits each, and whether a `+` stood before them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Dialled {
    plus: bool,
    packed: u128,
    len: usize,
}

impl Dialled {
    /// Fifteen digits behind the longest dialling prefix, and room to spare.
    const MAX_LEN: usize = 20;

    const EMPTY: Self = Self { plus: false, packed: 0, len: 0 };

    /// The quick way for what is nothing but ASCII digits.
    fn plain(text: &str) -> Option<Self> {
        let octets = text.as_bytes();
        let plain =
            !octets.is_empty() && octets.len() <= Self::MAX_LEN && octets.iter().all(u8::is_ascii_digit);
        plain.then(|| octets.iter().try_fold(Self::EMPTY, |number, octet| number.with(octet & 0x0f)))?
    }

    /// Reads digits with separators between them; none where anything else stands there.
    fn read(text: &str) -> Option<Self> {
        let mut number = Self::EMPTY;
        for one in text.chars() {
            if let Some(digit) = digit(one) {
                number = number.with(digit)?;
            } else if matches!(one, '+' | '\u{ff0b}') && number == Self::EMPTY {
                number.plus = true;
            } else if !is_separator(one) {
                return None;
            }
        }
        (number.len > 0).then_some(number)
    }

    /// The same digits, without `+`.
    pub(super) fn from_digits(digits: Digits) -> Self {
        Self { plus: false, packed: u128::from(digits.packed() >> 4), len: digits.len() }
    }

    fn with(self, digit: u8) -> Option<Self> {
        let len = self.len.checked_add(1).filter(|&len| len <= Self::MAX_LEN)?;
        Some(Self { packed: (self.packed << 4) | u128::from(digit), len, ..self })
    }

    /// The digits, where there are no more than fit.
    pub(super) fn digits(self) -> Option<Digits> {
        let len = u64::try_from(self.len).ok().filter(|_| self.len <= Digits::MAX_LEN)?;
        Digits::from_packed((u64::try_from(self.packed).ok()? << 4) | len)
    }

    /// Without the first digits and without `+`; none where nothing would be left.
    pub(super) fn without_first(self, count: usize) -> Option<Self> {
        let len = self.len.checked_sub(count).filter(|&len| len > 0)?;
        let mask = 1u128.checked_shl(u32::try_from(len.checked_mul(4)?).ok()?)?.checked_sub(1)?;
        Some(Self { plus: false, packed: self.packed & mask, len })
    }

    /// Whether the digits begin with those of `prefix`.
    fn starts_with(self, prefix: &str) -> bool {
        self.without_first(prefix.len()).is_some_and(|rest| {
            let head =
                u32::try_from(rest.len.saturating_mul(4)).ok().and_then(|bits| self.packed.checked_shr(bits));
            let own = prefix.bytes().fold(0u128, |own, octet| (own << 4) | u128::from(octet & 0x0f));
            head == Some(own)
        })
    }

    /// What stands behind `+7` or the trunk prefix `8`.
    pub(super) fn behind_country_or_trunk(self) -> Option<Self> {
        let prefix = if self.plus { "7" } else { "8" };
        self.starts_with(prefix).then(|| self.without_first(1))?
    }

    /// Behind the `7` of Kazakhstan and Russia.
    fn in_country(self) -> Option<Called> {
        let digits = self.digits()?;
        let packed =
            (7u64.checked_shl(u32::try_from(digits.len().checked_mul(4)?).ok()?)?) | (digits.packed() >> 4);
        let len = u64::try_from(digits.len()).ok()?.checked_add(1)?;
        Digits::from_packed((packed << 4) | len).map(Called::E164)
    }

    /// As a full number of seven digits or more that does not begin with 0.
    fn full(self) -> Option<Called> {
        let fits = self.len >= 7 && !self.starts_with("0");
        self.digits().filter(|_| fits).map(Called::E164)
    }

    /// The number as rating sees it. `context` is the beginning of a global number that a local one
    /// belongs to.
    pub(super) fn called(self, context: Option<Self>) -> Called {
        self.as_called(context).unwrap_or(Called::Other)
    }

    fn as_called(self, context: Option<Self>) -> Option<Called> {
        let short =
            |code: Self| code.digits().filter(|code| code.len() <= Called::SHORT_MAX).map(Called::Short);
        if self.plus {
            let behind = self.behind_country_or_trunk().and_then(short);
            return behind.or_else(|| self.full());
        }
        if let Some(code) = short(self) {
            return Some(code);
        }
        if self.len == 11 && self.starts_with("8") && !self.starts_with("810") {
            return self.without_first(1)?.in_country();
        }
        if self.len == 10 && (self.starts_with("7") || self.starts_with("6")) {
            return self.in_country();
        }
        for international in ["810", "00"] {
            if self.starts_with(international) {
                return self.without_first(international.len())?.full();
            }
        }
        if let Some(whole) = context.and_then(|context| self.within(context)) {
            return Some(whole);
        }
        self.full().filter(|_| self.len >= 8)
    }

    /// A local number joined to its context, where that makes a full number of `+7`.
    fn within(self, context: Self) -> Option<Called> {
        let joined =
            context.len.checked_add(self.len).filter(|&len| len == 11 && context.starts_with_or_is("7"))?;
        let shift = u32::try_from(self.len.checked_mul(4)?).ok()?;
        let packed = context.packed.checked_shl(shift)? | self.packed;
        Self { plus: true, packed, len: joined }.full()
    }

    fn starts_with_or_is(self, digit: &str) -> bool {
        self.starts_with(digit)
            || (self.len == 1 && digit.bytes().all(|own| u128::from(own & 0x0f) == self.packed))
    }
}
