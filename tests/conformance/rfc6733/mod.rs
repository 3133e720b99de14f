//! RFC 6733, the Diameter base protocol.

mod section_3;
mod section_5_3;
mod section_5_4;
mod section_5_5;
mod section_5_6;
mod section_6;
mod section_7;
