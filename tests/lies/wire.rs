//! Connections, frames and versions. Each frame is whole, or the last of its connection: where bytes of one frame are read
//! as another's, librdkafka can read anything (the known limits).

use std::time::Duration;

use kafka_protocol::messages::api_versions_response::ApiVersion;

use crate::rig::fake_kafka::{Accept, Delivery, Exchange, Lie};
use crate::rig::seconds;

use super::Lies;

/// Anything in the place of an honest frame.
fn frame(change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Lie {
    Lie::any(move |exchange| Delivery::Send(change(exchange.frame())))
}

/// Anything in the place of what follows length and correlation id.
pub fn body(change: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Lie {
    frame(move |mut frame| {
        change(&mut frame[8..]);
        frame
    })
}

/// Another number in the place of the correlation id.
fn correlation(change: impl Fn(i32) -> i32 + Send + Sync + 'static) -> Lie {
    Lie::any(move |exchange: &mut Exchange| {
        exchange.correlation = change(exchange.correlation);
        Delivery::Send(exchange.frame())
    })
}

/// A length that is not the frame's.
fn length(length: i32) -> Lie {
    frame(move |frame| [&length.to_be_bytes(), &frame[4..]].concat())
}

pub fn lies() -> Lies {
    let half = |frame: Vec<u8>| frame[..frame.len() / 2].to_vec();
    vec![
        ("connections-closed-at-once", Lie::accept(Accept::Close)),
        ("connections-left-alone", Lie::accept(Accept::Ignore)),
        ("closed-after-each-answer", Lie::any(|exchange| Delivery::SendAndClose(exchange.frame()))),
        ("closed-without-an-answer", Lie::any(|_| Delivery::SendAndClose(Vec::new()))),
        ("no-answer", Lie::any(|_| Delivery::Nothing)),
        ("late-answers", Lie::any(|exchange| Delivery::Late(Duration::from_millis(2_500), exchange.frame()))),
        ("answers-after-the-end", Lie::any(|exchange| Delivery::Late(seconds(12), exchange.frame()))),
        ("correlation-ids-of-much-later", correlation(|id| id.wrapping_add(1_000))),
        ("one-correlation-id", correlation(|_| 1)),
        ("negative-correlation-ids", correlation(|id| -id - 1)),
        ("no-bytes", frame(|_| vec![0; 4])),
        ("a-length-of-two-gib", length(i32::MAX)),
        ("a-length-of-ninety-megabytes", length(90_000_000)),
        ("a-negative-length", length(-1)),
        ("frames-of-six-bytes", frame(|frame| [&6_i32.to_be_bytes(), &frame[4..10]].concat())),
        ("half-a-frame-and-the-end", Lie::any(move |exchange| Delivery::SendAndClose(half(exchange.frame())))),
        ("each-answer-twice", frame(|frame| [frame.clone(), frame].concat())),
        ("noise-behind-each-answer", frame(|frame| [frame, vec![0x5a; 100]].concat())),
        ("a-web-server", frame(|_| b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec())),
        ("a-tls-server", frame(|_| vec![0x15, 3, 3, 0, 2, 2, 70])),
        ("bodies-of-ones", body(|body| body.fill(0xff))),
    ]
}

/// What an ApiVersions answer says of each API.
pub fn each(change: impl Fn(&mut ApiVersion) + Send + Sync + 'static) -> Lie {
    Lie::api_versions(move |answer| answer.api_keys.iter_mut().for_each(&change))
}

pub fn range(min: i16, max: i16) -> Lie {
    each(move |api| (api.min_version, api.max_version) = (min, max))
}

/// An ApiVersions answer in which one API is missing.
pub fn without(key: i16) -> Lie {
    Lie::api_versions(move |answer| answer.api_keys.retain(|api| api.api_key != key))
}

pub fn versions() -> Lies {
    vec![
        ("versions-of-the-far-future", range(30_000, i16::MAX)),
        ("every-version-there-is", range(i16::MIN, i16::MAX)),
        ("no-metadata", without(3)),
        ("no-list-offsets", without(2)),
        ("an-unknown-error", Lie::api_versions(|answer| answer.error_code = 9_999)),
        ("a-negative-error", Lie::api_versions(|answer| answer.error_code = -1)),
        ("another-version-please", Lie::api_versions(|answer| answer.error_code = 35)),
        (
            "each-version-a-thousand-times",
            Lie::api_versions(|answer| {
                let apis = answer.api_keys.clone();
                answer.api_keys = apis.iter().cycle().take(1_000 * apis.len()).cloned().collect();
            }),
        ),
        ("throttled-for-weeks", Lie::api_versions(|answer| answer.throttle_time_ms = i32::MAX)),
    ]
}
