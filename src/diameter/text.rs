//! A message as a tree of lines: each AVP with its name, code, flags and value, each fault in its place.

use core::fmt::{self, Write as _};

use super::avp::Avp;
use super::dictionary::{AvpDefinition, Dictionary};
use super::message::{Avps, Message};
use super::value::Value;

/// Octets that a line shows at most of a value that is octets.
const SHOWN_OCTETS: usize = 256;

/// Shows a message with the names of a dictionary.
///
/// ```text
/// CCR Credit-Control-Request RP-- command 272, application 4 Diameter Credit Control, …
///   Session-Id (263) -M- = "pgw.kz;1;2"
///   CC-Request-Type (416) -M- = 2 UPDATE_REQUEST
///   Multiple-Services-Credit-Control (456) -M-
///     Rating-Group (432) -M- = 10
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    message: &'a Message,
    dictionary: &'a Dictionary,
}

impl<'a> Text<'a> {
    /// Shows `message` with the names of `dictionary`.
    pub const fn new(message: &'a Message, dictionary: &'a Dictionary) -> Self {
        Self { message, dictionary }
    }

    fn title(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.message.header();
        let (application, code) = (header.application.get(), header.command.get());
        let request = header.flags.is_request();
        match self.dictionary.command(application, code) {
            Some(command) => write!(f, "{} {}", command.abbreviation(request), command.full_name(request))?,
            None => write!(f, "Unknown-{}", if request { "Request" } else { "Answer" })?,
        }
        write!(f, " {} command {code}, application {application}", header.flags)?;
        if let Some(known) = self.dictionary.application(application) {
            write!(f, " {}", known.name)?;
        }
        writeln!(
            f,
            ", hop-by-hop {:#010x}, end-to-end {:#010x}, {} octets",
            header.hop_by_hop.get(),
            header.end_to_end.get(),
            self.message.bytes().len()
        )
    }

    fn level(&self, f: &mut fmt::Formatter<'_>, group: Option<&Avp<'_>>, avps: Avps<'_>) -> fmt::Result {
        for avp in avps {
            self.avp(f, &avp)?;
        }
        let depth = group.map_or(1, |group| group.depth().saturating_add(1));
        for (fault, offset) in self.message.faults_of(group) {
            indent(f, depth)?;
            writeln!(f, "! {fault} at octet {offset}: {}", unread(fault.result_code.get()))?;
        }
        Ok(())
    }

    fn avp(&self, f: &mut fmt::Formatter<'_>, avp: &Avp<'_>) -> fmt::Result {
        let definition = self.dictionary.avp_by_key(avp.key());
        indent(f, avp.depth())?;
        f.write_str(definition.map_or("Unknown", |definition| &definition.name))?;
        write!(f, " ({}) {}", avp.key(), avp.flags())?;
        match Value::read(avp, definition) {
            Value::Group => {
                f.write_char('\n')?;
                self.level(f, Some(avp), avp.children())
            }
            value => {
                f.write_str(" = ")?;
                show(f, value, definition)?;
                f.write_char('\n')
            }
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.title(f)?;
        self.level(f, None, self.message.avps())
    }
}

/// What a fault of the structure means for who reads the tree.
fn unread(result_code: u32) -> &'static str {
    match result_code {
        3008 => "a request with the E bit",
        5009 => "more AVPs than the limit; the rest is not read",
        _ => "the rest of this level cannot be read",
    }
}

fn indent(f: &mut fmt::Formatter<'_>, depth: u8) -> fmt::Result {
    (0..depth).try_for_each(|_| f.write_str("  "))
}

fn show(f: &mut fmt::Formatter<'_>, value: Value<'_>, definition: Option<&AvpDefinition>) -> fmt::Result {
    match value {
        Value::Group => Ok(()),
        Value::Unsigned(number) => named(f, &number, value.name(definition)),
        Value::Signed(number) => named(f, &number, value.name(definition)),
        Value::Float32(number) => write!(f, "{number:?}"),
        Value::Float64(number) => write!(f, "{number:?}"),
        Value::Text(text) => write!(f, "{text:?}"),
        Value::Address(address) => write!(f, "{address}"),
        Value::Time(at) => write!(f, "{at}"),
        Value::Octets(octets) => hex(f, octets),
        Value::Wrong(error, octets) => {
            hex(f, octets)?;
            write!(f, " ! {}: {error}", error.result_code())
        }
    }
}

