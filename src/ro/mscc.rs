//! Multiple-Services-Credit-Control (RFC 8506 §8.16, TS 32.299 §7.1.9), as a CCR asks and as a CCA answers.

use std::borrow::Cow;

use super::fields::{Field, Level};
use super::final_unit::Fui;
use super::reason;
use super::trigger;
use super::units;
use super::wire::{Put, Reader, Seen};
use crate::charging::answer::{Announcement, PoolShare};
use crate::charging::request::{Condition, Measured, Reason, TariffSide, Used};
use crate::charging::units::Unit;
use crate::diameter::avp::Avp;
use crate::diameter::encode::Encoder;
use crate::diameter::result_code::ResultCode;
use crate::time::Timestamp;

/// The most of them in one CCR; the first in excess is answered with 5009.
pub const MSCCS: usize = 64;

/// One of a CCR: a quota, what was used of it, what is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mscc {
    /// Rating-Group.
    pub rating_group: Option<u32>,
    /// Service-Identifiers, in the order of the wire.
    pub services: Vec<u32>,
    /// Requested-Service-Unit: none when there is none, empty when the server shall decide.
    pub requested: Option<Measured>,
    /// Used-Service-Units, all of them.
    pub used: Vec<Used>,
    /// Reporting-Reason, wherever it stood; of several the one that ends most.
    pub reason: Option<Reason>,
    /// Which conditions changed, as its Triggers say.
    pub changed: Vec<Condition>,
    /// 3GPP-RAT-Type of this quota.
    pub radio: Option<u8>,
    /// Refund-Information.
    pub refund: Option<Box<[u8]>>,
}

impl Mscc {
    pub(super) fn read(reader: &mut Reader<'_>, group: &Avp<'_>) -> Self {
        let mut mscc = Self::default();
        let mut seen = Seen::default();
        for avp in reader.group(group).into_iter().flatten() {
            match reader.admit(Level::Mscc, &mut seen, &avp) {
                Some(Field::RatingGroup) => mscc.rating_group = reader.word(&avp),
                Some(Field::ServiceIdentifier) => mscc.services.extend(reader.word(&avp)),
                Some(Field::RequestedServiceUnit) => {
                    mscc.requested = Some(units::read(reader, Level::Rsu, &avp));
                }
                Some(Field::UsedServiceUnit) => {
                    let (used, reason) = units::read_used(reader, &avp);
                    mscc.used.push(used);
                    mscc.reason = reason::stronger(mscc.reason, reason);
                }
                Some(Field::ReportingReason) => {
                    let reason = reader.enumerated(&avp).map(reason::of);
                    mscc.reason = reason::stronger(mscc.reason, reason);
                }
                Some(Field::Trigger) => trigger::read(reader, &avp, &mut mscc.changed),
                Some(Field::RatType) => mscc.radio = avp.data().first().copied(),
                Some(Field::RefundInformation) => mscc.refund = Some(avp.data().into()),
                _ => (),
            }
        }
        mscc
    }

    pub(super) fn write(&self, out: &mut Encoder<'_>) {
        out.within(Field::MultipleServicesCreditControl, |out| {
            if let Some(group) = self.rating_group {
                out.unsigned(Field::RatingGroup, group.into());
            }
            for service in &self.services {
                out.unsigned(Field::ServiceIdentifier, (*service).into());
            }
            if let Some(requested) = &self.requested {
                out.within(Field::RequestedServiceUnit, |out| units::write(out, requested, None));
            }
            units::write_reports(out, &self.used, self.reason);
            if !self.changed.is_empty() {
                trigger::write(out, &self.changed);
            }
            if let Some(radio) = self.radio {
                out.plain(Field::RatType, &[radio]);
            }
            if let Some(token) = &self.refund {
                out.plain(Field::RefundInformation, token);
            }
        });
    }
}

/// One of a CCA.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MsccAnswer<'a> {
    /// Rating-Group, as it was asked for.
    pub rating_group: Option<u32>,
    /// Service-Identifiers, as they were asked for.
    pub services: Cow<'a, [u32]>,
    /// Granted-Service-Unit.
    pub granted: Option<Measured>,
    /// Tariff-Time-Change in it.
    pub tariff_change: Option<Timestamp>,
    /// Tariff-Change-Usage: on which side of the change the grant is for, where there is one for each.
    pub side: Option<TariffSide>,
    /// Validity-Time, in seconds.
    pub validity: Option<u32>,
    /// Result-Code.
    pub result_code: Option<ResultCode>,
    /// Time-Quota-Threshold: seconds left at which to ask again.
    pub time_threshold: Option<u32>,
    /// Volume-Quota-Threshold: octets left at which to ask again.
    pub volume_threshold: Option<u32>,
    /// Unit-Quota-Threshold: pieces left at which to ask again.
    pub unit_threshold: Option<u32>,
    /// Quota-Holding-Time, in seconds.
    pub holding_time: Option<u32>,
    /// Quota-Consumption-Time, in seconds.
    pub consumption_time: Option<u32>,
    /// Trigger: the conditions that are armed; empty disarms all.
    pub triggers: Option<Vec<Condition>>,
    /// G-S-U-Pool-Reference, and the unit of the quota that it weighs.
    pub pool: Option<(PoolShare, Unit)>,
    /// Refund-Information.
    pub refund: Option<&'a [u8]>,
    /// Announcement-Informations.
    pub announcements: Cow<'a, [Announcement]>,
    /// Final-Unit-Indication.
    pub final_unit: Option<Fui<'a>>,
    /// QoS-Final-Unit-Indication.
    pub qos_final_unit: Option<Fui<'a>>,
}

