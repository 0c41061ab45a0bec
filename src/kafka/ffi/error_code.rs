//! librdkafka's error codes.

use std::borrow::Cow;
use std::fmt;

use super::{raw, text};
use crate::model::FailureReason;

/// An error code of librdkafka. Positive codes are the broker's (Kafka's protocol guide), negative ones
/// librdkafka's own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    /// No error.
    pub const NONE: Self = Self(0);
    /// The topic or partition does not exist.
    pub const UNKNOWN_TOPIC_OR_PART: Self = Self(3);
    /// There is no leader at the moment.
    pub const LEADER_NOT_AVAILABLE: Self = Self(5);
    /// The broker is no longer the leader.
    pub const NOT_LEADER: Self = Self(6);
    /// The name is not allowed.
    pub const INVALID_TOPIC: Self = Self(17);
    /// No right to describe the topic.
    pub const TOPIC_AUTHORIZATION_FAILED: Self = Self(29);
    /// No right to the group.
    pub const GROUP_AUTHORIZATION_FAILED: Self = Self(30);
    /// No right to the cluster.
    pub const CLUSTER_AUTHORIZATION_FAILED: Self = Self(31);
    /// The broker does not know this leader epoch yet.
    pub const UNKNOWN_LEADER_EPOCH: Self = Self(75);
    /// The leader epoch of the request is outdated.
    pub const FENCED_LEADER_EPOCH: Self = Self(74);
    /// A new leader does not know the high watermark yet.
    pub const OFFSET_NOT_AVAILABLE: Self = Self(78);
    /// The topic id does not exist.
    pub const UNKNOWN_TOPIC_ID: Self = Self(100);
    /// librdkafka: the connection to the broker failed.
    pub const TRANSPORT: Self = Self(-195);
    /// librdkafka: the partition is not in the metadata.
    pub const UNKNOWN_PARTITION: Self = Self(-190);
    /// librdkafka: the topic is not in the metadata.
    pub const UNKNOWN_TOPIC: Self = Self(-188);
    /// librdkafka: a system resource is exhausted.
    pub const CRITICAL_SYSTEM_RESOURCE: Self = Self(-194);
    /// librdkafka: no broker can be reached.
    pub const ALL_BROKERS_DOWN: Self = Self(-187);
    /// librdkafka: none of the partitions has a known leader.
    pub const NO_LEADERS: Self = Self(-156);
    /// librdkafka: an invalid argument.
    pub const INVALID_ARG: Self = Self(-186);
    /// librdkafka: no answer in time.
    pub const TIMED_OUT: Self = Self(-185);
    /// librdkafka: the client is closing, or the request was abandoned.
    pub const DESTROY: Self = Self(-197);
    /// librdkafka: the end of a partition; not an error.
    pub const PARTITION_EOF: Self = Self(-191);
    /// librdkafka: the host name has no address.
    pub const RESOLVE: Self = Self(-193);
    /// librdkafka: TLS failed.
    pub const SSL: Self = Self(-181);
    /// librdkafka: authentication failed.
    pub const AUTHENTICATION: Self = Self(-169);
    /// librdkafka: the offset to read from does not exist.
    pub const AUTO_OFFSET_RESET: Self = Self(-140);

    /// Whether another broker may answer: the metadata should be refreshed before the next attempt.
    #[must_use]
    pub const fn needs_newer_metadata(self) -> bool {
        matches!(
            self,
            Self::UNKNOWN_TOPIC_OR_PART
                | Self::LEADER_NOT_AVAILABLE
                | Self::NOT_LEADER
                | Self::UNKNOWN_LEADER_EPOCH
                | Self::FENCED_LEADER_EPOCH
                | Self::OFFSET_NOT_AVAILABLE
                | Self::UNKNOWN_TOPIC_ID
                | Self::UNKNOWN_PARTITION
                | Self::UNKNOWN_TOPIC
                | Self::NO_LEADERS
        )
    }

    /// Whether the user lacks a right.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        self.reason() == FailureReason::Authorization
    }

    /// Whether the code comes from a broker rather than from librdkafka.
    #[must_use]
    pub const fn is_from_broker(self) -> bool {
        self.0 > 0
    }

    /// Kafka's name of the code, such as `NOT_LEADER_FOR_PARTITION`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        // SAFETY: takes any integer; answers a static string or this thread's buffer, and is copied at once.
        Cow::Owned(unsafe { text(raw::rd_kafka_err2name(self.0)) }.into_owned())
    }

    /// The class of the code, for counting.
    #[must_use]
    pub const fn reason(self) -> FailureReason {
        match self {
            Self::TIMED_OUT => FailureReason::TimedOut,
            Self::TRANSPORT | Self::ALL_BROKERS_DOWN => FailureReason::Connection,
            Self::RESOLVE => FailureReason::Resolve,
            Self::SSL => FailureReason::Tls,
            Self::AUTHENTICATION => FailureReason::Authentication,
            Self::TOPIC_AUTHORIZATION_FAILED
            | Self::GROUP_AUTHORIZATION_FAILED
            | Self::CLUSTER_AUTHORIZATION_FAILED => FailureReason::Authorization,
            _ => {
                if self.needs_newer_metadata() {
                    FailureReason::Leader
                } else {
                    FailureReason::Other
                }
            }
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: as in `name`.
        let words = unsafe { text(raw::rd_kafka_err2str(self.0)) };
        write!(f, "{words} ({})", self.name())
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}, {})", self.0, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::types::RDKafkaRespErr as Native;

    #[test]
    #[expect(clippy::as_conversions, reason = "an enum's number has no other form")]
    fn codes_are_librdkafkas() {
        for (ours, theirs) in [
            (ErrorCode::TRANSPORT, Native::RD_KAFKA_RESP_ERR__TRANSPORT),
            (ErrorCode::UNKNOWN_PARTITION, Native::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION),
            (ErrorCode::UNKNOWN_TOPIC, Native::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC),
            (ErrorCode::CRITICAL_SYSTEM_RESOURCE, Native::RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE),
            (ErrorCode::ALL_BROKERS_DOWN, Native::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN),
            (ErrorCode::NO_LEADERS, Native::RD_KAFKA_RESP_ERR__NOENT),
            (ErrorCode::INVALID_ARG, Native::RD_KAFKA_RESP_ERR__INVALID_ARG),
            (ErrorCode::TIMED_OUT, Native::RD_KAFKA_RESP_ERR__TIMED_OUT),
            (ErrorCode::DESTROY, Native::RD_KAFKA_RESP_ERR__DESTROY),
            (ErrorCode::PARTITION_EOF, Native::RD_KAFKA_RESP_ERR__PARTITION_EOF),
            (ErrorCode::RESOLVE, Native::RD_KAFKA_RESP_ERR__RESOLVE),
            (ErrorCode::SSL, Native::RD_KAFKA_RESP_ERR__SSL),
            (ErrorCode::AUTHENTICATION, Native::RD_KAFKA_RESP_ERR__AUTHENTICATION),
            (ErrorCode::AUTO_OFFSET_RESET, Native::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET),
            (ErrorCode::UNKNOWN_LEADER_EPOCH, Native::RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH),
            (ErrorCode::FENCED_LEADER_EPOCH, Native::RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH),
            (ErrorCode::OFFSET_NOT_AVAILABLE, Native::RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE),
            (ErrorCode::UNKNOWN_TOPIC_ID, Native::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID),
            (ErrorCode::TOPIC_AUTHORIZATION_FAILED, Native::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
            (ErrorCode::GROUP_AUTHORIZATION_FAILED, Native::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED),
            (ErrorCode::CLUSTER_AUTHORIZATION_FAILED, Native::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED),
        ] {
            assert_eq!(ours.0, theirs as i32);
        }
    }

    #[test]
    fn a_code_shows_its_text_and_its_name() {
        assert_eq!(ErrorCode(29).to_string(), "Broker: Topic authorization failed (TOPIC_AUTHORIZATION_FAILED)");
        assert_eq!(ErrorCode(-185).to_string(), "Local: Timed out (_TIMED_OUT)");
    }
}
