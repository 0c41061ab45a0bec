//! Makes ListOffsets calls on the main thread of a client.
//!
//! `rd_kafka_ListOffsets` looks for the leaders of its partitions on the calling thread, and leaves what it does not
//! find to the client's main thread, which goes on when metadata arrive. When they arrive while the call still runs,
//! both threads work on the same request, and one of them uses it after the other has freed it
//! (`rd_kafka_topic_partition_list_query_leaders_async` in librdkafka 2.12.1). A call on the main thread itself has
//! nothing beside it: metadata are handled by that thread alone.
//!
//! The way onto the main thread: it answers an admin request whose time is over without asking a broker
//! (`rd_kafka_admin_worker`), and a queue that was empty calls back on the thread that puts an answer into it. The
//! callback may not use the queue that calls it, which is locked, so the calls' answers go into another one.

use std::ffi::c_void;
use std::mem;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::admin_options::AdminOptions;
use super::list_offsets::PartitionList;
use super::{ClientQueue, sys};
use crate::kafka::context::NativeClient;
use crate::model::ModuleError;

/// A ListOffsets call that waits for the main thread.
pub(super) struct OffsetsCall {
    pub(super) list: PartitionList,
    pub(super) options: AdminOptions,
}

/// The calls of one owner. It must be dropped before the queue of the answers.
pub(super) struct MainThreadCalls {
    /// Where the requests that wake the main thread are answered. Its callback has a pointer to `waiting`.
    wakeups: ClientQueue,
    waiting: Arc<WaitingCalls>,
}

struct WaitingCalls {
    calls: Mutex<Vec<OffsetsCall>>,
    answers: *mut sys::rd_kafka_queue_t,
}

// SAFETY: librdkafka's lists, options and queues belong to no thread; the mutex passes the calls from one to another.
unsafe impl Send for WaitingCalls {}
// SAFETY: as above.
unsafe impl Sync for WaitingCalls {}

impl WaitingCalls {
    fn calls(&self) -> MutexGuard<'_, Vec<OffsetsCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MainThreadCalls {
    /// Calls whose answers go into the queue `answers`.
    ///
    /// # Errors
    /// librdkafka does not create a queue.
    pub(super) fn new(client: &NativeClient, answers: &ClientQueue) -> Result<Self, ModuleError> {
        // SAFETY: the client is alive.
        let queue = unsafe { sys::rd_kafka_queue_new(client.native_ptr()) };
        let wakeups = ClientQueue::take(queue, "create a queue")?;
        let waiting = Arc::new(WaitingCalls { calls: Mutex::default(), answers: answers.ptr() });
        let opaque = Arc::as_ptr(&waiting).cast_mut().cast::<c_void>();
        // SAFETY: the queue is alive, and `waiting` is until `drop` has taken the callback away.
        unsafe { sys::rd_kafka_queue_cb_event_enable(wakeups.ptr(), Some(make_calls), opaque) };
        Ok(Self { wakeups, waiting })
    }

    /// Has the main thread make this call, after those before it. Its answer always arrives.
    ///
    /// # Errors
    /// librdkafka does not create the request that wakes the main thread; the call is not made.
    pub(super) fn make(&self, client: &NativeClient, call: OffsetsCall) -> Result<(), ModuleError> {
        let kind = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER;
        let wakeup = AdminOptions::new(client, kind, 0, Duration::ZERO)?;
        self.waiting.calls().push(call);
        // The callback comes only for an answer that finds the queue empty. An answer that is left over from an
        // earlier request and comes after this has its callback, too, which makes this call.
        while self.wakeups.poll(Duration::ZERO).is_some() {}
        // SAFETY: client, options and queue are alive; the call copies the options.
        unsafe { sys::rd_kafka_DescribeCluster(client.native_ptr(), wakeup.ptr(), self.wakeups.ptr()) };
        Ok(())
    }
}

impl Drop for MainThreadCalls {
    fn drop(&mut self) {
        // SAFETY: the queue is alive. Its lock is taken, which a running callback holds: none runs any more.
        unsafe { sys::rd_kafka_queue_cb_event_enable(self.wakeups.ptr(), None, ptr::null_mut()) };
    }
}

/// Runs on the main thread, while the lock of the queue of wake-ups is held.
unsafe extern "C" fn make_calls(client: *mut sys::rd_kafka_t, waiting: *mut c_void) {
    // SAFETY: given to librdkafka by `MainThreadCalls::new`, and alive until it is taken away.
    let waiting = unsafe { &*waiting.cast_const().cast::<WaitingCalls>() };
    let calls = mem::take(&mut *waiting.calls());
    for OffsetsCall { list, options } in calls {
        // SAFETY: client, list, options and queue are alive; the call copies list and options.
        unsafe { sys::rd_kafka_ListOffsets(client, list.ptr(), options.ptr(), waiting.answers) };
    }
}
