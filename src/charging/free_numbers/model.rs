//! A slow, differently written model of the matcher, for the property test and the fuzz target `number`.
//!
//! It works on text: it writes the address out in full and compares it with every form that a listed
//! number may take. It uses nothing of the crate.
#![allow(
    clippy::string_slice,
    clippy::manual_strip,
    reason = "a model is written to be read; it panics where it is wrong"
)]

/// The class of an address by the lists: `"emergency"`, `"free"` or `"ordinary"`.
pub(super) fn class(emergency: &[&str], free: &[&str], address: &str) -> &'static str {
    let text = address.trim_matches(|c: char| {
        c.is_whitespace() || c == '\0' || "\u{ad}\u{feff}".contains(c) || invisible(c)
    });
    if let Some(class) = by_scheme(emergency, free, text) {
        return class;
    }
    let pieces: Vec<&str> = text.split('<').collect();
    if pieces.len() > 1 && pieces[pieces.len() - 1].contains('>') {
        let inner = pieces[pieces.len() - 1].split('>').next().unwrap();
        let inner = inner.trim_matches(|c: char| c.is_whitespace() || c == '\0' || invisible(c));
        if let Some(class) = by_scheme(emergency, free, inner) {
            return class;
        }
    }
    of_number(emergency, free, text, ";@", false)
}

fn by_scheme(emergency: &[&str], free: &[&str], text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("urn:") {
        let name = String::from_utf8_lossy(&decoded(&lower[4..])).to_ascii_lowercase();
        let sos = name == "service:sos"
            || [".", ";", "?", "#", "@"].iter().any(|next| name.starts_with(&format!("service:sos{next}")));
        return Some(if sos { "emergency" } else { "ordinary" });
    }
    for (scheme, stops, telephone) in
        [("tel:", ";?", true), ("sip:", ";?:@", false), ("sips:", ";?:@", false)]
    {
        if lower.starts_with(scheme) {
            let rest = &text[scheme.len()..];
            let rest = if rest.starts_with("//") { &rest[2..] } else { rest };
            return Some(of_number(emergency, free, rest, stops, telephone));
        }
    }
    None
}

fn of_number(emergency: &[&str], free: &[&str], text: &str, stops: &str, telephone: bool) -> &'static str {
    let host = text.split(|c| ";:?".contains(c)).next().unwrap();
    let quad: Vec<_> = host.split('.').collect();
    let byte = |part: &&str| {
        part.chars().all(|c| c.is_ascii_digit()) && part.parse::<u8>().is_ok_and(|n| n.to_string() == **part)
    };
    if !telephone && quad.len() == 4 && quad.iter().all(byte) {
        return "ordinary";
    }
    let Some(number) = written(text, stops) else { return "ordinary" };
    let context = text.split(';').skip(1).take(16).find_map(|parameter| {
        parameter.to_ascii_lowercase().starts_with("phone-context=").then(|| written(&parameter[14..], ";@"))
    });
    let context = context.flatten().filter(|context| context.starts_with('+'));
    let full = full_form(&number, context.as_deref());
    let met = |listed: &&str| {
        if listed.len() <= 5 {
            is_short_form(&number, listed)
        } else {
            is_long_form(&number, full.as_deref(), listed)
        }
    };
    match (emergency.iter().any(met), free.iter().any(met)) {
        (true, _) => "emergency",
        (false, true) => "free",
        (false, false) => "ordinary",
    }
}

/// `112`, `+112`, `+7112`, `8112`, `+7ddd112`, `8ddd112`, and nothing else.
fn is_short_form(number: &str, listed: &str) -> bool {
    let Some(before) = number.strip_suffix(listed) else { return false };
    match before.len() {
        0 => true,
        1 => before == "+" || before == "8",
        2 => before == "+7",
        4 => before.starts_with('8'),
        5 => before.starts_with("+7"),
        _ => false,
    }
}

fn is_long_form(number: &str, full: Option<&str>, listed: &str) -> bool {
    let listed = full_form(listed, None).unwrap_or_else(|| listed.to_owned());
    number.trim_start_matches('+') == listed || full == Some(&listed)
}

/// A number of more than five digits with its country code, where it has the look of one.
fn full_form(number: &str, context: Option<&str>) -> Option<String> {
    let plausible = |text: &str| (7..=15).contains(&text.len()) && !text.starts_with('0');
    if let Some(full) = number.strip_prefix('+') {
        let short = full.starts_with('7') && full.len() <= 6;
        return (plausible(full) && !short).then(|| full.to_owned());
    }
    let bytes = number.as_bytes();
    match (bytes.len(), bytes[0]) {
        (0..=5, _) => None,
        (10, b'6' | b'7') => Some(format!("7{number}")),
        (11, b'8') if !number.starts_with("810") => Some(format!("7{}", &number[1..])),
        _ if number.starts_with("810") => Some(number[3..].to_owned()).filter(|full| plausible(full)),
        _ if number.starts_with("00") => Some(number[2..].to_owned()).filter(|full| plausible(full)),
        (len, _) => match context {
            Some(context) if context.starts_with("+7") && context.len() - 1 + len == 11 => {
                Some(format!("{}{number}", &context[1..]))
            }
            _ => Some(number.to_owned()).filter(|full| plausible(full) && full.len() >= 8),
        },
    }
}

/// The number as an optional `+` and up to twenty ASCII digits.
fn written(text: &str, stops: &str) -> Option<String> {
    let octets = decoded(text);
    let stop = octets.iter().position(|octet| stops.as_bytes().contains(octet)).unwrap_or(octets.len());
    let octets = &octets[..stop];
    if octets.len() > 128 {
        return None;
    }
    let text: String =
        String::from_utf8(octets.to_vec()).ok()?.chars().filter(|c| !separates(*c)).map(ascii).collect();
    let digits = text.strip_prefix('+').unwrap_or(&text);
    (!digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some(&first) = rest.first() {
        let escaped = rest.get(1..3).filter(|_| first == b'%').and_then(|two| {
            two.iter()
                .all(u8::is_ascii_hexdigit)
                .then(|| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap())
        });
        out.push(escaped.unwrap_or(first));
        rest = &rest[if escaped.is_some() { 3 } else { 1 }..];
    }
    out
}

fn separates(c: char) -> bool {
    c.is_whitespace()
        || invisible(c)
        || "-.()\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}".contains(c)
}

fn invisible(c: char) -> bool {
    let code = u32::from(c);
    matches!(code, 0xad | 0xfeff)
        || (0x200b..0x2010).contains(&code)
        || (0x202a..0x202f).contains(&code)
        || (0x2060..0x206a).contains(&code)
}

fn ascii(c: char) -> char {
    for digits in ["０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"] {
        if let Some(at) = digits.chars().position(|digit| digit == c) {
            return char::from_digit(u32::try_from(at).unwrap(), 10).unwrap();
        }
    }
    if c == '＋' { '+' } else { c }
}
