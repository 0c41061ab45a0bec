//! Paths below `/v3`: what is asked for by which method.

use crate::address::{Segment, decode};
use crate::model::Name;

use super::Verb;
use super::config::Coordinator;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Clusters,
    Topics {
        cluster: Segment,
    },
    Topic {
        cluster: Segment,
        topic: Segment,
    },
    ConsumersOf {
        cluster: Segment,
        topic: Segment,
    },
    Consumers {
        cluster: Segment,
    },
    Consumer {
        cluster: Segment,
        group: Segment,
    },
    /// The group's status, with all of its partitions or those alone that are not OK.
    Status {
        cluster: Segment,
        group: Segment,
        all: bool,
    },
    Remove {
        cluster: Segment,
        group: Segment,
        topic: Option<Segment>,
    },
    Config,
    Modules(Coordinator),
    Module(Coordinator, Segment),
    LogLevel,
    SetLogLevel,
}

/// Why nothing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such path.
    Unknown,
    /// There is, with other methods: those of the header `Allow`.
    NotAllowed(String),
}

/// What each method of one path does.
#[derive(Default)]
struct Methods {
    read: Option<Call>,
    delete: Option<Call>,
    post: Option<Call>,
}

/// The call that a method and a path are.
pub(super) fn call(verb: Verb, path: &str) -> Result<Call, Refusal> {
    let segments: Vec<Segment> = segments(path).ok_or(Refusal::Unknown)?;
    let words: Vec<&[u8]> = segments.iter().map(Segment::bytes).collect();
    let methods = methods(&words).ok_or(Refusal::Unknown)?;
    let allow = methods.allow();
    let call = match verb {
        Verb::Read => methods.read,
        Verb::Delete => methods.delete,
        Verb::Post => methods.post,
        Verb::Other => None,
    };
    call.ok_or(Refusal::NotAllowed(allow))
}

/// The path as it is shown in answers: decoded, as names are shown.
pub(super) fn shown(path: &str) -> String {
    decode(path).map_or_else(|| path.to_owned(), |bytes| Name(&bytes).to_string())
}

fn methods(words: &[&[u8]]) -> Option<Methods> {
    let own = |segment: &&[u8]| Segment::new(segment);
    Some(match words {
        [b"kafka"] => Methods::read(Call::Clusters),
        [b"kafka", cluster] => Methods::read(Call::Module(Coordinator::Cluster, own(cluster))),
        [b"kafka", cluster, b"topic"] => Methods::read(Call::Topics { cluster: own(cluster) }),
        [b"kafka", cluster, b"topic", topic] => Methods::read(Call::Topic { cluster: own(cluster), topic: own(topic) }),
        [b"kafka", cluster, b"topic", topic, b"consumers"] => {
            Methods::read(Call::ConsumersOf { cluster: own(cluster), topic: own(topic) })
        }
        [b"kafka", cluster, b"consumer", rest @ ..] => return consumer(own(cluster), rest),
        [b"config"] => Methods::read(Call::Config),
        [b"config", coordinator] => Methods::read(Call::Modules(Coordinator::named(coordinator)?)),
        [b"config", coordinator, name] => Methods::read(Call::Module(Coordinator::named(coordinator)?, own(name))),
        [b"admin", b"loglevel"] => {
            Methods { read: Some(Call::LogLevel), post: Some(Call::SetLogLevel), ..Methods::default() }
        }
        _ => return None,
    })
}

/// What stands below `/v3/kafka/:cluster/consumer`.
fn consumer(cluster: Segment, words: &[&[u8]]) -> Option<Methods> {
    let own = |segment: &&[u8]| Segment::new(segment);
    Some(match words {
        [] => Methods::read(Call::Consumers { cluster }),
        [group] => Methods {
            read: Some(Call::Consumer { cluster: cluster.clone(), group: own(group) }),
            delete: Some(Call::Remove { cluster, group: own(group), topic: None }),
            post: None,
        },
        [group, b"status"] => Methods::read(Call::Status { cluster, group: own(group), all: false }),
        [group, b"lag"] => Methods::read(Call::Status { cluster, group: own(group), all: true }),
        [group, b"topic", topic] => Methods {
            delete: Some(Call::Remove { cluster, group: own(group), topic: Some(own(topic)) }),
            ..Methods::default()
        },
        _ => return None,
    })
}

