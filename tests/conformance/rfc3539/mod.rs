//! RFC 3539, the transport profile of AAA protocols.

mod section_3_4;
