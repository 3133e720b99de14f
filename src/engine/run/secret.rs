//! The keyed hash of payment cards' codes: HMAC-SHA-256 (RFC 2104, RFC 6234) under the key of the store's hashes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::charging::voucher::{Code, CodeHash};
use crate::engine::core::HashKey;

/// Before the code: nothing else is hashed so.
const WHAT: &[u8] = b"gyro payment card\0";

/// The hash of a code in a store with that key.
pub fn hash_code(key: HashKey, code: &Code) -> CodeHash {
    let HashKey(key) = key;
    let keyed = Hmac::<Sha256>::new_from_slice(&key).map(|mut mac| {
        mac.update(WHAT);
        mac.update(code.as_str().as_bytes());
        mac.finalize().into_bytes().into()
    });
    // HMAC takes keys of every length
    CodeHash(keyed.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac` and `hashlib`.
    #[test]
    fn the_hash_is_what_another_implementation_gives() {
        let code = Code::parse("01234567890123456789").unwrap();
        let CodeHash(hash) = hash_code(HashKey([7; 16]), &code);
        let text = hash.iter().fold(String::new(), |text, octet| format!("{text}{octet:02x}"));
        assert_eq!(text, "0294db1697833faaea009ff671a18a1db135fed017f50a69691c8556cdaa4230");
        assert_ne!(hash_code(HashKey([8; 16]), &code), CodeHash(hash));
    }
}
