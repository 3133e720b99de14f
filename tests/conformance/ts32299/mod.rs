//! The services of TS 32.299's family as their clients charge them: TS 32.251, 32.260, 32.270, 32.274, 32.276, and
//! those of an operator.

mod contexts;
mod messages;
mod roaming;
mod told;
mod voice;
