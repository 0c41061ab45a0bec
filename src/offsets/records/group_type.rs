//! The types of groups that are not classic. Each has its own records for the same five purposes.

use crate::offsets::records::record_type::RecordType;

/// The protocol of a group that is not classic. Classic groups have other records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupProtocol {
    /// The consumer protocol of KIP-848.
    Consumer,
    /// A share group (KIP-932).
    Share,
    /// The streams protocol (KIP-1071).
    Streams,
}

impl GroupProtocol {
    pub(crate) const fn epoch(self) -> RecordType {
        match self {
            Self::Consumer => RecordType::ConsumerGroupMetadata,
            Self::Share => RecordType::ShareGroupMetadata,
            Self::Streams => RecordType::StreamsGroupMetadata,
        }
    }

    pub(crate) const fn target_epoch(self) -> RecordType {
        match self {
            Self::Consumer => RecordType::ConsumerGroupTargetAssignmentMetadata,
            Self::Share => RecordType::ShareGroupTargetAssignmentMetadata,
            Self::Streams => RecordType::StreamsGroupTargetAssignmentMetadata,
        }
    }

    pub(crate) const fn member(self) -> RecordType {
        match self {
            Self::Consumer => RecordType::ConsumerGroupMemberMetadata,
            Self::Share => RecordType::ShareGroupMemberMetadata,
            Self::Streams => RecordType::StreamsGroupMemberMetadata,
        }
    }

    pub(crate) const fn target(self) -> RecordType {
        match self {
            Self::Consumer => RecordType::ConsumerGroupTargetAssignmentMember,
            Self::Share => RecordType::ShareGroupTargetAssignmentMember,
            Self::Streams => RecordType::StreamsGroupTargetAssignmentMember,
        }
    }

    pub(crate) const fn current(self) -> RecordType {
        match self {
            Self::Consumer => RecordType::ConsumerGroupCurrentMemberAssignment,
            Self::Share => RecordType::ShareGroupCurrentMemberAssignment,
            Self::Streams => RecordType::StreamsGroupCurrentMemberAssignment,
        }
    }
}
