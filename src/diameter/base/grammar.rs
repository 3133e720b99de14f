//! What must stand in CER, DWR and DPR, and how often (RFC 6733 §5.3.1, §5.4.1, §5.5.1): the faults of their AVPs.

use super::avps;
use crate::diameter::avp::{Avp, AvpDef, AvpKey};
use crate::diameter::error::Fault;
use crate::diameter::message::Message;
use crate::diameter::result_code::ResultCode;

/// The AVPs of one command.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    /// What must be there, with the least octets of its value; all but Host-IP-Address are there once.
    required: &'static [(AvpDef, usize)],
    /// What may be there once.
    optional: &'static [AvpDef],
}

/// CER, and CEA as far as it has the same AVPs (§5.3.1, §5.3.2).
pub const CAPABILITIES: Grammar = Grammar {
    required: &[
        (avps::ORIGIN_HOST, 0),
        (avps::ORIGIN_REALM, 0),
        (avps::HOST_IP_ADDRESS, 6),
        (avps::VENDOR_ID, 4),
        (avps::PRODUCT_NAME, 0),
    ],
    optional: &[avps::ORIGIN_STATE_ID, avps::FIRMWARE_REVISION],
};

/// DWR (§5.5.1).
pub const WATCHDOG: Grammar = Grammar {
    required: &[(avps::ORIGIN_HOST, 0), (avps::ORIGIN_REALM, 0)],
    optional: &[avps::ORIGIN_STATE_ID],
};

/// DPR (§5.4.1).
pub const DISCONNECT: Grammar = Grammar {
    required: &[(avps::ORIGIN_HOST, 0), (avps::ORIGIN_REALM, 0), (avps::DISCONNECT_CAUSE, 4)],
    optional: &[],
};

impl Grammar {
    /// What is wrong with the AVPs of a message: what is missing first, then the first that cannot be taken.
    ///
    /// Groups are not looked into: a malformed Vendor-Specific-Application-Id is taken as far as it goes.
    pub fn fault(&self, message: &Message) -> Option<Fault> {
        let absent = |def: AvpDef| message.find(def.key).is_none();
        if let Some((def, least)) = self.required.iter().find(|(def, _)| absent(*def)) {
            return Some(Fault::missing(*def, *least));
        }
        let mut before = Vec::new();
        message.avps().find_map(|avp| self.fault_of(&avp, &mut before))
    }

    /// `before` holds the AVPs in front of this one of which there may be no second.
    fn fault_of(&self, avp: &Avp<'_>, before: &mut Vec<AvpKey>) -> Option<Fault> {
        let key = avp.key();
        if !is_known(key) {
            return avp.flags().is_mandatory().then(|| avp.fault(ResultCode::AVP_UNSUPPORTED));
        }
        if avp.flags().is_vendor() {
            // Vendor-Id 0 must never be written (§4.1)
            return Some(avp.fault(ResultCode::INVALID_AVP_BIT_COMBO));
        }
        if self.is_single(key) {
            if before.contains(&key) {
                return Some(avp.fault(ResultCode::AVP_OCCURS_TOO_MANY_TIMES));
            }
            before.push(key);
        }
        value_fault(avp)
    }

    fn is_single(&self, key: AvpKey) -> bool {
        let required = self.required.iter().any(|(def, _)| def.key == key);
        (required && key != avps::HOST_IP_ADDRESS.key) || self.optional.iter().any(|def| def.key == key)
    }
}

/// The AVPs of the base protocol (§4.5): known wherever they stand.
fn is_known(key: AvpKey) -> bool {
    matches!(
        key,
        AvpKey {
            vendor: 0,
            code: 1 | 25
                | 27
                | 33
                | 44
                | 50
                | 55
                | 85
                | 257..=274
                | 276..=285
                | 287
                | 291..=300
                | 480
                | 483
                | 485
        }
    )
}

/// A value that does not have the format of its AVP, of those that are read here.
fn value_fault(avp: &Avp<'_>) -> Option<Fault> {
    let key = avp.key();
    let number = [
        avps::VENDOR_ID,
        avps::ORIGIN_STATE_ID,
        avps::FIRMWARE_REVISION,
        avps::DISCONNECT_CAUSE,
        avps::AUTH_APPLICATION_ID,
        avps::ACCT_APPLICATION_ID,
        avps::INBAND_SECURITY_ID,
        avps::SUPPORTED_VENDOR_ID,
    ];
    if number.iter().any(|def| def.key == key) {
        avp.u32().err()
    } else if key == avps::ORIGIN_HOST.key || key == avps::ORIGIN_REALM.key {
        avp.identity().err()
    } else if key == avps::PRODUCT_NAME.key {
        avp.utf8().err()
    } else if key == avps::HOST_IP_ADDRESS.key {
        avp.address().err()
    } else {
        None
    }
}
