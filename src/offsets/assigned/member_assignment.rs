//! The target assignment (types 7, 13, 21) and the current assignment (types 8, 14, 22) of a member of a group that
//! is not classic.

use crate::model::{Name, TopicId};
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{ListItem, Partitions, RecordList};
use crate::offsets::records::group_type::GroupProtocol;

/// The partitions or tasks of a target assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignedItems<'a> {
    /// In groups of the types `consumer` and `share`.
    Partitions(RecordList<'a, TopicPartitions<'a>>),
    /// In streams groups.
    Tasks(StreamsTasks<'a, SubtopologyTasks<'a>>),
}

/// The partitions or tasks that a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnedItems<'a> {
    /// In groups of the type `consumer`.
    Partitions(RecordList<'a, Owned<'a, TopicPartitions<'a>>>),
    /// In share groups.
    SharePartitions(RecordList<'a, TopicPartitions<'a>>),
    /// In streams groups.
    Tasks(StreamsTasks<'a, Owned<'a, SubtopologyTasks<'a>>>),
}

/// What a member has, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned<'a, T> {
    /// What it has.
    pub item: T,
    /// The group epoch in which each partition was assigned, in the order of the partitions: of tasks from 4.2, of
    /// partitions from 4.3 (KIP-1251). `None` if the broker did not write them.
    pub epochs: Option<AssignmentEpochs<'a>>,
}

/// The group epochs in which partitions were assigned.
pub type AssignmentEpochs<'a> = RecordList<'a, i32>;

/// Partitions of a topic that is named only by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicPartitions<'a> {
    /// The topic.
    pub topic: TopicId,
    /// The partitions.
    pub partitions: Partitions<'a>,
}

/// Tasks of a streams group by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamsTasks<'a, T: ListItem<'a>> {
    /// Tasks that read their partitions: the member that has them owns these.
    pub active: RecordList<'a, T>,
    /// Tasks that keep a copy of the state.
    pub standby: RecordList<'a, T>,
    /// Tasks that build a copy of the state.
    pub warmup: RecordList<'a, T>,
}

/// Tasks of one subtopology. A task (subtopology, partition) reads that partition of all the source topics that
/// [`crate::offsets::Topology`] lists for the subtopology.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubtopologyTasks<'a> {
    /// The subtopology.
    pub subtopology: Name<'a>,
    /// The partitions.
    pub partitions: Partitions<'a>,
}

/// The current assignment of a member, and its progress towards the target assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentAssignment<'a> {
    /// The epoch that it has reached; negative while it leaves.
    pub epoch: i32,
    /// The previous epoch.
    pub previous_epoch: i32,
    /// The state of the member.
    pub state: MemberState,
    /// What it owns.
    pub assigned: OwnedItems<'a>,
    /// What it was asked to revoke and still owns. Always empty in a share group.
    pub revoking: OwnedItems<'a>,
}

/// The state of a member. Streams groups number the states from 1, the others from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// Nothing is left to revoke or to wait for.
    Stable,
    /// It has to revoke something.
    Unrevoked,
    /// It waits for what others have to revoke.
    Unreleased,
    /// An unknown state, or 127, which means that the broker does not know it either.
    Unknown(i8),
}

impl MemberState {
    const KNOWN: [Self; 3] = [Self::Stable, Self::Unrevoked, Self::Unreleased];

    fn of(kind: GroupProtocol, number: i8) -> Self {
        let known = Self::KNOWN.into_iter().find(|state| state.number(kind) == number);
        known.unwrap_or(Self::Unknown(number))
    }

    pub(crate) const fn number(self, kind: GroupProtocol) -> i8 {
        let first = match kind {
            GroupProtocol::Consumer | GroupProtocol::Share => 0,
            GroupProtocol::Streams => 1,
        };
        match self {
            Self::Stable => first,
            Self::Unrevoked => first + 1,
            Self::Unreleased => first + 2,
            Self::Unknown(number) => number,
        }
    }
}

pub(crate) fn target<'a>(cursor: &mut Cursor<'a>, kind: GroupProtocol) -> Result<AssignedItems<'a>, DecodeError> {
    cursor.version(0)?;
    let target = match kind {
        GroupProtocol::Consumer | GroupProtocol::Share => {
            AssignedItems::Partitions(RecordList::read(cursor, "topic_partitions", FieldEncoding::Flexible)?)
        }
        GroupProtocol::Streams => AssignedItems::Tasks(tasks(cursor, TASKS)?),
    };
    cursor.skip_tags()?;
    Ok(target)
}

