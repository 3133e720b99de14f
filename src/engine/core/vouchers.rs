//! Payment cards by operators' commands (`ACC-12`): made in batches, activated once, made void. Codes come in, keyed
//! hashes stay.

use std::collections::HashSet;

use crate::charging::books::operations::{Act, OperationError};
use crate::charging::books::payment::pay_in;
use crate::charging::ledger::Counter;
use crate::charging::notice::Cause;
use crate::charging::units::Digits;
use crate::charging::voucher::{
    BatchId, Code, CodeHash, MOST_VOID, Tries, Used, Void, Voucher, VoucherBatch, VoucherError,
};
use crate::time::Timestamp;

use super::attempt::{Attempt, KEPT, act};
use super::command::{Change, Command, CommandError, NewVouchers};
use super::papers::{Paper, PaperKey};
use super::sink::{Done, ReferenceRecord};
use super::{Core, HashKey};

/// Makes the hash of a code with a store's key. What the shell gives must be hard to turn round: HMAC-SHA-256.
pub type HashCode = fn(HashKey, &Code) -> CodeHash;

/// The most cards of one command.
pub const MOST_CODES: usize = 2_000;

/// The most cards of one batch.
pub const MOST_CARDS: u32 = 10_000_000;

impl Core {
    /// Carries out a command about payment cards.
    pub(super) fn card(&mut self, command: &Command, now: Timestamp) -> Attempt {
        match &command.what {
            Change::AddVouchers(new) => self.add_vouchers(command, new, now),
            Change::ActivateVoucher { msisdn, code } => self.activate(*msisdn, code, act(command, now), now),
            Change::VoidVouchers { batch, serials, note } => {
                let (first, last) = serials.unwrap_or(Void::ALL);
                let (operator, note) = (command.operator.clone(), note.clone());
                self.void_vouchers(*batch, Void { first, last, at: now, operator, note })
            }
            _ => Ok(Err(CommandError::KeyUsed)),
        }
    }

    pub(super) fn hash_of(&self, code: &Code) -> CodeHash {
        (self.hash_code)(self.hash_key, code)
    }

    fn add_vouchers(&mut self, command: &Command, new: &NewVouchers, now: Timestamp) -> Attempt {
        if let Err(why) = check(new) {
            return Ok(Err(why));
        }
        let known = self.batch(new.batch)?;
        let expires = new.valid.map(|valid| now.plus(valid));
        let mut batch = match known {
            None if new.first == 1 => VoucherBatch {
                value: new.value,
                count: 0,
                used: 0,
                made: now,
                expires,
                operator: command.operator.clone(),
                void: Vec::new(),
            },
            Some(batch)
                if batch.count.checked_add(1) == Some(new.first)
                    && batch.value == new.value
                    && batch.expires.is_some() == expires.is_some() =>
            {
                batch
            }
            None | Some(_) => return Ok(Err(CommandError::BatchThere(new.batch))),
        };
        let hashes: Vec<CodeHash> = new.codes.iter().map(|code| self.hash_of(code)).collect();
        self.want_papers(hashes.iter().map(|hash| PaperKey::Voucher(*hash)))?;
        let mut distinct = HashSet::new();
        for hash in &hashes {
            if !distinct.insert(*hash) || self.voucher(*hash)?.is_some() {
                return Ok(Err(CommandError::CodeThere));
            }
        }
        for (serial, hash) in (new.first..).zip(hashes) {
            let voucher = Voucher { batch: new.batch, serial, used: None };
            self.write_paper(PaperKey::Voucher(hash), Paper::Voucher(voucher), now);
        }
        batch.count = batch.count.saturating_add(u32::try_from(new.codes.len()).unwrap_or(u32::MAX));
        let balance = batch.value;
        self.write_paper(PaperKey::Batch(new.batch), Paper::Batch(batch), now);
        Ok(Ok(Done::of_batch(balance, true)))
    }

