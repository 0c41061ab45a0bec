//! ListOffsets: what is asked for, the request's list of partitions, and the copy of an answer.

use std::ffi::CString;
use std::ptr::NonNull;

use super::{ErrorCode, QueueEvent, array, c_name, call_failed, code_at, sys};
use crate::model::{ModuleError, Offset, Partition, Timestamp};

/// Maximum number of partitions in one request: librdkafka's work grows with the square of their number. The callers
/// cut their partitions by it, because each keeps account of its own requests: `cluster::refresh_plan` (log starts and
/// log ends), `cluster::lookup_requests` (time lookups) and `consumer::kafka::module::partition_monitor` (the topics of
/// the reader).
pub const PARTITIONS_PER_REQUEST: usize = 500;

/// A partition in a ListOffsets request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListOffsetsPartition<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: Partition,
    /// Which of its offsets is asked for.
    pub spec: OffsetSpec,
}

/// The kind of offset that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The log start.
    Earliest,
    /// The high watermark, or the last stable offset with [`IsolationLevel::Committed`].
    Latest,
    /// The first record at or after a time.
    At(Timestamp),
}

impl OffsetSpec {
    fn number(self) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest => -1,
            Self::At(time) => time.0.max(0),
        }
    }
}

/// What counts as the end of a log that has open transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsolationLevel {
    /// The high watermark.
    Uncommitted,
    /// The last stable offset.
    Committed,
}

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundOffset {
    /// The offset; `None` when no record has the requested time or a later one.
    pub offset: Option<Offset>,
    /// The timestamp of the record, if a time was asked for.
    pub time: Option<Timestamp>,
}

/// The partitions of one request, as librdkafka takes them.
pub(super) struct PartitionList(NonNull<sys::rd_kafka_topic_partition_list_t>);

impl PartitionList {
    pub(super) fn new<'a>(
        places: impl ExactSizeIterator<Item = ListOffsetsPartition<'a>>,
    ) -> Result<Self, ModuleError> {
        let size = i32::try_from(places.len()).unwrap_or(0);
        // SAFETY: takes a number.
        let list = unsafe { sys::rd_kafka_topic_partition_list_new(size) };
        let list = Self(NonNull::new(list).ok_or_else(|| call_failed("create a list of partitions"))?);
        let mut name: Option<(&str, CString)> = None;
        for place in places {
            let c_name = match name.take() {
                Some((topic, c_name)) if topic == place.topic => c_name,
                Some(_) | None => c_name(place.topic)?,
            };
            // SAFETY: the list is alive, the name is a C string that is copied; the element stays where it is until
            // the next one is added.
            unsafe {
                let element = sys::rd_kafka_topic_partition_list_add(list.ptr(), c_name.as_ptr(), place.partition.0);
                (*element).offset = place.spec.number();
            }
            name = Some((place.topic, c_name));
        }
        Ok(list)
    }

    pub(super) const fn ptr(&self) -> *mut sys::rd_kafka_topic_partition_list_t {
        self.0.as_ptr()
    }
}

impl Drop for PartitionList {
    fn drop(&mut self) {
        // SAFETY: made by `new`, given back once.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.ptr()) }
    }
}

/// The offset "invalid". librdkafka merges the brokers' answers into the list of the request. A partition whose
/// broker failed or was late keeps this offset and has no error (`rd_kafka_ListOffsets_response_merge`).
const NOT_ANSWERED: i64 = -1001;

/// Copies a ListOffsets result, in the order of the request.
pub(super) fn copy_offsets(event: &QueueEvent) -> Vec<Result<FoundOffset, ErrorCode>> {
    let mut count = 0;
    // SAFETY: the event is alive and a ListOffsets result; infos and their partitions live as long as it.
    let infos = unsafe {
        let result = sys::rd_kafka_event_ListOffsets_result(event.ptr());
        if result.is_null() {
            return Vec::new();
        }
        let infos = sys::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
        array(infos, count)
    };
    // SAFETY: as above.
    infos.iter().map(|info| info.map_or(Err(ErrorCode::TIMED_OUT), |info| unsafe { copy_offset(info) })).collect()
}

/// # Safety
/// `info` must be a part of a ListOffsets result.
unsafe fn copy_offset(info: NonNull<sys::rd_kafka_ListOffsetsResultInfo_t>) -> Result<FoundOffset, ErrorCode> {
    // SAFETY: by contract; the partition is a part of the info.
    let (code, offset, time) = unsafe {
        let partition = sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info.as_ptr());
        if partition.is_null() {
            return Err(ErrorCode::TIMED_OUT);
        }
        let code = code_at(&raw const (*partition).err);
        (code, (*partition).offset, sys::rd_kafka_ListOffsetsResultInfo_timestamp(info.as_ptr()))
    };
    match code {
        ErrorCode::NONE if offset == NOT_ANSWERED => Err(ErrorCode::TIMED_OUT),
        ErrorCode::NONE => Ok(FoundOffset {
            offset: (offset >= 0).then_some(Offset(offset)),
            time: (time >= 0).then_some(Timestamp(time)),
        }),
        code => Err(code),
    }
}
