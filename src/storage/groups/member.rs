//! A member of a group, as it is shown.

use crate::model::Name;

use crate::storage::sources::update::MemberUpdate;
use crate::storage::topics::names::Label;

/// A live member: the texts that are shown of it ([`Name::shortened`]) beside each partition that it owns.
///
/// A member is identified by its index in the list of its group's members. So two members that are shown alike remain
/// two.
#[derive(Debug)]
pub struct Member {
    /// The id.
    pub id: Label,
    /// The client id.
    pub client_id: Label,
    /// The host, as the record has it.
    pub client_host: Label,
}

impl Member {
    pub(crate) fn of(update: &MemberUpdate<'_>) -> Self {
        Self::new(update.id, update.client_id, update.client_host)
    }

    /// The memory that it takes beside its own size.
    pub(crate) fn heap_bytes(&self) -> usize {
        [&self.id, &self.client_id, &self.client_host].map(Label::heap_bytes).into_iter().fold(0, usize::saturating_add)
    }

    pub(crate) fn new(id: Name<'_>, client_id: Name<'_>, client_host: Name<'_>) -> Self {
        let [id, client_id, client_host] = [id, client_id, client_host].map(|text| Label::new(&text.shortened()));
        Self { id, client_id, client_host }
    }
}
