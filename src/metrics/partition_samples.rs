//! Writes the samples of partitions, which are most of a page.

use crate::model::Partition;
use crate::storage::{GroupTopicView, Member};

use super::sample_tail::SampleTail;
use super::sample_value::SampleValue;
use super::samples::{write_label, write_value};

/// The labels of `Series::OwnedCommit` after the partition: host, id and client id of the member.
pub const OWNER_LABELS: [&str; 3] = ["member_host", "consumer_id", "client_id"];

/// Maximum size of the labels of a member: three strings of 253 bytes, of which escaping makes at most five times as
/// many.
pub const OWNER_BYTES: usize = 4096;

/// Writes samples of partitions that share all labels before the partition number.
pub struct PartitionSamples<'a> {
    out: &'a mut Vec<u8>,
    /// `name{label="value",…,partition="`.
    prefix: &'a [u8],
    /// The topic whose owners are written after the partition number, as [`OWNER_LABELS`].
    owners_of: Option<&'a GroupTopicView>,
}

impl<'a> PartitionSamples<'a> {
    /// Writes samples that begin with `prefix`, which ends just before the partition number.
    pub const fn new(out: &'a mut Vec<u8>, prefix: &'a [u8]) -> Self {
        Self { out, prefix, owners_of: None }
    }

    /// Like [`Self::new`], with the labels of the member that the partition is assigned to.
    pub const fn with_owners(out: &'a mut Vec<u8>, prefix: &'a [u8], topic: &'a GroupTopicView) -> Self {
        Self { out, prefix, owners_of: Some(topic) }
    }

    /// Writes a sample of one partition. This is the hot path.
    #[inline]
    pub fn push(&mut self, partition: Partition, value: SampleValue) {
        let mut tail = SampleTail::new();
        if self.owners_of.is_some() || !tail.prepend_value(value) {
            self.push_slowly(partition, value);
            return;
        }
        tail.prepend(*b"\"} ");
        tail.prepend_integer(partition.0.into());
        self.out.extend_from_slice(self.prefix);
        tail.append_to(self.out);
    }

    fn push_slowly(&mut self, partition: Partition, value: SampleValue) {
        self.push_with(partition, b"\"");
        if let Some(topic) = self.owners_of {
            self.write_owner(topic, partition);
        }
        self.out.extend_from_slice(b"} ");
        write_value(self.out, value);
    }

    /// Writes a sample of one partition. `rest` is everything after the partition number.
    pub fn push_with(&mut self, partition: Partition, rest: &[u8]) {
        self.out.extend_from_slice(self.prefix);
        let mut number = SampleTail::empty();
        number.prepend_integer(partition.0.into());
        number.append_to(self.out);
        self.out.extend_from_slice(rest);
    }

    /// Writes a sample with the value 1 and further labels after the partition. Label values must be escaped.
    pub fn push_labelled(&mut self, partition: Partition, labels: &[(&str, &[u8])]) {
        self.push_with(partition, b"\"");
        for (name, text) in labels {
            write_label(self.out, name, text);
        }
        self.out.extend_from_slice(b"} 1\n");
    }

    fn write_owner(&mut self, topic: &GroupTopicView, partition: Partition) {
        // Members of a share group share partitions. The first one is shown.
        let place = topic.assigned.partition_point(|one| one.partition < partition);
        let owner = topic.assigned.get(place).filter(|one| one.partition == partition);
        let member = owner.and_then(|one| topic.members.get(one.member));
        let texts = member.map_or([&[][..]; 3], |Member { client_host, id, client_id, .. }| {
            [client_host.text(), id.text(), client_id.text()]
        });
        for (name, text) in OWNER_LABELS.into_iter().zip(texts) {
            write_label(self.out, name, text);
        }
    }
}