impl<'a> MsccAnswer<'a> {
    pub(super) fn read(reader: &mut Reader<'_>, group: &Avp<'a>) -> Self {
        let mut mscc = Self::default();
        let mut seen = Seen::default();
        for avp in reader.group(group).into_iter().flatten() {
            match reader.admit(Level::MsccAnswer, &mut seen, &avp) {
                Some(Field::RatingGroup) => mscc.rating_group = reader.word(&avp),
                Some(Field::ServiceIdentifier) => mscc.services.to_mut().extend(reader.word(&avp)),
                Some(Field::GrantedServiceUnit) => {
                    let (granted, change) = units::read_granted(reader, &avp);
                    (mscc.granted, mscc.tariff_change) = (Some(granted), change);
                }
                Some(Field::TariffChangeUsage) => mscc.side = reader.enumerated(&avp).map(units::side_of),
                Some(Field::ValidityTime) => mscc.validity = reader.word(&avp),
                Some(Field::ResultCode) => mscc.result_code = reader.word(&avp).map(ResultCode::new),
                Some(Field::TimeQuotaThreshold) => mscc.time_threshold = reader.word(&avp),
                Some(Field::VolumeQuotaThreshold) => mscc.volume_threshold = reader.word(&avp),
                Some(Field::UnitQuotaThreshold) => mscc.unit_threshold = reader.word(&avp),
                Some(Field::QuotaHoldingTime) => mscc.holding_time = reader.word(&avp),
                Some(Field::QuotaConsumptionTime) => mscc.consumption_time = reader.word(&avp),
                Some(Field::Trigger) => {
                    trigger::read(reader, &avp, mscc.triggers.get_or_insert_default());
                }
                Some(Field::GsuPoolReference) => mscc.pool = units::read_pool(reader, &avp),
                Some(Field::RefundInformation) => mscc.refund = Some(avp.data()),
                Some(Field::AnnouncementInformation) => {
                    mscc.announcements.to_mut().extend(read_announcement(reader, &avp));
                }
                Some(Field::FinalUnitIndication) => mscc.final_unit = Fui::read(reader, &avp),
                Some(Field::QosFinalUnitIndication) => mscc.qos_final_unit = Fui::read_qos(reader, &avp),
                _ => (),
            }
        }
        mscc
    }

    /// Writes it in the order that every client takes: `[432] [439] [431] [452] [448] 268 [868|869|1226] [871] [881]
    /// [1264] [457] [2022] [3904*] [430] [669]`.
    pub(super) fn write(&self, out: &mut Encoder<'_>, currency: Option<u16>) {
        out.within(Field::MultipleServicesCreditControl, |out| {
            word(out, Field::RatingGroup, self.rating_group);
            for service in self.services.iter() {
                word(out, Field::ServiceIdentifier, Some(*service));
            }
            write_grant(out, self.granted.as_ref(), self.tariff_change, currency);
            if let Some(side) = self.side {
                out.signed(Field::TariffChangeUsage, units::side_value(side));
            }
            word(out, Field::ValidityTime, self.validity);
            word(out, Field::ResultCode, self.result_code.map(ResultCode::get));
            word(out, Field::TimeQuotaThreshold, self.time_threshold);
            word(out, Field::VolumeQuotaThreshold, self.volume_threshold);
            word(out, Field::UnitQuotaThreshold, self.unit_threshold);
            word(out, Field::QuotaHoldingTime, self.holding_time);
            word(out, Field::QuotaConsumptionTime, self.consumption_time);
            if let Some(triggers) = &self.triggers {
                trigger::write(out, triggers);
            }
            if let Some((share, unit)) = &self.pool {
                units::write_pool(out, *share, *unit);
            }
            if let Some(token) = self.refund {
                out.plain(Field::RefundInformation, token);
            }
            self.announcements.iter().for_each(|announcement| write_announcement(out, announcement));
            if let Some(last) = &self.final_unit {
                last.write(out);
            }
            if let Some(last) = &self.qos_final_unit {
                last.write_qos(out);
            }
        });
    }
}

pub(super) fn write_grant(
    out: &mut Encoder<'_>,
    granted: Option<&Measured>,
    change: Option<Timestamp>,
    currency: Option<u16>,
) {
    if let Some(granted) = granted {
        out.within(Field::GrantedServiceUnit, |out| {
            if let Some(at) = change {
                out.at(Field::TariffTimeChange, at);
            }
            units::write(out, granted, currency);
        });
    }
}

fn read_announcement(reader: &mut Reader<'_>, group: &Avp<'_>) -> Option<Announcement> {
    let (mut id, mut before_end_secs) = (None, None);
    let mut seen = Seen::default();
    for avp in reader.group(group)? {
        match reader.admit(Level::AnnouncementInformation, &mut seen, &avp) {
            Some(Field::AnnouncementIdentifier) => id = reader.word(&avp),
            Some(Field::TimeIndicator) => before_end_secs = reader.word(&avp),
            _ => (),
        }
    }
    id.map(|id| Announcement { id, before_end_secs })
}

fn write_announcement(out: &mut Encoder<'_>, announcement: &Announcement) {
    out.within(Field::AnnouncementInformation, |out| {
        word(out, Field::AnnouncementIdentifier, Some(announcement.id));
        word(out, Field::TimeIndicator, announcement.before_end_secs);
    });
}

pub(super) fn word(out: &mut Encoder<'_>, field: Field, value: Option<u32>) {
    if let Some(value) = value {
        out.unsigned(field, value.into());
    }
}
