//! Result codes (RFC 6733 §7.1, RFC 8506 §9, TS 29.219 §5.5): an open number with names for the known ones.

use core::fmt;

/// The value of a Result-Code AVP; any number may come off the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResultCode(u32);

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $value:literal, $text:literal;)+) => {
        impl ResultCode {
            $($(#[$doc])+ pub const $name: Self = Self($value);)+

            /// The name the standards give this code, without its `DIAMETER_` prefix.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)+
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// The answer is one of several round trips.
    MULTI_ROUND_AUTH = 1001, "MULTI_ROUND_AUTH";
    /// Done.
    SUCCESS = 2001, "SUCCESS";
    /// Done in part; more is to come.
    LIMITED_SUCCESS = 2002, "LIMITED_SUCCESS";
    /// The command code is not known here.
    COMMAND_UNSUPPORTED = 3001, "COMMAND_UNSUPPORTED";
    /// No way to the host or realm asked for.
    UNABLE_TO_DELIVER = 3002, "UNABLE_TO_DELIVER";
    /// The Destination-Realm is not served.
    REALM_NOT_SERVED = 3003, "REALM_NOT_SERVED";
    /// Overload.
    TOO_BUSY = 3004, "TOO_BUSY";
    /// Our own identity stands in a Route-Record.
    LOOP_DETECTED = 3005, "LOOP_DETECTED";
    /// Ask the host named in Redirect-Host.
    REDIRECT_INDICATION = 3006, "REDIRECT_INDICATION";
    /// The application is not served or was not agreed on.
    APPLICATION_UNSUPPORTED = 3007, "APPLICATION_UNSUPPORTED";
    /// The flags of the header contradict each other or the command.
    INVALID_HDR_BITS = 3008, "INVALID_HDR_BITS";
    /// The flags of an AVP contradict its definition.
    INVALID_AVP_BITS = 3009, "INVALID_AVP_BITS";
    /// A CER from a peer that is not known.
    UNKNOWN_PEER = 3010, "UNKNOWN_PEER";
    /// The user could not be authenticated.
    AUTHENTICATION_REJECTED = 4001, "AUTHENTICATION_REJECTED";
    /// No space for accounting data.
    OUT_OF_SPACE = 4002, "OUT_OF_SPACE";
    /// The election was lost; this connection is given up.
    ELECTION_LOST = 4003, "ELECTION_LOST";
    /// The service is denied to this end user.
    END_USER_SERVICE_DENIED = 4010, "END_USER_SERVICE_DENIED";
    /// The service may go on without credit control.
    CREDIT_CONTROL_NOT_APPLICABLE = 4011, "CREDIT_CONTROL_NOT_APPLICABLE";
    /// The credit limit is reached.
    CREDIT_LIMIT_REACHED = 4012, "CREDIT_LIMIT_REACHED";
    /// An AVP with the M bit that is not known here.
    AVP_UNSUPPORTED = 5001, "AVP_UNSUPPORTED";
    /// The Session-Id is not known.
    UNKNOWN_SESSION_ID = 5002, "UNKNOWN_SESSION_ID";
    /// The user is not authorised.
    AUTHORIZATION_REJECTED = 5003, "AUTHORIZATION_REJECTED";
    /// A value outside of what the AVP allows.
    INVALID_AVP_VALUE = 5004, "INVALID_AVP_VALUE";
    /// A required AVP is missing.
    MISSING_AVP = 5005, "MISSING_AVP";
    /// A resource limit of the user is used up.
    RESOURCES_EXCEEDED = 5006, "RESOURCES_EXCEEDED";
    /// Two AVPs contradict each other.
    CONTRADICTING_AVPS = 5007, "CONTRADICTING_AVPS";
    /// An AVP that must not be there.
    AVP_NOT_ALLOWED = 5008, "AVP_NOT_ALLOWED";
    /// More instances of an AVP than allowed.
    AVP_OCCURS_TOO_MANY_TIMES = 5009, "AVP_OCCURS_TOO_MANY_TIMES";
    /// The peers share no application.
    NO_COMMON_APPLICATION = 5010, "NO_COMMON_APPLICATION";
    /// A protocol version other than 1.
    UNSUPPORTED_VERSION = 5011, "UNSUPPORTED_VERSION";
    /// Refused for a reason that no other code names.
    UNABLE_TO_COMPLY = 5012, "UNABLE_TO_COMPLY";
    /// An unknown bit in the header is set.
    INVALID_BIT_IN_HEADER = 5013, "INVALID_BIT_IN_HEADER";
    /// The length of an AVP is wrong.
    INVALID_AVP_LENGTH = 5014, "INVALID_AVP_LENGTH";
    /// The length of the message is wrong.
    INVALID_MESSAGE_LENGTH = 5015, "INVALID_MESSAGE_LENGTH";
    /// Flags of an AVP that do not go together.
    INVALID_AVP_BIT_COMBO = 5016, "INVALID_AVP_BIT_COMBO";
    /// The peers share no security mechanism.
    NO_COMMON_SECURITY = 5017, "NO_COMMON_SECURITY";
    /// The user is not known to the charging server.
    USER_UNKNOWN = 5030, "USER_UNKNOWN";
    /// The request cannot be rated.
    RATING_FAILED = 5031, "RATING_FAILED";
}

impl ResultCode {
    /// From the number.
    pub const fn new(code: u32) -> Self {
        Self(code)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// 1xxx: more is needed to complete the request.
    pub const fn is_informational(self) -> bool {
        self.class() == 1
    }

    /// 2xxx: done.
    pub const fn is_success(self) -> bool {
        self.class() == 2
    }

    /// 3xxx: an error of the protocol; the answer bears the E bit.
    pub const fn is_protocol_error(self) -> bool {
        self.class() == 3
    }

    /// 4xxx: failed now, may work later.
    pub const fn is_transient_failure(self) -> bool {
        self.class() == 4
    }

    /// 5xxx, and every class that is not defined (RFC 6733 §7.1): failed for good.
    pub const fn is_permanent_failure(self) -> bool {
        !matches!(self.class(), 1..=4)
    }

    const fn class(self) -> u32 {
        self.0 / 1_000
    }
}

/// The number, with its name when it has one.
impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_the_thousand_and_unknown_classes_are_permanent_failures() {
        assert!(ResultCode::SUCCESS.is_success());
        assert!(ResultCode::TOO_BUSY.is_protocol_error());
        assert!(ResultCode::CREDIT_LIMIT_REACHED.is_transient_failure());
        assert!(ResultCode::RATING_FAILED.is_permanent_failure());
        for odd in [0, 999, 6_000, u32::MAX] {
            assert!(ResultCode::new(odd).is_permanent_failure(), "{odd}");
        }
    }

    #[test]
    fn a_code_reads_with_its_name() {
        assert_eq!(ResultCode::RATING_FAILED.to_string(), "5031 RATING_FAILED");
        assert_eq!(ResultCode::new(4998).to_string(), "4998");
    }
}
