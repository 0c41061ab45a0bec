//! The target assignment (types 7, 13, 21) and the current assignment (types 8, 14, 22) of a member of a group that
//! is not classic.

use crate::model::{Name, TopicId};
use crate::offsets::bytes::cursor::{Cursor, FieldEncoding};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{ListItem, Partitions, RecordList};
use crate::offsets::records::group_type::GroupProtocol;

/// The partitions or tasks of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignedItems<'a> {
    /// In groups of the types `consumer` and `share`.
    Partitions(RecordList<'a, TopicPartitions<'a>>),
    /// In streams groups.
    Tasks(StreamsTasks<'a>),
}

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
pub struct StreamsTasks<'a> {
    /// Tasks that read their partitions: the member that has them owns these.
    pub active: RecordList<'a, SubtopologyTasks<'a>>,
    /// Tasks that keep a copy of the state.
    pub standby: RecordList<'a, SubtopologyTasks<'a>>,
    /// Tasks that build a copy of the state.
    pub warmup: RecordList<'a, SubtopologyTasks<'a>>,
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
    pub assigned: AssignedItems<'a>,
    /// What it was asked to revoke and still owns. Always empty in a share group.
    pub revoking: AssignedItems<'a>,
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

pub(crate) fn target(bytes: &[u8], kind: GroupProtocol) -> Result<AssignedItems<'_>, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let target = match kind {
        GroupProtocol::Consumer | GroupProtocol::Share => partitions(&mut cursor, "topic_partitions")?,
        GroupProtocol::Streams => tasks(&mut cursor, ["active_tasks", "standby_tasks", "warmup_tasks"])?,
    };
    cursor.skip_tags()?;
    cursor.end("value")?;
    Ok(target)
}

pub(crate) fn current(bytes: &[u8], kind: GroupProtocol) -> Result<CurrentAssignment<'_>, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let epoch = cursor.int32("member_epoch")?;
    let previous_epoch = cursor.int32("previous_member_epoch")?;
    let state = MemberState::of(kind, cursor.int8("state")?);
    let assigned = match kind {
        GroupProtocol::Consumer | GroupProtocol::Share => partitions(&mut cursor, "assigned_partitions")?,
        GroupProtocol::Streams => tasks(&mut cursor, ["active_tasks", "standby_tasks", "warmup_tasks"])?,
    };
    let revoking = match kind {
        GroupProtocol::Consumer => partitions(&mut cursor, "partitions_pending_revocation")?,
        GroupProtocol::Share => AssignedItems::Partitions(RecordList::empty()),
        GroupProtocol::Streams => tasks(
            &mut cursor,
            ["active_tasks_pending_revocation", "standby_tasks_pending_revocation", "warmup_tasks_pending_revocation"],
        )?,
    };
    cursor.skip_tags()?;
    cursor.end("value")?;
    Ok(CurrentAssignment { epoch, previous_epoch, state, assigned, revoking })
}

fn partitions<'a>(cursor: &mut Cursor<'a>, field: &'static str) -> Result<AssignedItems<'a>, DecodeError> {
    RecordList::read(cursor, field, FieldEncoding::Flexible).map(AssignedItems::Partitions)
}

fn tasks<'a>(
    cursor: &mut Cursor<'a>,
    [active, standby, warmup]: [&'static str; 3],
) -> Result<AssignedItems<'a>, DecodeError> {
    Ok(AssignedItems::Tasks(StreamsTasks {
        active: RecordList::read(cursor, active, FieldEncoding::Flexible)?,
        standby: RecordList::read(cursor, standby, FieldEncoding::Flexible)?,
        warmup: RecordList::read(cursor, warmup, FieldEncoding::Flexible)?,
    }))
}

impl<'a> ListItem<'a> for TopicPartitions<'a> {
    const LEAST: usize = 16 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = TopicId(cursor.uuid("topic_id")?);
        let partitions = RecordList::read(cursor, "partitions", FieldEncoding::Flexible)?;
        cursor.skip_tags()?;
        Ok(Self { topic, partitions })
    }
}

impl<'a> ListItem<'a> for SubtopologyTasks<'a> {
    const LEAST: usize = 1 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let subtopology = cursor.text("subtopology_id")?;
        let partitions = RecordList::read(cursor, "partitions", FieldEncoding::Flexible)?;
        // From 4.2 a tag contains the epochs of the assigned partitions (`assignment_epochs`). It is not needed.
        cursor.skip_tags()?;
        Ok(Self { subtopology, partitions })
    }
}