    /// Tops a number up by the card of a code, once. Wrong codes are counted though nothing else changes.
    fn activate(&mut self, msisdn: Digits, code: &Code, act: Act, now: Timestamp) -> Attempt {
        let Some((subscriber, account)) = self.load_both(msisdn)? else {
            return Ok(Err(CommandError::UnknownSubscriber(msisdn)));
        };
        let hash = self.hash_of(code);
        let tries = self.tries(msisdn)?;
        let voucher = self.voucher(hash)?;
        let batch = match &voucher {
            Some(voucher) => self.batch(voucher.batch)?,
            None => None,
        };
        if let Err(why) = tries.admit(now) {
            return Ok(Err(why.into()));
        }
        let (Some(mut voucher), Some(mut batch)) = (voucher, batch) else {
            return Ok(Err(self.wrong_code(msisdn, tries, VoucherError::Unknown, now)));
        };
        if let Err(why) = batch.admits(&voucher, now) {
            let own = voucher.used.is_some_and(|used| used.msisdn == msisdn);
            let counts = !own && why != VoucherError::Over;
            return Ok(Err(if counts { self.wrong_code(msisdn, tries, why, now) } else { why.into() }));
        }
        if subscriber.standing == crate::charging::account::Standing::Ended {
            return Ok(Err(CommandError::Ended(msisdn)));
        }
        let reference: Box<str> = format!("{KEPT}{}/{}", voucher.batch.0, voucher.serial).into();
        let (amount, act) = (batch.value, Act { reference: Some(reference.clone()), ..act });
        let done = self.move_money(msisdn, now, |account| pay_in(account, amount, Counter::Voucher, act))?;
        if let Ok(done) = &done {
            self.tell(&subscriber, Cause::Topup { amount, balance: done.balance }, now);
            voucher.used = Some(Used { msisdn, account: account.id, at: now });
            batch.used = batch.used.saturating_add(1);
            self.write_paper(PaperKey::Batch(voucher.batch), Paper::Batch(batch), now);
            self.write_paper(PaperKey::Voucher(hash), Paper::Voucher(voucher), now);
            if tries != Tries::default() {
                self.write_paper(PaperKey::Tries(msisdn), Paper::Tries(Tries::default()), now);
            }
            let (account, from) = (account.id, Counter::Voucher);
            let record = ReferenceRecord { reference, account, amount, at: now, from, reversed: None };
            self.keep_reference(record, now);
        }
        Ok(done)
    }

    fn wrong_code(
        &mut self,
        msisdn: Digits,
        tries: Tries,
        why: VoucherError,
        now: Timestamp,
    ) -> CommandError {
        let rules = self.policy.accounts;
        let tries = tries.wrong(rules.voucher_tries, rules.voucher_lockout, now);
        self.write_paper(PaperKey::Tries(msisdn), Paper::Tries(tries), now);
        why.into()
    }

    fn void_vouchers(&mut self, id: BatchId, void: Void) -> Attempt {
        let Some(mut batch) = self.batch(id)? else { return Ok(Err(CommandError::NoBatch(id))) };
        let (now, serials) = (void.at, void.serials());
        let within = void.first > 0 && void.first <= void.last && void.last <= batch.count;
        if serials != Void::ALL && !within {
            return Ok(Err(CommandError::Serials { most: batch.count }));
        }
        let (changed, balance) = (batch.void.iter().all(|known| known.serials() != serials), batch.value);
        if changed {
            if serials != Void::ALL && batch.void.len() >= MOST_VOID {
                return Ok(Err(CommandError::TooManyVoid(MOST_VOID)));
            }
            batch.void.push(void);
            self.write_paper(PaperKey::Batch(id), Paper::Batch(batch), now);
        }
        Ok(Ok(Done::of_batch(balance, changed)))
    }
}

fn check(new: &NewVouchers) -> Result<(), CommandError> {
    if !new.value.is_positive() {
        return Err(OperationError::NotPositive.into());
    }
    if new.value.micros().checked_rem(crate::charging::units::Money::MICROS_PER_CENT) != Some(0) {
        return Err(OperationError::NotWholeHundredths.into());
    }
    let count = u32::try_from(new.codes.len()).unwrap_or(u32::MAX);
    let fits = new.first.checked_add(count).is_some_and(|next| next <= MOST_CARDS.saturating_add(1));
    if new.codes.is_empty() || new.codes.len() > MOST_CODES || new.first == 0 || !fits {
        return Err(CommandError::TooManyCards { each: MOST_CODES, all: MOST_CARDS });
    }
    Ok(())
}