fn named(f: &mut fmt::Formatter<'_>, number: &dyn fmt::Display, name: Option<&str>) -> fmt::Result {
    match name {
        Some(name) => write!(f, "{number} {name}"),
        None => write!(f, "{number}"),
    }
}

/// Hexadecimal digits, and the text if it is one that a terminal can show.
fn hex(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    if octets.is_empty() {
        return f.write_str("empty");
    }
    f.write_str("0x")?;
    octets.iter().take(SHOWN_OCTETS).try_for_each(|octet| write!(f, "{octet:02x}"))?;
    match octets.len().checked_sub(SHOWN_OCTETS) {
        Some(more @ 1..) => write!(f, "… and {more} octets"),
        _ => match core::str::from_utf8(octets) {
            Ok(text) if octets.len() > 1 && octets.iter().all(|octet| matches!(octet, b' '..=b'~')) => {
                write!(f, " {text:?}")
            }
            _ => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::diameter::dictionary::builtin;
    use crate::diameter::parse::{Limits, parse};
    use crate::diameter::text::Text;
    use crate::diameter::tree::hex;

    fn shown(avps: &str) -> String {
        let avps = hex(avps);
        let length = u32::try_from(avps.len() + 20).unwrap();
        let header = [&(0x0100_0000 | length).to_be_bytes()[..], &hex("c0000110 00000004 11223344 55667788")];
        let octets = [&header.concat()[..], &avps].concat();
        let dictionary = builtin();
        let message = parse(octets.into(), &Limits::DEFAULT, &dictionary).unwrap();
        Text::new(&message, &dictionary).to_string()
    }

    #[test]
    fn a_message_is_shown_with_names_and_typed_values() {
        let text = shown(
            "00000107 40000012 7067772e6b7a3b313b32 0000
             000001a0 4000000c 00000002
             00000037 4000000c ed003780
             000001c8 40000030
               000001b0 4000000c 0000000a
               00000368 c0000010 000028af 00000003
               00000365 8000000c 000028af
             00000101 4000000e 0001 0a000001 0000
             0001869f c0000010 000028af 30313233",
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "CCR Credit-Control-Request RP-- command 272, application 4 Diameter Credit Control, \
                 hop-by-hop 0x11223344, end-to-end 0x55667788, 144 octets",
                "  Session-Id (263) -M- = \"pgw.kz;1;2\"",
                "  CC-Request-Type (416) -M- = 2 UPDATE_REQUEST",
                "  Event-Timestamp (55) -M- = 2026-01-01T00:00:00Z",
                "  Multiple-Services-Credit-Control (456) -M-",
                "    Rating-Group (432) -M- = 10",
                "    Reporting-Reason (872:10415) VM- = 3 QUOTA_EXHAUSTED",
                "    Volume-Quota-Threshold (869:10415) V-- = empty ! 5014 INVALID_AVP_LENGTH: the length does not fit \
                 the format",
                "  Host-IP-Address (257) -M- = 10.0.0.1",
                "  Unknown (99999:10415) VM- = 0x30313233 \"0123\"",
            ]
        );
    }

    #[test]
    fn a_fault_of_the_structure_is_shown_where_it_is() {
        let text =
            shown("000001c8 40000020 000001b0 4000000c 0000000a 000001b0 40000010 0000000a 0000010c40000000");
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "  Multiple-Services-Credit-Control (456) -M-",
                "    Rating-Group (432) -M- = 10",
                "    ! 5014 INVALID_AVP_LENGTH at octet 40: the rest of this level cannot be read",
                "  ! 5014 INVALID_AVP_LENGTH at octet 52: the rest of this level cannot be read",
            ]
        );
    }

    #[test]
    fn control_characters_never_reach_a_terminal() {
        let text = shown("00000107 4000000c 1b5b324a");
        assert!(text.contains("\"\\u{1b}[2J\""), "{text}");
    }
}
