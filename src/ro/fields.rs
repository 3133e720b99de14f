//! The one table of the AVPs that Gy/Ro requests and answers are read from and written with: code, vendor,
//! format, the flags they are sent with, and how often each may stand on which level.
//!
//! Codes and formats are those of RFC 6733 §4.5, RFC 8506 §8 and TS 32.299 §7.2; multiplicities those of
//! RFC 8506 §3 and §10.1 and TS 32.299 §6.4, loosened where real clients send more or less. The reader and the
//! writer know no AVP by any other way. AVPs that are only carried along, such as QoS-Information, are not here:
//! the dictionary knows them.

use crate::diameter::avp::{Avp, AvpDef, AvpKey};
use crate::diameter::error::Fault;

/// The format of a value (RFC 6733 §4.2, §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// Address.
    Address,
    /// Unsigned32.
    U32,
    /// Unsigned64.
    U64,
    /// Integer32.
    I32,
    /// Integer64.
    I64,
    /// Enumerated.
    Enum,
    /// Time.
    Time,
    /// UTF8String.
    Utf8,
    /// DiameterIdentity.
    Identity,
    /// OctetString.
    Octets,
    /// Grouped.
    Group,
}

impl Format {
    /// Octets of the shortest value, for the example in a Failed-AVP: none for text and groups.
    pub const fn least_octets(self) -> usize {
        match self {
            Self::U32 | Self::I32 | Self::Enum | Self::Time => 4,
            Self::U64 | Self::I64 => 8,
            Self::Address => 6,
            Self::Utf8 | Self::Identity | Self::Octets | Self::Group => 0,
        }
    }
}

macro_rules! vendor {
    (ietf) => {
        0
    };
    (tgpp) => {
        10_415
    };
}

macro_rules! mandatory {
    (M) => {
        true
    };
    (-) => {
        false
    };
}

