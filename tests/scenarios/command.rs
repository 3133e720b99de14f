//! What is expected of an operator's command.

use gyro::cli::Status;
use serde_json::Value;

use crate::lex::{At, Cursor, Mistake, Read};

/// One thing that is expected of a command.
#[derive(Clone, Debug)]
pub(crate) enum Claim {
    /// It prints this and nothing else; how much white space stands between the words does not count.
    Says(String),
    /// This is among what it prints.
    Mentions(String),
    /// This is not.
    Without(String),
    /// It fails, and this is among what it says of it.
    Refused(Option<String>),
    /// A value of what it prints as JSON.
    Field(String, String),
    /// Such a value has a name from now on: commands further on write it `$NAME`.
    Keep(String, String),
}

const CLAIMS: &str =
    "one of says \"…\", mentions \"…\", without \"…\", refused \"…\", field /PATH VALUE, keep NAME /PATH";

pub(crate) fn read(mut words: Cursor<'_>) -> Read<Vec<(At, Claim)>> {
    let mut claims = Vec::new();
    if words.is_done() {
        return Err(Mistake::unlike(words.at(), CLAIMS, "the end of the line"));
    }
    while !words.is_done() {
        let word = words.word(CLAIMS)?;
        let text =
            |words: &mut Cursor<'_>| words.word("a text in quotation marks").map(|word| word.text.clone());
        let claim = match word.text.as_str() {
            "says" => Claim::Says(text(&mut words)?),
            "mentions" => Claim::Mentions(text(&mut words)?),
            "without" => Claim::Without(text(&mut words)?),
            "refused" if words.is_done() => Claim::Refused(None),
            "refused" => Claim::Refused(Some(text(&mut words)?)),
            "field" => {
                let path = words.word("a path like /balance/main")?;
                if !path.text.starts_with('/') {
                    return Err(Mistake::unlike(
                        path.at,
                        "a path like /balance/main",
                        format_args!("{:?}", path.text),
                    ));
                }
                Claim::Field(path.text.clone(), words.word("a value")?.text.clone())
            }
            "keep" => {
                let name = words.word("a name")?.text.clone();
                Claim::Keep(name, words.word("a path like /0/code")?.text.clone())
            }
            other => return Err(Mistake::unlike(word.at, CLAIMS, format_args!("{other:?}"))),
        };
        claims.push((word.at, claim));
    }
    Ok(claims)
}

/// Whether what is printed must be JSON.
pub(crate) fn wants_json(claims: &[(At, Claim)]) -> bool {
    claims.iter().any(|(_, claim)| matches!(claim, Claim::Field(..) | Claim::Keep(..)))
}

/// A value of JSON as scenarios write it: text without quotation marks, null as `none`.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".into(),
        other => other.to_string(),
    }
}

/// The values that have names from now on.
pub(crate) fn kept(claims: &[(At, Claim)], out: &str) -> Read<Vec<(String, String)>> {
    let mut kept = Vec::new();
    for (at, claim) in claims {
        let Claim::Keep(name, path) = claim else { continue };
        let json: Option<Value> = serde_json::from_str(out).ok();
        let value = json.as_ref().and_then(|json| json.pointer(path)).map(plain);
        let value = value.ok_or_else(|| {
            Mistake::unlike(*at, format_args!("a value at {path}"), format_args!("{out:?}"))
        })?;
        kept.push((name.clone(), value));
    }
    Ok(kept)
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Holds what a command did to what is expected.
pub(crate) fn check(at: At, claims: &[(At, Claim)], status: Status, out: &str, err: &str) -> Read<()> {
    let refused = claims.iter().any(|(_, claim)| matches!(claim, Claim::Refused(_)));
    if !refused && status != Status::Done {
        return Err(Mistake::unlike(at, "a command that is done", format_args!("{}", squeezed(err))));
    }
    for (at, claim) in claims {
        let at = *at;
        let found = format_args!("{:?}", squeezed(out)).to_string();
        match claim {
            Claim::Says(text) if squeezed(out) == squeezed(text) => {}
            Claim::Mentions(text) if squeezed(out).contains(&squeezed(text)) => {}
            Claim::Without(text) if !squeezed(out).contains(&squeezed(text)) => {}
            Claim::Says(text) => return Err(Mistake::unlike(at, format_args!("{text:?}"), found)),
            Claim::Mentions(text) => {
                return Err(Mistake::unlike(at, format_args!("something with {text:?}"), found));
            }
            Claim::Without(text) => {
                return Err(Mistake::unlike(at, format_args!("nothing with {text:?}"), found));
            }
            Claim::Refused(_) if status == Status::Done => {
                return Err(Mistake::unlike(at, "a refusal", format_args!("done: {}", squeezed(out))));
            }
            Claim::Refused(Some(text)) if !squeezed(err).contains(&squeezed(text)) => {
                let found = squeezed(err);
                return Err(Mistake::unlike(
                    at,
                    format_args!("a refusal with {text:?}"),
                    format_args!("{found:?}"),
                ));
            }
            Claim::Refused(_) | Claim::Keep(..) => {}
            Claim::Field(path, wanted) => {
                let json: Value = serde_json::from_str(out)
                    .map_err(|error| Mistake::unlike(at, "JSON", format_args!("{out:?}: {error}")))?;
                let value = json.pointer(path).map(plain);
                if value.as_deref() != Some(wanted) {
                    let found = value.unwrap_or_else(|| format!("nothing there, in {out}"));
                    return Err(Mistake::unlike(at, format_args!("{path} {wanted}"), found));
                }
            }
        }
    }
    Ok(())
}
