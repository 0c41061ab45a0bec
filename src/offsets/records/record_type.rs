//! The types of record there are.

/// A record's type, which its key begins with. Older texts call it the key's version.
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
    /// 4: what a KIP-848 group knew of its topics.
    ConsumerGroupPartitionMetadata,
    /// 5: a member of a KIP-848 group.
    ConsumerGroupMemberMetadata,
    /// 6: the epoch of a KIP-848 group's target assignment.
    ConsumerGroupTargetAssignmentMetadata,
    /// 7: what a member of a KIP-848 group is meant to own.
    ConsumerGroupTargetAssignmentMember,
    /// 8: what a member of a KIP-848 group owns.
    ConsumerGroupCurrentMemberAssignment,
    /// 9: only in early access of share groups (3.9 and 4.0).
    ShareGroupPartitionMetadata,
    /// 10: a member of a share group.
    ShareGroupMemberMetadata,
    /// 11: a share group's epoch.
    ShareGroupMetadata,
    /// 12: the epoch of a share group's target assignment.
    ShareGroupTargetAssignmentMetadata,
    /// 13: what a member of a share group is meant to own.
    ShareGroupTargetAssignmentMember,
    /// 14: what a member of a share group owns.
    ShareGroupCurrentMemberAssignment,
    /// 15: the partitions that a share group keeps state of.
    ShareGroupStatePartitionMetadata,
    /// 16: what a KIP-848 group's regular expression was resolved to.
    ConsumerGroupRegularExpression,
    /// 17: a streams group's epoch.
    StreamsGroupMetadata,
    /// 18: only in development builds of 4.0.
    StreamsGroupPartitionMetadata,
    /// 19: a member of a streams group.
    StreamsGroupMemberMetadata,
    /// 20: the epoch of a streams group's target assignment.
    StreamsGroupTargetAssignmentMetadata,
    /// 21: what a member of a streams group is meant to own.
    StreamsGroupTargetAssignmentMember,
    /// 22: what a member of a streams group owns.
    StreamsGroupCurrentMemberAssignment,
    /// 23: a streams group's topology.
    StreamsGroupTopology,
    /// Any other.
    Unknown,
    /// Of the share groups' own topic, 0: the state of a partition.
    ShareSnapshot,
    /// Of the same, 1: what changed in it.
    ShareUpdate,
}

impl RecordType {
    /// Every type: those of the offsets topic in the order of their numbers, then the others.
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

    /// The type of a number in the offsets topic.
    #[must_use]
    pub fn of(number: i16) -> Self {
        let known = usize::try_from(number).ok().and_then(|number| Self::ALL.get(number));
        let known = known.filter(|kind| !matches!(kind, Self::ShareSnapshot | Self::ShareUpdate));
        known.copied().unwrap_or(Self::Unknown)
    }

    /// The `type` that `warrener_records_total` counts it under.
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