macro_rules! fields {
    ($($name:ident = $text:literal $space:ident $code:literal $format:ident $m:tt;)+) => {
        /// An AVP that `ro` reads or writes. The order has no meaning.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = $text] $name,)+
        }

        impl Field {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name in the standard.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The key, and the flags to send.
            pub const fn def(self) -> AvpDef {
                match self {
                    $(Self::$name => AvpDef::of(AvpKey::new(vendor!($space), $code), mandatory!($m)),)+
                }
            }

            /// The format of the value.
            pub const fn format(self) -> Format {
                match self { $(Self::$name => Format::$format,)+ }
            }

            /// The field of a key; none for an AVP that is not in the table.
            pub const fn of(key: AvpKey) -> Option<Self> {
                match (key.vendor, key.code) {
                    $((vendor!($space), $code) => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

fields! {
    UserName = "User-Name" ietf 1 Utf8 M;
    CalledStationId = "Called-Station-Id" ietf 30 Utf8 M;
    ProxyState = "Proxy-State" ietf 33 Octets M;
    AcctMultiSessionId = "Acct-Multi-Session-Id" ietf 50 Utf8 M;
    EventTimestamp = "Event-Timestamp" ietf 55 Time M;
    AuthApplicationId = "Auth-Application-Id" ietf 258 U32 M;
    VendorSpecificApplicationId = "Vendor-Specific-Application-Id" ietf 260 Group M;
    SessionId = "Session-Id" ietf 263 Utf8 M;
    OriginHost = "Origin-Host" ietf 264 Identity M;
    VendorId = "Vendor-Id" ietf 266 U32 M;
    ResultCode = "Result-Code" ietf 268 U32 M;
    OriginStateId = "Origin-State-Id" ietf 278 U32 M;
    FailedAvp = "Failed-AVP" ietf 279 Group M;
    ProxyHost = "Proxy-Host" ietf 280 Identity M;
    ErrorMessage = "Error-Message" ietf 281 Utf8 -;
    RouteRecord = "Route-Record" ietf 282 Identity M;
    DestinationRealm = "Destination-Realm" ietf 283 Identity M;
    ProxyInfo = "Proxy-Info" ietf 284 Group M;
    ReAuthRequestType = "Re-Auth-Request-Type" ietf 285 Enum M;
    DestinationHost = "Destination-Host" ietf 293 Identity M;
    ErrorReportingHost = "Error-Reporting-Host" ietf 294 Identity -;
    TerminationCause = "Termination-Cause" ietf 295 Enum M;
    OriginRealm = "Origin-Realm" ietf 296 Identity M;
    ExperimentalResult = "Experimental-Result" ietf 297 Group M;
    CcCorrelationId = "CC-Correlation-Id" ietf 411 Octets -;
    CcInputOctets = "CC-Input-Octets" ietf 412 U64 M;
    CcMoney = "CC-Money" ietf 413 Group M;
    CcOutputOctets = "CC-Output-Octets" ietf 414 U64 M;
    CcRequestNumber = "CC-Request-Number" ietf 415 U32 M;
    CcRequestType = "CC-Request-Type" ietf 416 Enum M;
    CcServiceSpecificUnits = "CC-Service-Specific-Units" ietf 417 U64 M;
    CcSessionFailover = "CC-Session-Failover" ietf 418 Enum M;
    CcSubSessionId = "CC-Sub-Session-Id" ietf 419 U64 M;
    CcTime = "CC-Time" ietf 420 U32 M;
    CcTotalOctets = "CC-Total-Octets" ietf 421 U64 M;
    CheckBalanceResult = "Check-Balance-Result" ietf 422 Enum M;
    CostInformation = "Cost-Information" ietf 423 Group M;
    CostUnit = "Cost-Unit" ietf 424 Utf8 M;
    CurrencyCode = "Currency-Code" ietf 425 U32 M;
    CreditControlFailureHandling = "Credit-Control-Failure-Handling" ietf 427 Enum M;
    DirectDebitingFailureHandling = "Direct-Debiting-Failure-Handling" ietf 428 Enum M;
    Exponent = "Exponent" ietf 429 I32 M;
    FinalUnitIndication = "Final-Unit-Indication" ietf 430 Group M;
    GrantedServiceUnit = "Granted-Service-Unit" ietf 431 Group M;
    RatingGroup = "Rating-Group" ietf 432 U32 M;
    RedirectAddressType = "Redirect-Address-Type" ietf 433 Enum M;
    RedirectServer = "Redirect-Server" ietf 434 Group M;
    RedirectServerAddress = "Redirect-Server-Address" ietf 435 Utf8 M;
    RequestedAction = "Requested-Action" ietf 436 Enum M;
    RequestedServiceUnit = "Requested-Service-Unit" ietf 437 Group M;
    RestrictionFilterRule = "Restriction-Filter-Rule" ietf 438 Utf8 M;
    ServiceIdentifier = "Service-Identifier" ietf 439 U32 M;
    SubscriptionId = "Subscription-Id" ietf 443 Group M;
    SubscriptionIdData = "Subscription-Id-Data" ietf 444 Utf8 M;
    UnitValue = "Unit-Value" ietf 445 Group M;
    UsedServiceUnit = "Used-Service-Unit" ietf 446 Group M;
    ValueDigits = "Value-Digits" ietf 447 I64 M;
    ValidityTime = "Validity-Time" ietf 448 U32 M;
    FinalUnitAction = "Final-Unit-Action" ietf 449 Enum M;
    SubscriptionIdType = "Subscription-Id-Type" ietf 450 Enum M;
    TariffTimeChange = "Tariff-Time-Change" ietf 451 Time M;
    TariffChangeUsage = "Tariff-Change-Usage" ietf 452 Enum M;
    GsuPoolIdentifier = "G-S-U-Pool-Identifier" ietf 453 U32 M;
    CcUnitType = "CC-Unit-Type" ietf 454 Enum M;
    MultipleServicesIndicator = "Multiple-Services-Indicator" ietf 455 Enum M;
    MultipleServicesCreditControl = "Multiple-Services-Credit-Control" ietf 456 Group M;
    GsuPoolReference = "G-S-U-Pool-Reference" ietf 457 Group M;
    UserEquipmentInfo = "User-Equipment-Info" ietf 458 Group -;
    ServiceContextId = "Service-Context-Id" ietf 461 Utf8 M;
    UserEquipmentInfoExtension = "User-Equipment-Info-Extension" ietf 653 Group -;
    SubscriptionIdExtension = "Subscription-Id-Extension" ietf 659 Group -;
    SubscriptionIdE164 = "Subscription-Id-E164" ietf 660 Utf8 -;
    SubscriptionIdImsi = "Subscription-Id-IMSI" ietf 661 Utf8 -;
    SubscriptionIdSipUri = "Subscription-Id-SIP-URI" ietf 662 Utf8 -;
    SubscriptionIdNai = "Subscription-Id-NAI" ietf 663 Utf8 -;
    SubscriptionIdPrivate = "Subscription-Id-Private" ietf 664 Utf8 -;
    RedirectServerExtension = "Redirect-Server-Extension" ietf 665 Group -;
    RedirectAddressIp = "Redirect-Address-IPAddress" ietf 666 Address -;
    RedirectAddressUrl = "Redirect-Address-URL" ietf 667 Utf8 -;
    RedirectAddressSipUri = "Redirect-Address-SIP-URI" ietf 668 Utf8 -;
    QosFinalUnitIndication = "QoS-Final-Unit-Indication" ietf 669 Group -;
    FilterId = "Filter-Id" ietf 11 Utf8 M;
    ChargingId = "3GPP-Charging-Id" tgpp 2 Octets M;
    SgsnMccMnc = "3GPP-SGSN-MCC-MNC" tgpp 18 Utf8 M;
    RatType = "3GPP-RAT-Type" tgpp 21 Octets M;
    UserLocationInfo = "3GPP-User-Location-Info" tgpp 22 Octets M;
    RoleOfNode = "Role-Of-Node" tgpp 829 Enum M;
    CallingPartyAddress = "Calling-Party-Address" tgpp 831 Utf8 M;
    CalledPartyAddress = "Called-Party-Address" tgpp 832 Utf8 M;
    NodeFunctionality = "Node-Functionality" tgpp 862 Enum M;
    PsFurnishChargingInformation = "PS-Furnish-Charging-Information" tgpp 865 Group M;
    PsFreeFormatData = "PS-Free-Format-Data" tgpp 866 Octets M;
    TimeQuotaThreshold = "Time-Quota-Threshold" tgpp 868 U32 M;
    VolumeQuotaThreshold = "Volume-Quota-Threshold" tgpp 869 U32 M;
    TriggerType = "Trigger-Type" tgpp 870 Enum M;
    QuotaHoldingTime = "Quota-Holding-Time" tgpp 871 U32 M;
    ReportingReason = "Reporting-Reason" tgpp 872 Enum M;
    ServiceInformation = "Service-Information" tgpp 873 Group M;
    PsInformation = "PS-Information" tgpp 874 Group M;
    ImsInformation = "IMS-Information" tgpp 876 Group M;
    MmsInformation = "MMS-Information" tgpp 877 Group M;
    QuotaConsumptionTime = "Quota-Consumption-Time" tgpp 881 U32 M;
    OriginatorAddress = "Originator-Address" tgpp 886 Group M;
    AddressData = "Address-Data" tgpp 897 Utf8 M;
    AddressType = "Address-Type" tgpp 899 Enum M;
    RecipientAddress = "Recipient-Address" tgpp 1201 Group M;
    UnitQuotaThreshold = "Unit-Quota-Threshold" tgpp 1226 U32 M;
    RequestedPartyAddress = "Requested-Party-Address" tgpp 1251 Utf8 M;
    Trigger = "Trigger" tgpp 1264 Group M;
    AlternateChargedPartyAddress = "Alternate-Charged-Party-Address" tgpp 1280 Utf8 M;
    SmsInformation = "SMS-Information" tgpp 2000 Group M;
    InterfaceType = "Interface-Type" tgpp 2006 Enum M;
    OriginatorInterface = "Originator-Interface" tgpp 2009 Group M;
    NumberOfMessagesSent = "Number-Of-Messages-Sent" tgpp 2019 U32 M;
    LowBalanceIndication = "Low-Balance-Indication" tgpp 2020 Enum M;
    RemainingBalance = "Remaining-Balance" tgpp 2021 Group M;
    RefundInformation = "Refund-Information" tgpp 2022 Octets M;
    RecipientInfo = "Recipient-Info" tgpp 2026 Group M;
    OriginatorReceivedAddress = "Originator-Received-Address" tgpp 2027 Group M;
    RecipientReceivedAddress = "Recipient-Received-Address" tgpp 2028 Group M;
    AccumulatedCost = "Accumulated-Cost" tgpp 2052 Group M;
    AocCostInformation = "AoC-Cost-Information" tgpp 2053 Group M;
    AocInformation = "AoC-Information" tgpp 2054 Group M;
    AocRequestType = "AoC-Request-Type" tgpp 2055 Enum M;
    CurrentTariff = "Current-Tariff" tgpp 2056 Group M;
    RateElement = "Rate-Element" tgpp 2058 Group M;
    TariffInformation = "Tariff-Information" tgpp 2060 Group M;
    UnitCost = "Unit-Cost" tgpp 2061 Group M;
    IncrementalCost = "Incremental-Cost" tgpp 2062 Group M;
    AccountExpiration = "Account-Expiration" tgpp 2309 Time M;
    VcsInformation = "VCS-Information" tgpp 3410 Group M;
    AnnouncementInformation = "Announcement-Information" tgpp 3904 Group M;
    AnnouncementIdentifier = "Announcement-Identifier" tgpp 3905 U32 M;
    TimeIndicator = "Time-Indicator" tgpp 3911 U32 M;
}

impl Field {
    /// 5005 for this AVP: an example of it.
    #[cold]
    pub(super) fn missing(self) -> Fault {
        Fault::missing(self.def(), self.format().least_octets())
    }

    /// 5005 for this AVP in a group: an example of it in the chain of its groups.
    #[cold]
    pub(super) fn missing_in(self, group: &Avp<'_>) -> Fault {
        group.missing(self.def(), self.format().least_octets())
    }

    /// Its place in the table.
    #[expect(clippy::as_conversions, reason = "the place of a fieldless enum has no other way to a number")]
    pub(super) const fn place(self) -> u8 {
        self as u8
    }
}

/// How often an AVP may stand on a level.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Occurs {
    /// Exactly once; none is 5005, a second one is 5009.
    Once,
    /// Once or not at all; a second one is 5009.
    AtMostOnce,
    /// Any number of times, of which the first counts: it is only for information.
    First,
    /// Any number of times, and all of them count.
    Many,
    /// Not at all: 5008.
    Never,
    /// No part of this level: let pass, not read.
    Open,
}

macro_rules! levels {
    ($($(#[$doc:meta])+ $level:ident { $($occurs:ident: $($field:ident)+;)+ })+) => {
        /// A message or a group, as a set of AVPs that may stand in it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Level {
            $($(#[$doc])+ $level,)+
        }

        impl Level {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$level),+];

            /// How often a field may stand on this level.
            pub const fn occurs(self, field: Field) -> Occurs {
                match self {
                    $(Self::$level => match field {
                        $($(Field::$field)|+ => Occurs::$occurs,)+
                        _ => Occurs::Open,
                    },)+
                }
            }

            /// The fields that this level names, in the order of the table.
            pub const fn members(self) -> &'static [Field] {
                match self {
                    $(Self::$level => &[$($(Field::$field),+),+],)+
                }
            }
        }
    };
}

levels! {
    /// A CCR.
    Ccr {
        Once: SessionId OriginHost OriginRealm CcRequestType CcRequestNumber;
        AtMostOnce: DestinationRealm AuthApplicationId ServiceContextId DestinationHost UserName OriginStateId
            EventTimestamp TerminationCause RequestedAction MultipleServicesIndicator RequestedServiceUnit
            ServiceInformation AocRequestType RefundInformation AcctMultiSessionId CcCorrelationId CcSubSessionId
            UserEquipmentInfo UserEquipmentInfoExtension;
        Many: SubscriptionId SubscriptionIdExtension UsedServiceUnit ServiceIdentifier MultipleServicesCreditControl ReportingReason
            ProxyInfo RouteRecord;
        First: VendorSpecificApplicationId PsInformation ImsInformation SmsInformation MmsInformation
            VcsInformation SgsnMccMnc RatType UserLocationInfo CalledStationId RoleOfNode CalledPartyAddress
            CallingPartyAddress RequestedPartyAddress AlternateChargedPartyAddress;
        Never: ResultCode FailedAvp ExperimentalResult CcSessionFailover CheckBalanceResult CostInformation
            CreditControlFailureHandling DirectDebitingFailureHandling FinalUnitIndication GrantedServiceUnit
            ValidityTime QosFinalUnitIndication;
    }
    /// Vendor-Specific-Application-Id.
    VendorSpecificApplicationId {
        First: VendorId AuthApplicationId;
    }
    /// Proxy-Info; what is in it is the proxy's own affair.
    ProxyInfo {
        First: ProxyHost ProxyState;
    }
    /// Subscription-Id.
    SubscriptionId {
        AtMostOnce: SubscriptionIdType SubscriptionIdData;
    }
    /// Subscription-Id-Extension (RFC 8506 §8.58 has one of them in each).
    SubscriptionIdExtension {
        AtMostOnce: SubscriptionIdE164 SubscriptionIdImsi SubscriptionIdSipUri SubscriptionIdNai
            SubscriptionIdPrivate;
    }
    /// Multiple-Services-Credit-Control of a CCR.
    Mscc {
        AtMostOnce: RequestedServiceUnit RatingGroup RefundInformation;
        Many: UsedServiceUnit ServiceIdentifier ReportingReason Trigger;
        First: RatType;
    }
    /// Trigger.
    Trigger {
        Many: TriggerType;
    }
    /// Requested-Service-Unit.
    Rsu {
        AtMostOnce: CcTime CcMoney CcTotalOctets CcInputOctets CcOutputOctets CcServiceSpecificUnits;
    }
    /// Used-Service-Unit.
    Usu {
        AtMostOnce: TariffChangeUsage CcTime CcMoney CcTotalOctets CcInputOctets CcOutputOctets
            CcServiceSpecificUnits;
        Many: ReportingReason;
    }
    /// Granted-Service-Unit.
    Gsu {
        AtMostOnce: TariffTimeChange CcTime CcMoney CcTotalOctets CcInputOctets CcOutputOctets CcServiceSpecificUnits;
    }
    /// CC-Money.
    CcMoney {
        AtMostOnce: UnitValue CurrencyCode;
    }
    /// Unit-Value.
    UnitValue {
        AtMostOnce: ValueDigits Exponent;
    }
    /// Service-Information.
    ServiceInformation {
        Many: SubscriptionId;
        First: PsInformation ImsInformation SmsInformation MmsInformation VcsInformation;
    }
    /// PS-Information.
    Ps {
        First: SgsnMccMnc RatType UserLocationInfo CalledStationId;
    }
    /// IMS-Information and VCS-Information.
    Call {
        First: RoleOfNode NodeFunctionality CalledPartyAddress CallingPartyAddress RequestedPartyAddress
            AlternateChargedPartyAddress;
    }
    /// SMS-Information and MMS-Information.
    Messaging {
        First: OriginatorInterface NumberOfMessagesSent OriginatorAddress OriginatorReceivedAddress;
        Many: RecipientInfo RecipientAddress;
    }
    /// Originator-Interface.
    OriginatorInterface {
        First: InterfaceType;
    }
    /// Recipient-Info.
    RecipientInfo {
        Many: RecipientAddress RecipientReceivedAddress;
    }
    /// Recipient-Address, Recipient-Received-Address and the like: addresses of messages.
    RecipientAddress {
        First: AddressType AddressData;
    }
    /// A CCA. An answer in the form of RFC 6733 §7.2 lacks most of it.
    Cca {
        Once: ResultCode;
        AtMostOnce: SessionId OriginHost OriginRealm AuthApplicationId CcRequestType CcRequestNumber OriginStateId
            CcSessionFailover CreditControlFailureHandling DirectDebitingFailureHandling ErrorMessage
            ErrorReportingHost GrantedServiceUnit ValidityTime FinalUnitIndication QosFinalUnitIndication
            CheckBalanceResult CostInformation LowBalanceIndication RemainingBalance RefundInformation
            ServiceInformation;
        First: FailedAvp;
        Many: MultipleServicesCreditControl ProxyInfo;
    }
    /// A RAR (RFC 6733 §8.3.1, RFC 8506 §10.2).
    Rar {
        Once: SessionId OriginHost OriginRealm DestinationRealm DestinationHost AuthApplicationId
            ReAuthRequestType;
        AtMostOnce: UserName OriginStateId ServiceIdentifier RatingGroup;
        Many: ProxyInfo RouteRecord;
    }
    /// An ASR (RFC 6733 §8.5.1).
    Asr {
        Once: SessionId OriginHost OriginRealm DestinationRealm DestinationHost AuthApplicationId;
        AtMostOnce: UserName OriginStateId;
        Many: ProxyInfo RouteRecord;
    }
    /// An RAA or ASA (RFC 6733 §8.3.2, §8.5.2). One in the form of §7.2 may lack the Session-Id.
    Demanded {
        AtMostOnce: SessionId OriginHost OriginRealm ResultCode ExperimentalResult OriginStateId UserName
            ErrorMessage ErrorReportingHost;
        First: FailedAvp;
        Many: ProxyInfo;
    }
    /// Multiple-Services-Credit-Control of a CCA.
    MsccAnswer {
        AtMostOnce: GrantedServiceUnit RatingGroup TariffChangeUsage ValidityTime ResultCode FinalUnitIndication
            QosFinalUnitIndication TimeQuotaThreshold VolumeQuotaThreshold UnitQuotaThreshold QuotaHoldingTime
            QuotaConsumptionTime Trigger RefundInformation;
        Many: ServiceIdentifier GsuPoolReference AnnouncementInformation;
    }
    /// Final-Unit-Indication.
    Fui {
        Once: FinalUnitAction;
        AtMostOnce: RedirectServer;
        Many: RestrictionFilterRule FilterId;
    }
    /// QoS-Final-Unit-Indication.
    QosFui {
        Once: FinalUnitAction;
        AtMostOnce: RedirectServerExtension;
        Many: FilterId;
    }
    /// Redirect-Server-Extension.
    RedirectServerExtension {
        AtMostOnce: RedirectAddressIp RedirectAddressUrl RedirectAddressSipUri;
    }
    /// G-S-U-Pool-Reference.
    GsuPoolReference {
        AtMostOnce: GsuPoolIdentifier CcUnitType UnitValue;
    }
    /// Cost-Information, Remaining-Balance, Accumulated-Cost, Incremental-Cost and Unit-Cost: money, with its
    /// currency where it is said.
    Cost {
        AtMostOnce: UnitValue CurrencyCode CostUnit ValueDigits Exponent;
    }
    /// Announcement-Information.
    AnnouncementInformation {
        AtMostOnce: AnnouncementIdentifier TimeIndicator;
    }
    /// Service-Information of a CCA.
    AnswerInformation {
        AtMostOnce: AocInformation PsInformation ImsInformation;
    }
    /// PS-Information of a CCA.
    AnswerPs {
        AtMostOnce: PsFurnishChargingInformation;
    }
    /// PS-Furnish-Charging-Information.
    PsFurnishChargingInformation {
        AtMostOnce: ChargingId PsFreeFormatData;
    }
    /// IMS-Information of a CCA.
    AnswerIms {
        AtMostOnce: NodeFunctionality AccountExpiration;
    }
    /// AoC-Information.
    AocInformation {
        AtMostOnce: AocCostInformation TariffInformation;
    }
    /// AoC-Cost-Information.
    AocCostInformation {
        AtMostOnce: AccumulatedCost CurrencyCode;
        Many: IncrementalCost;
    }
    /// Tariff-Information.
    TariffInformation {
        AtMostOnce: CurrentTariff;
    }
    /// Current-Tariff.
    CurrentTariff {
        AtMostOnce: CurrencyCode;
        Many: RateElement;
    }
    /// Rate-Element.
    RateElement {
        AtMostOnce: CcUnitType UnitValue UnitCost;
    }
    /// Redirect-Server.
    RedirectServer {
        Once: RedirectAddressType RedirectServerAddress;
    }
}
