//! What a lying broker does instead of answering honestly.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersionsResponse;
use kafka_protocol::messages::fetch_response::FetchResponse;
use kafka_protocol::messages::list_offsets_response::ListOffsetsResponse;
use kafka_protocol::messages::metadata_response::MetadataResponse;
use kafka_protocol::messages::{ApiKey, MetadataRequest, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable};

/// One request, and the answer to it: the honest one, until a lie has changed it.
#[derive(Debug)]
pub struct Exchange {
    pub api: ApiKey,
    pub version: i16,
    pub correlation: i32,
    pub request: RequestKind,
    pub answer: ResponseKind,
}

impl Exchange {
    /// The header, and what follows it, of a request without its length.
    pub fn read(frame: Vec<u8>) -> (ApiKey, i16, i32, RequestKind) {
        let api = ApiKey::try_from(i16::from_be_bytes([frame[0], frame[1]])).expect("a client asks for what it knows");
        let version = i16::from_be_bytes([frame[2], frame[3]]);
        let mut bytes = Bytes::from(frame);
        let header = RequestHeader::decode(&mut bytes, api.request_header_version(version)).unwrap();
        let request = RequestKind::decode(api, &mut bytes, version).unwrap();
        (api, version, header.correlation_id, request)
    }

    /// The answer as it is sent, its length before it.
    pub fn frame(&self) -> Vec<u8> {
        let mut frame = BytesMut::new();
        let header = ResponseHeader::default().with_correlation_id(self.correlation);
        header.encode(&mut frame, self.api.response_header_version(self.version)).unwrap();
        self.answer.encode(&mut frame, self.version).unwrap();
        with_length(&frame)
    }
}

/// A frame: its length, and what it holds.
pub fn with_length(body: &[u8]) -> Vec<u8> {
    [&i32::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
}

/// What goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// These bytes.
    Send(Vec<u8>),
    /// These bytes, after a while.
    Late(Duration, Vec<u8>),
    /// These bytes, and the end of the connection.
    SendAndClose(Vec<u8>),
    /// Nothing; the connection stays open.
    Nothing,
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// It is served.
    #[default]
    Serve,
    /// It is closed at once.
    Close,
    /// It stays open, and nothing is ever read from it.
    Ignore,
}

type Tell = Box<dyn Fn(&mut Exchange) -> Delivery + Send + Sync>;

/// A lie; what it leaves alone is answered honestly.
pub struct Lie {
    tell: Tell,
    accept: Accept,
    new_connections: bool,
    at_once: bool,
}

impl Lie {
    /// Any change of any answer, and any way to deliver it.
    pub fn any(tell: impl Fn(&mut Exchange) -> Delivery + Send + Sync + 'static) -> Self {
        Self { tell: Box::new(tell), accept: Accept::Serve, new_connections: false, at_once: false }
    }

    /// Changes what is sent in answer to an API, its length included.
    pub fn delivery(api: ApiKey, change: impl Fn(Vec<u8>) -> Delivery + Send + Sync + 'static) -> Self {
        Self::any(move |exchange| {
            let honest = exchange.frame();
            if exchange.api == api { change(honest) } else { Delivery::Send(honest) }
        })
    }

    /// Changes the bytes that answer an API, behind their length, which is put right.
    pub fn body(api: ApiKey, change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self::delivery(api, move |frame| {
            let mut body = frame[4..].to_vec();
            change(&mut body);
            Delivery::Send(with_length(&body))
        })
    }

    /// Changes answers to Metadata requests, of all topics and of single ones alike.
    pub fn metadata(change: impl Fn(&MetadataRequest, &mut MetadataResponse) + Send + Sync + 'static) -> Self {
        Self::message(move |exchange| {
            if let (RequestKind::Metadata(request), ResponseKind::Metadata(answer)) =
                (&exchange.request, &mut exchange.answer)
            {
                change(request, answer);
            }
        })
    }

    /// Changes answers to ListOffsets requests.
    pub fn list_offsets(change: impl Fn(&mut ListOffsetsResponse) + Send + Sync + 'static) -> Self {
        Self::message(move |exchange| {
            if let ResponseKind::ListOffsets(answer) = &mut exchange.answer {
                change(answer);
            }
        })
    }

    /// Changes answers to Fetch requests.
    pub fn fetch(change: impl Fn(&mut FetchResponse) + Send + Sync + 'static) -> Self {
        Self::message(move |exchange| {
            if let ResponseKind::Fetch(answer) = &mut exchange.answer {
                change(answer);
            }
        })
    }

    /// Changes answers to ApiVersions requests, which are asked for on new connections.
    pub fn api_versions(change: impl Fn(&mut ApiVersionsResponse) + Send + Sync + 'static) -> Self {
        let lie = Self::message(move |exchange| {
            if let ResponseKind::ApiVersions(answer) = &mut exchange.answer {
                change(answer);
            }
        });
        lie.on_new_connections()
    }

    /// What becomes of new connections; those that are there are closed.
    pub fn accept(accept: Accept) -> Self {
        Self { accept, ..Self::any(|exchange| Delivery::Send(exchange.frame())).on_new_connections() }
    }

    fn message(change: impl Fn(&mut Exchange) + Send + Sync + 'static) -> Self {
        Self::any(move |exchange| {
            change(exchange);
            Delivery::Send(exchange.frame())
        })
    }

    /// Closes the connections that are there when it begins, and again when it ends.
    pub fn on_new_connections(self) -> Self {
        Self { new_connections: true, ..self }
    }

    /// Answers a Fetch at once, even where there is nothing new.
    pub fn at_once(self) -> Self {
        Self { at_once: true, ..self }
    }

    pub(super) fn tell(&self, exchange: &mut Exchange) -> Delivery {
        (self.tell)(exchange)
    }

    pub(super) const fn accepts(&self) -> Accept {
        self.accept
    }

    pub(super) const fn wants_new_connections(&self) -> bool {
        self.new_connections
    }

    pub(super) const fn answers_at_once(&self) -> bool {
        self.at_once
    }
}
