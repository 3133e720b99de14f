//! Dictionary files in XML: read or refused, never a panic; what is read can be looked up.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use gyro::diameter::dictionary::DictionaryBuilder;
use gyro::diameter::dictionary::declaration::Role;
use gyro::dictionary_xml::{limits, load};
use libfuzzer_sys::fuzz_target;

/// The file that each input is written to; the reader takes paths.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("gyro-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
    folder.join("dictionary.xml")
});

fuzz_target!(|data: &[u8]| {
    std::fs::write(&*FILE, data).expect("a temporary file can be written");
    match load(DictionaryBuilder::new(), &[FILE.clone()], Role::Override) {
        Ok(loaded) => {
            assert!(loaded.notes.len() <= limits::MAX_NOTES);
            for avp in loaded.dictionary.avps() {
                let found = loaded.dictionary.avp_by_key(avp.key).expect("an AVP is found by its key");
                assert_eq!(found, avp);
                assert!(loaded.dictionary.avps_by_name(&avp.name).any(|named| named.key == avp.key));
            }
        }
        Err(refused) => {
            assert!(!refused.faults.is_empty() && refused.faults.len() <= limits::MAX_FAULTS);
            let _ = refused.to_string();
        }
    }
});