pub(crate) fn current<'a>(cursor: &mut Cursor<'a>, kind: GroupProtocol) -> Result<CurrentAssignment<'a>, DecodeError> {
    cursor.version(0)?;
    let epoch = cursor.int32("member_epoch")?;
    let previous_epoch = cursor.int32("previous_member_epoch")?;
    let state = MemberState::of(kind, cursor.int8("state")?);
    let (assigned, revoking) = match kind {
        GroupProtocol::Consumer => {
            let mut partitions =
                |field| RecordList::read(cursor, field, FieldEncoding::Flexible).map(OwnedItems::Partitions);
            (partitions("assigned_partitions")?, partitions("partitions_pending_revocation")?)
        }
        GroupProtocol::Share => {
            let assigned = RecordList::read(cursor, "assigned_partitions", FieldEncoding::Flexible)?;
            (OwnedItems::SharePartitions(assigned), OwnedItems::SharePartitions(RecordList::empty()))
        }
        GroupProtocol::Streams => {
            (OwnedItems::Tasks(tasks(cursor, TASKS)?), OwnedItems::Tasks(tasks(cursor, REVOKED_TASKS)?))
        }
    };
    cursor.skip_tags()?;
    Ok(CurrentAssignment { epoch, previous_epoch, state, assigned, revoking })
}

const TASKS: [&str; 3] = ["active_tasks", "standby_tasks", "warmup_tasks"];
const REVOKED_TASKS: [&str; 3] =
    ["active_tasks_pending_revocation", "standby_tasks_pending_revocation", "warmup_tasks_pending_revocation"];

fn tasks<'a, T: ListItem<'a>>(
    cursor: &mut Cursor<'a>,
    [active, standby, warmup]: [&'static str; 3],
) -> Result<StreamsTasks<'a, T>, DecodeError> {
    Ok(StreamsTasks {
        active: RecordList::read(cursor, active, FieldEncoding::Flexible)?,
        standby: RecordList::read(cursor, standby, FieldEncoding::Flexible)?,
        warmup: RecordList::read(cursor, warmup, FieldEncoding::Flexible)?,
    })
}

/// An item whose tagged fields depend on the list that it is in.
pub trait AssignedItem<'a>: Sized {
    /// The minimum size of the fields before the tagged ones in bytes.
    const LEAST: usize;

    /// Decodes the fields before the tagged ones.
    ///
    /// # Errors
    /// The bytes do not have the layout of an item.
    fn read_fields(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError>;
}

impl<'a> AssignedItem<'a> for TopicPartitions<'a> {
    const LEAST: usize = 16 + 1;

    fn read_fields(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = TopicId(cursor.uuid("topic_id")?);
        Ok(Self { topic, partitions: RecordList::read(cursor, "partitions", FieldEncoding::Flexible)? })
    }
}

impl<'a> AssignedItem<'a> for SubtopologyTasks<'a> {
    const LEAST: usize = 1 + 1;

    fn read_fields(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let subtopology = cursor.text("subtopology_id")?;
        Ok(Self { subtopology, partitions: RecordList::read(cursor, "partitions", FieldEncoding::Flexible)? })
    }
}

impl<'a> ListItem<'a> for TopicPartitions<'a> {
    const LEAST: usize = <Self as AssignedItem<'a>>::LEAST + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let item = Self::read_fields(cursor)?;
        cursor.skip_tags()?;
        Ok(item)
    }
}

impl<'a> ListItem<'a> for SubtopologyTasks<'a> {
    const LEAST: usize = <Self as AssignedItem<'a>>::LEAST + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let item = Self::read_fields(cursor)?;
        cursor.skip_tags()?;
        Ok(item)
    }
}

impl<'a, T: AssignedItem<'a>> ListItem<'a> for Owned<'a, T> {
    const LEAST: usize = T::LEAST + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let (item, mut epochs) = (T::read_fields(cursor)?, None);
        cursor.tags(|tag, value| {
            if tag == 0 {
                epochs = RecordList::read_nullable(value, "assignment_epochs")?;
            }
            Ok(())
        })?;
        Ok(Self { item, epochs })
    }
}