impl Methods {
    fn read(call: Call) -> Self {
        Self { read: Some(call), ..Self::default() }
    }

    fn allow(&self) -> String {
        let read = self.read.as_ref().map(|_| "GET, HEAD");
        let all = [read, self.delete.as_ref().map(|_| "DELETE"), self.post.as_ref().map(|_| "POST")];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// The segments below `/v3/`; a trailing slash makes it another path, of which there is none.
fn segments(path: &str) -> Option<Vec<Segment>> {
    let below = path.strip_prefix("/v3/").filter(|below| !below.ends_with('/'))?;
    below.split('/').map(|segment| decode(segment).map(|bytes| Segment::new(&bytes))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment(bytes: &[u8]) -> Segment {
        Segment::new(bytes)
    }

    fn status(group: &[u8]) -> Result<Call, Refusal> {
        Ok(Call::Status { cluster: segment(b"local"), group: segment(group), all: false })
    }

    #[test]
    fn names_in_paths_are_bytes_and_may_hold_anything() {
        for (path, group) in [
            ("a", &b"a"[..]),
            ("a%2Fb", b"a/b"),
            ("%20%25+", b" %+"),
            ("%ff%00", b"\xff\0"),
            ("gr\u{fc}n", "gr\u{fc}n".as_bytes()),
            ("..", b".."),
            ("", b""),
        ] {
            assert_eq!(call(Verb::Read, &format!("/v3/kafka/local/consumer/{path}/status")), status(group), "{path}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for path in [
            "",
            "/",
            "/v3",
            "/v3/",
            "/v2/kafka",
            "/v3/kafka/",
            "/v3//kafka",
            "/v3/kafka/local/",
            "/v3/kafka/local/consumer/a/",
            "/v3/kafka/local/consumer/a/owners",
            "/v3/kafka/local/consumer/a/topic",
            "/v3/kafka/local/consumer/a/status/b",
            "/v3/kafka/local/topic/t/lag",
            "/v3/config/httpserver",
            "/v3/config/storage/default/x",
            "/v3/admin",
            "/v3/admin/loglevel/info",
            "/v3/KAFKA",
            "/v3/kafka/%4",
            "/v3/kafka/%zz",
            "/v3/kafka/%",
        ] {
            assert_eq!(call(Verb::Read, path), Err(Refusal::Unknown), "{path}");
            assert_eq!(call(Verb::Delete, path), Err(Refusal::Unknown), "{path}");
        }
    }

    #[test]
    fn a_path_knows_its_methods() {
        for (path, allow) in [
            ("/v3/kafka", "GET, HEAD"),
            ("/v3/kafka/local/consumer/a", "GET, HEAD, DELETE"),
            ("/v3/kafka/local/consumer/a/topic/t", "DELETE"),
            ("/v3/admin/loglevel", "GET, HEAD, POST"),
        ] {
            let allowed = |verb| call(verb, path) != Err(Refusal::NotAllowed(allow.to_owned()));
            let verbs = [Verb::Read, Verb::Delete, Verb::Post, Verb::Other].map(allowed);
            let expected = ["GET", "DELETE", "POST", "OTHER"].map(|verb| allow.contains(verb));
            assert_eq!(verbs, expected, "{path}");
        }
    }

    #[test]
    fn a_path_is_shown_decoded() {
        assert_eq!(shown("/v3/kafka/a%20b/%ff"), "/v3/kafka/a b/\\xff");
        assert_eq!(shown("/v3/%zz"), "/v3/%zz");
    }

    proptest! {
        #[test]
        fn no_path_can_cause_a_panic(path in "(/v3/)?[%\\\\x0-9a-f/ü]{0,40}") {
            let _ = (call(Verb::Read, &path), shown(&path));
        }
    }
}
