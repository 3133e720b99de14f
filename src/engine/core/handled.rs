//! What becomes of a request.

use crate::charging::account::Sequence;
use crate::charging::answer::Answer;
use crate::charging::snapshot::Notes;

/// The shell's own number of a request or of an operator's command: handed back with the answer, never looked into.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tag(pub u64);

/// What becomes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Handled {
    /// It is answered.
    Answered(Answered),
    /// It waits for something to be loaded; its answer comes from [`super::Core::poll_answer`], under its tag.
    Parked,
    /// It cannot be served now: too busy (3004). Nothing was decided or stored.
    Overloaded,
}

/// An answer, and from when on it may leave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// The profile that it must be written by, where that is not the asking client's: the first answer of a repeat
    /// was written by it.
    pub profile: Option<Box<str>>,
    /// It may leave once this batch is durable. None for emergencies alone: they wait for nothing.
    pub held: Option<Sequence>,
    /// What is worth counting about it.
    pub notes: Notes,
}
