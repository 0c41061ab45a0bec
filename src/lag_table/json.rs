//! A row as a JSON object: the names of the columns in snake case, null for unknown values.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{LagRow, OwnerName};

impl Serialize for OwnerName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for LagRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Row", super::COLUMNS.len())?;
        object.serialize_field("cluster", &self.cluster)?;
        object.serialize_field("group", &self.group)?;
        object.serialize_field("topic", &self.topic)?;
        object.serialize_field("partition", &self.partition.0)?;
        object.serialize_field("current_offset", &self.current_offset.map(|offset| offset.0))?;
        object.serialize_field("log_end_offset", &self.log_end_offset.map(|offset| offset.0))?;
        object.serialize_field("lag", &self.lag.map(|lag| lag.0))?;
        object.serialize_field("time_lag", &self.time_lag.map(|time| time.seconds()))?;
        object.serialize_field("status", self.status_name())?;
        object.serialize_field("owner", &self.owner)?;
        object.end()
    }
}
