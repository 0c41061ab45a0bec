//! What a member of a group that is not a classic one is meant to own (types 7, 13, 21) and what it owns
//! (types 8, 14, 22).

use crate::model::{Name, TopicId};
use crate::offsets::bytes::cursor::{Cursor, Form};
use crate::offsets::bytes::error::DecodeError;
use crate::offsets::bytes::list::{Item, List, Partitions};
use crate::offsets::records::group_type::GroupType;

/// What a member owns, or is meant to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned<'a> {
    /// In groups of the types `consumer` and `share`.
    Partitions(List<'a, TopicPartitions<'a>>),
    /// In streams groups.
    Tasks(Tasks<'a>),
}

/// Partitions of a topic, which is told by its id alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicPartitions<'a> {
    /// The topic.
    pub topic: TopicId,
    /// Its partitions.
    pub partitions: Partitions<'a>,
}

/// Tasks of a streams group by what is done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tasks<'a> {
    /// They read their partitions: whoever has them owns these.
    pub active: List<'a, Task<'a>>,
    /// They keep a copy of the state.
    pub standby: List<'a, Task<'a>>,
    /// They make a copy of the state.
    pub warmup: List<'a, Task<'a>>,
}

/// Tasks of one subtopology. A task (subtopology, partition) reads that partition of all the source topics that
/// [`crate::offsets::Topology`] lists for the subtopology.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task<'a> {
    /// The subtopology.
    pub subtopology: Name<'a>,
    /// The partitions.
    pub partitions: Partitions<'a>,
}

/// How far a member has come on its way to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentAssignment<'a> {
    /// The epoch it has reached; below 0 while it leaves.
    pub epoch: i32,
    /// The epoch it had before.
    pub previous_epoch: i32,
    /// What it does now.
    pub state: MemberState,
    /// What it owns.
    pub assigned: Owned<'a>,
    /// What it is asked to give back and owns still; always nothing in a share group.
    pub revoking: Owned<'a>,
}

/// What a member does now. Streams groups number it from 1, the others from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// Nothing is left to be revoked or waited for.
    Stable,
    /// It has to give something back.
    Unrevoked,
    /// It waits for what others have to give back.
    Unreleased,
    /// A state that nobody knows, or 127: the broker does not know it either.
    Unknown(i8),
}

impl MemberState {
    const KNOWN: [Self; 3] = [Self::Stable, Self::Unrevoked, Self::Unreleased];

    fn of(kind: GroupType, number: i8) -> Self {
        let known = Self::KNOWN.into_iter().find(|state| state.number(kind) == number);
        known.unwrap_or(Self::Unknown(number))
    }

    pub(crate) const fn number(self, kind: GroupType) -> i8 {
        let first = match kind {
            GroupType::Consumer | GroupType::Share => 0,
            GroupType::Streams => 1,
        };
        match self {
            Self::Stable => first,
            Self::Unrevoked => first + 1,
            Self::Unreleased => first + 2,
            Self::Unknown(number) => number,
        }
    }
}

pub(crate) fn target(bytes: &[u8], kind: GroupType) -> Result<Owned<'_>, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let target = match kind {
        GroupType::Consumer | GroupType::Share => partitions(&mut cursor, "topic_partitions")?,
        GroupType::Streams => tasks(&mut cursor, ["active_tasks", "standby_tasks", "warmup_tasks"])?,
    };
    cursor.skip_tags()?;
    cursor.end("value")?;
    Ok(target)
}

pub(crate) fn current(bytes: &[u8], kind: GroupType) -> Result<CurrentAssignment<'_>, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    cursor.version(0)?;
    let epoch = cursor.int32("member_epoch")?;
    let previous_epoch = cursor.int32("previous_member_epoch")?;
    let state = MemberState::of(kind, cursor.int8("state")?);
    let assigned = match kind {
        GroupType::Consumer | GroupType::Share => partitions(&mut cursor, "assigned_partitions")?,
        GroupType::Streams => tasks(&mut cursor, ["active_tasks", "standby_tasks", "warmup_tasks"])?,
    };
    let revoking = match kind {
        GroupType::Consumer => partitions(&mut cursor, "partitions_pending_revocation")?,
        GroupType::Share => Owned::Partitions(List::empty()),
        GroupType::Streams => tasks(
            &mut cursor,
            ["active_tasks_pending_revocation", "standby_tasks_pending_revocation", "warmup_tasks_pending_revocation"],
        )?,
    };
    cursor.skip_tags()?;
    cursor.end("value")?;
    Ok(CurrentAssignment { epoch, previous_epoch, state, assigned, revoking })
}

fn partitions<'a>(cursor: &mut Cursor<'a>, field: &'static str) -> Result<Owned<'a>, DecodeError> {
    List::read(cursor, field, Form::Flexible).map(Owned::Partitions)
}

fn tasks<'a>(cursor: &mut Cursor<'a>, [active, standby, warmup]: [&'static str; 3]) -> Result<Owned<'a>, DecodeError> {
    Ok(Owned::Tasks(Tasks {
        active: List::read(cursor, active, Form::Flexible)?,
        standby: List::read(cursor, standby, Form::Flexible)?,
        warmup: List::read(cursor, warmup, Form::Flexible)?,
    }))
}

impl<'a> Item<'a> for TopicPartitions<'a> {
    const LEAST: usize = 16 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let topic = TopicId(cursor.uuid("topic_id")?);
        let partitions = List::read(cursor, "partitions", Form::Flexible)?;
        cursor.skip_tags()?;
        Ok(Self { topic, partitions })
    }
}

impl<'a> Item<'a> for Task<'a> {
    const LEAST: usize = 1 + 1 + 1;

    fn read(cursor: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let subtopology = cursor.text("subtopology_id")?;
        let partitions = List::read(cursor, "partitions", Form::Flexible)?;
        // The epochs of an assignment's partitions are a tag of 4.2 (`assignment_epochs`): nobody here asks for them.
        cursor.skip_tags()?;
        Ok(Self { subtopology, partitions })
    }
}
