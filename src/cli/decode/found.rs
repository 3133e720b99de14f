//! Where messages and troubles go as they are found.

use std::io;

use bytes::Bytes;

use super::place::Place;
use super::trouble::Trouble;

/// One thing found in the input.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Found {
    Message(Bytes),
    Trouble(Trouble),
}

/// Takes what is found, in the order of the input. An `Err` is a failure to write it down.
pub(super) struct Sink<'a> {
    take: &'a mut dyn FnMut(Place, Found) -> io::Result<()>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(take: &'a mut dyn FnMut(Place, Found) -> io::Result<()>) -> Self {
        Self { take }
    }

    pub(super) fn message(&mut self, place: Place, message: Bytes) -> io::Result<()> {
        (self.take)(place, Found::Message(message))
    }

    pub(super) fn trouble(&mut self, place: Place, trouble: Trouble) -> io::Result<()> {
        (self.take)(place, Found::Trouble(trouble))
    }
}
