//! Filter rules as an operator writes them: IPFilterRule, RFC 6733 §4.3.1.

use core::net::IpAddr;

/// Whether a text is a rule: `permit|deny in|out PROTO from ADDRESS [PORTS] to ADDRESS [PORTS] [OPTIONS]`. Of the
/// options the words are checked, not what follows them.
pub fn is_filter_rule(text: &str) -> bool {
    let mut words = text.split(' ').peekable();
    text.is_ascii()
        && matches!(words.next(), Some("permit" | "deny"))
        && matches!(words.next(), Some("in" | "out"))
        && words.next().is_some_and(|word| word == "ip" || word.parse::<u8>().is_ok())
        && words.next() == Some("from")
        && is_end(&mut words)
        && words.next() == Some("to")
        && is_end(&mut words)
        && are_options(&mut words)
}

/// An address, and the ports behind it where there are any.
fn is_end<'a>(words: &mut core::iter::Peekable<impl Iterator<Item = &'a str>>) -> bool {
    let Some(word) = words.next() else { return false };
    let word = word.strip_prefix('!').unwrap_or(word);
    let is_address = match word.split_once('/') {
        None => matches!(word, "any" | "assigned") || word.parse::<IpAddr>().is_ok(),
        Some((address, bits)) => match (address.parse(), bits.parse::<u8>()) {
            (Ok(IpAddr::V4(_)), Ok(bits)) => bits <= 32,
            (Ok(IpAddr::V6(_)), Ok(bits)) => bits <= 128,
            _ => false,
        },
    };
    let ports = words.next_if(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    is_address && ports.is_none_or(are_ports)
}

fn are_ports(text: &str) -> bool {
    let port = |text: &str| text.parse::<u16>().ok();
    text.split(',').all(|part| match part.split_once('-') {
        Some((first, last)) => port(first).zip(port(last)).is_some_and(|(first, last)| first <= last),
        None => port(part).is_some(),
    })
}

fn are_options<'a>(words: &mut impl Iterator<Item = &'a str>) -> bool {
    while let Some(word) = words.next() {
        let whole = match word {
            "frag" | "established" | "setup" => true,
            "ipoptions" | "tcpoptions" | "tcpflags" | "icmptypes" => words
                .next()
                .is_some_and(|spec| !spec.is_empty() && spec.bytes().all(|octet| octet.is_ascii_graphic())),
            _ => false,
        };
        if !whole {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_follows_its_grammar() {
        for rule in [
            "permit out ip from 192.0.2.10 to assigned",
            "permit in ip from assigned to 192.0.2.0/24 80,443,8000-8080",
            "deny out 17 from any 53 to !10.0.0.0/8",
            "permit out 6 from 2001:db8::/32 443 to any established",
            "permit in 1 from any to any icmptypes 0,8 frag",
        ] {
            assert!(is_filter_rule(rule), "{rule}");
        }
        for no_rule in [
            "",
            "allow out ip from any to any",
            "permit up ip from any to any",
            "permit out tcp from any to any",
            "permit out 256 from any to any",
            "permit out ip from any",
            "permit out ip from any to any ",
            "permit out ip from  any to any",
            "permit out ip from any to portal.example.org",
            "permit out ip from 192.0.2.0/33 to any",
            "permit out ip from any/8 to any",
            "permit out ip from any 80-70 to any",
            "permit out ip from any 65536 to any",
            "permit out ip from any to any sometimes",
            "permit out ip from any to any tcpflags",
            "permit out ip from any to й",
        ] {
            assert!(!is_filter_rule(no_rule), "{no_rule}");
        }
    }
}
