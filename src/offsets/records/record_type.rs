//! The types of records.

/// The type of a record: the number that its key begins with. Older documents call it the version of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordType {
    /// 0: a commit, as brokers before 0.8.2 wrote it.
    LegacyOffsetCommit,
    /// 1: a commit.
    OffsetCommit,
    /// 2: a classic group's generation, members and assignments.
    GroupMetadata,
    /// 3: a KIP-848 group's epoch.
    ConsumerGroupMetadata,
    /// 4: the topics that a KIP-848 group knew.
    ConsumerGroupPartitionMetadata,
    /// 5: a member of a KIP-848 group.
    ConsumerGroupMemberMetadata,
    /// 6: the epoch of a KIP-848 group's target assignment.
    ConsumerGroupTargetAssignmentMetadata,
    /// 7: the target assignment of a member of a KIP-848 group.
    ConsumerGroupTargetAssignmentMember,
    /// 8: the current assignment of a member of a KIP-848 group.
    ConsumerGroupCurrentMemberAssignment,
    /// 9: only in early access of share groups (3.9 and 4.0).
    ShareGroupPartitionMetadata,
    /// 10: a member of a share group.
    ShareGroupMemberMetadata,
    /// 11: a share group's epoch.
    ShareGroupMetadata,
    /// 12: the epoch of a share group's target assignment.
    ShareGroupTargetAssignmentMetadata,
    /// 13: the target assignment of a member of a share group.
    ShareGroupTargetAssignmentMember,
    /// 14: the current assignment of a member of a share group.
    ShareGroupCurrentMemberAssignment,
    /// 15: the partitions that a share group keeps state of.
    ShareGroupStatePartitionMetadata,
    /// 16: the topics that match a regular expression of a KIP-848 group.
    ConsumerGroupRegularExpression,
    /// 17: a streams group's epoch.
    StreamsGroupMetadata,
    /// 18: only in development builds of 4.0.
    StreamsGroupPartitionMetadata,
    /// 19: a member of a streams group.
    StreamsGroupMemberMetadata,
    /// 20: the epoch of a streams group's target assignment.
    StreamsGroupTargetAssignmentMetadata,
    /// 21: the target assignment of a member of a streams group.
    StreamsGroupTargetAssignmentMember,
    /// 22: the current assignment of a member of a streams group.
    StreamsGroupCurrentMemberAssignment,
    /// 23: a streams group's topology.
    StreamsGroupTopology,
    /// Any other number.
    Unknown,
    /// 0 in the topic of share groups: the state of a partition.
    ShareSnapshot,
    /// 1 in the topic of share groups: a change of that state.
    ShareUpdate,
}

impl RecordType {
    /// All types: those of the offsets topic in the order of their numbers, then the others.
    pub const ALL: [Self; 27] = [
        Self::LegacyOffsetCommit,
        Self::OffsetCommit,
        Self::GroupMetadata,
        Self::ConsumerGroupMetadata,
        Self::ConsumerGroupPartitionMetadata,
        Self::ConsumerGroupMemberMetadata,
        Self::ConsumerGroupTargetAssignmentMetadata,
        Self::ConsumerGroupTargetAssignmentMember,
        Self::ConsumerGroupCurrentMemberAssignment,
        Self::ShareGroupPartitionMetadata,
        Self::ShareGroupMemberMetadata,
        Self::ShareGroupMetadata,
        Self::ShareGroupTargetAssignmentMetadata,
        Self::ShareGroupTargetAssignmentMember,
        Self::ShareGroupCurrentMemberAssignment,
        Self::ShareGroupStatePartitionMetadata,
        Self::ConsumerGroupRegularExpression,
        Self::StreamsGroupMetadata,
        Self::StreamsGroupPartitionMetadata,
        Self::StreamsGroupMemberMetadata,
        Self::StreamsGroupTargetAssignmentMetadata,
        Self::StreamsGroupTargetAssignmentMember,
        Self::StreamsGroupCurrentMemberAssignment,
        Self::StreamsGroupTopology,
        Self::Unknown,
        Self::ShareSnapshot,
        Self::ShareUpdate,
    ];

    /// The type with this number in the offsets topic.
    #[must_use]
    pub fn of(number: i16) -> Self {
        let known = usize::try_from(number).ok().and_then(|number| Self::ALL.get(number));
        let known = known.filter(|kind| !matches!(kind, Self::ShareSnapshot | Self::ShareUpdate));
        known.copied().unwrap_or(Self::Unknown)
    }

    /// The value of the label `type` in `warrener_records_total`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LegacyOffsetCommit => "legacy_offset_commit",
            Self::OffsetCommit => "offset_commit",
            Self::GroupMetadata => "group_metadata",
            Self::ConsumerGroupMetadata => "consumer_group_metadata",
            Self::ConsumerGroupPartitionMetadata => "consumer_group_partition_metadata",
            Self::ConsumerGroupMemberMetadata => "consumer_group_member_metadata",
            Self::ConsumerGroupTargetAssignmentMetadata => "consumer_group_target_assignment_metadata",
            Self::ConsumerGroupTargetAssignmentMember => "consumer_group_target_assignment_member",
            Self::ConsumerGroupCurrentMemberAssignment => "consumer_group_current_member_assignment",
            Self::ShareGroupPartitionMetadata => "share_group_partition_metadata",
            Self::ShareGroupMemberMetadata => "share_group_member_metadata",
            Self::ShareGroupMetadata => "share_group_metadata",
            Self::ShareGroupTargetAssignmentMetadata => "share_group_target_assignment_metadata",
            Self::ShareGroupTargetAssignmentMember => "share_group_target_assignment_member",
            Self::ShareGroupCurrentMemberAssignment => "share_group_current_member_assignment",
            Self::ShareGroupStatePartitionMetadata => "share_group_state_partition_metadata",
            Self::ConsumerGroupRegularExpression => "consumer_group_regular_expression",
            Self::StreamsGroupMetadata => "streams_group_metadata",
            Self::StreamsGroupPartitionMetadata => "streams_group_partition_metadata",
            Self::StreamsGroupMemberMetadata => "streams_group_member_metadata",
            Self::StreamsGroupTargetAssignmentMetadata => "streams_group_target_assignment_metadata",
            Self::StreamsGroupTargetAssignmentMember => "streams_group_target_assignment_member",
            Self::StreamsGroupCurrentMemberAssignment => "streams_group_current_member_assignment",
            Self::StreamsGroupTopology => "streams_group_topology",
            Self::Unknown => "unknown",
            Self::ShareSnapshot => "share_snapshot",
            Self::ShareUpdate => "share_update",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_find_their_types_by_kafkas_list() {
        assert_eq!(RecordType::of(0), RecordType::LegacyOffsetCommit);
        assert_eq!(RecordType::of(2), RecordType::GroupMetadata);
        assert_eq!(RecordType::of(8).name(), "consumer_group_current_member_assignment");
        assert_eq!(RecordType::of(15).name(), "share_group_state_partition_metadata");
        assert_eq!(RecordType::of(16).name(), "consumer_group_regular_expression");
        assert_eq!(RecordType::of(23).name(), "streams_group_topology");
    }

    #[test]
    fn other_numbers_are_unknown() {
        for number in [-1, 24, 25, i16::MAX, i16::MIN] {
            assert_eq!(RecordType::of(number), RecordType::Unknown);
        }
    }

    #[test]
    fn every_type_has_a_name_of_its_own() {
        let names: std::collections::HashSet<_> = RecordType::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), RecordType::ALL.len());
    }
}
