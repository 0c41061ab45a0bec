//! The routes below `/v3`: paths and methods.

use crate::address::{Segment, decode};
use crate::model::Name;

use super::Verb;
use super::config::Coordinator;

/// A parsed request.
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
    /// The status of a group, with all partitions if `all`, else with those that are not OK.
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

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The path is unknown.
    Unknown,
    /// The path has other methods, which are listed for the header `Allow`.
    NotAllowed(String),
}

/// The call of each method of a path.
#[derive(Default)]
struct Methods {
    read: Option<Call>,
    delete: Option<Call>,
    post: Option<Call>,
}

/// A path, and its calls with the names that the path contains.
struct Route {
    /// A segment that begins with a colon is a name; `:coordinator` must be the name of a [`Coordinator`].
    path: &'static str,
    methods: fn(Names) -> Methods,
}

/// The names in a path, in order. Unused ones are empty.
type Names = [Segment; 3];

const ROUTES: &[Route] = &[
    Route { path: "/v3/kafka", methods: |_| Methods::read(Call::Clusters) },
    Route {
        path: "/v3/kafka/:cluster",
        methods: |[cluster, ..]| Methods::read(Call::Module(Coordinator::Cluster, cluster)),
    },
    Route { path: "/v3/kafka/:cluster/topic", methods: |[cluster, ..]| Methods::read(Call::Topics { cluster }) },
    Route {
        path: "/v3/kafka/:cluster/topic/:topic",
        methods: |[cluster, topic, _]| Methods::read(Call::Topic { cluster, topic }),
    },
    Route {
        path: "/v3/kafka/:cluster/topic/:topic/consumers",
        methods: |[cluster, topic, _]| Methods::read(Call::ConsumersOf { cluster, topic }),
    },
    Route { path: "/v3/kafka/:cluster/consumer", methods: |[cluster, ..]| Methods::read(Call::Consumers { cluster }) },
    Route {
        path: "/v3/kafka/:cluster/consumer/:group",
        methods: |[cluster, group, _]| Methods {
            read: Some(Call::Consumer { cluster: cluster.clone(), group: group.clone() }),
            delete: Some(Call::Remove { cluster, group, topic: None }),
            post: None,
        },
    },
    Route {
        path: "/v3/kafka/:cluster/consumer/:group/status",
        methods: |[cluster, group, _]| Methods::read(Call::Status { cluster, group, all: false }),
    },
    Route {
        path: "/v3/kafka/:cluster/consumer/:group/lag",
        methods: |[cluster, group, _]| Methods::read(Call::Status { cluster, group, all: true }),
    },
    Route {
        path: "/v3/kafka/:cluster/consumer/:group/topic/:topic",
        methods: |[cluster, group, topic]| Methods {
            delete: Some(Call::Remove { cluster, group, topic: Some(topic) }),
            ..Methods::default()
        },
    },
    Route { path: "/v3/config", methods: |_| Methods::read(Call::Config) },
    Route {
        path: "/v3/config/:coordinator",
        methods: |[name, ..]| Methods::of(Coordinator::named(name.bytes()).map(Call::Modules)),
    },
    Route {
        path: "/v3/config/:coordinator/:name",
        methods: |[coordinator, name, _]| {
            Methods::of(Coordinator::named(coordinator.bytes()).map(|coordinator| Call::Module(coordinator, name)))
        },
    },
    Route {
        path: "/v3/admin/loglevel",
        methods: |_| Methods { read: Some(Call::LogLevel), post: Some(Call::SetLogLevel), ..Methods::default() },
    },
];

/// Parses a method and a path.
pub(super) fn parse_call(verb: Verb, path: &str) -> Result<Call, Refusal> {
    let segments = segments(path).ok_or(Refusal::Unknown)?;
    let found = ROUTES.iter().find_map(|route| Some((route, route.names(&segments)?)));
    let (route, names) = found.ok_or(Refusal::Unknown)?;
    let methods = (route.methods)(names);
    let allow = methods.allow();
    let call = match verb {
        Verb::Read => methods.read,
        Verb::Delete => methods.delete,
        Verb::Post => methods.post,
        Verb::Other => None,
    };
    call.ok_or(Refusal::NotAllowed(allow))
}

/// The path as it is shown in answers: decoded, and escaped like names.
pub(super) fn shown_path(path: &str) -> String {
    decode(path).map_or_else(|| path.to_owned(), |bytes| Name(&bytes).to_string())
}

impl Route {
    /// Returns the names in a path if the path matches this route.
    fn names(&self, path: &[Segment]) -> Option<Names> {
        let segments = self.path.strip_prefix("/v3/")?.split('/');
        if segments.clone().count() != path.len() {
            return None;
        }
        let (mut names, mut free) = (Names::default(), 0_usize);
        for (segment, found) in segments.zip(path) {
            let fits = match segment.strip_prefix(':') {
                Some("coordinator") => Coordinator::named(found.bytes()).is_some(),
                Some(_) => true,
                None => segment.as_bytes() == found.bytes(),
            };
            if !fits {
                return None;
            }
            if segment.starts_with(':') {
                *names.get_mut(free)? = found.clone();
                free = free.saturating_add(1);
            }
        }
        Some(names)
    }
}

impl Methods {
    fn read(call: Call) -> Self {
        Self::of(Some(call))
    }

    fn of(read: Option<Call>) -> Self {
        Self { read, ..Self::default() }
    }

    fn allow(&self) -> String {
        let read = self.read.as_ref().map(|_| "GET, HEAD");
        let all = [read, self.delete.as_ref().map(|_| "DELETE"), self.post.as_ref().map(|_| "POST")];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// The segments below `/v3/`. A path with a trailing slash is unknown.
fn segments(path: &str) -> Option<Vec<Segment>> {
    let below = path.strip_prefix("/v3/").filter(|below| !below.ends_with('/'))?;
    below.split('/').map(|segment| decode(segment).map(|bytes| Segment::new(&bytes))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::documentation::{Page, codes};

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
            assert_eq!(parse_call(Verb::Read, &format!("/v3/kafka/local/consumer/{path}/status")), status(group), "{path}");
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
            assert_eq!(parse_call(Verb::Read, path), Err(Refusal::Unknown), "{path}");
            assert_eq!(parse_call(Verb::Delete, path), Err(Refusal::Unknown), "{path}");
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
            let allowed = |verb| parse_call(verb, path) != Err(Refusal::NotAllowed(allow.to_owned()));
            let verbs = [Verb::Read, Verb::Delete, Verb::Post, Verb::Other].map(allowed);
            let expected = ["GET", "DELETE", "POST", "OTHER"].map(|verb| allow.contains(verb));
            assert_eq!(verbs, expected, "{path}");
        }
    }

    #[test]
    fn the_reference_has_a_row_for_every_path_with_its_methods_and_no_other() {
        let section = Page::read("docs/src/reference/http-api.md").section("## Burrow API").introduction();
        let mut documented: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in section.only_table().rows {
            documented.entry(codes(&row[0])[0].to_owned()).or_default().push(row[1].clone());
        }
        let names = ["storage", "b", "c"].map(|name| segment(name.as_bytes()));
        let ours = ROUTES.iter().map(|route| (route.path.to_owned(), (route.methods)(names.clone()).allow()));
        let documented: BTreeMap<_, _> = documented.into_iter().map(|(path, all)| (path, all.join(", "))).collect();
        assert_eq!(documented, ours.collect());
    }

    #[test]
    fn no_path_is_one_of_two_routes() {
        for route in ROUTES {
            let path = segments(&route.path.replace(":coordinator", "storage")).unwrap();
            assert_eq!(ROUTES.iter().filter(|other| other.names(&path).is_some()).count(), 1, "{}", route.path);
        }
    }

    #[test]
    fn a_path_is_shown_decoded() {
        assert_eq!(shown_path("/v3/kafka/a%20b/%ff"), "/v3/kafka/a b/\\xff");
        assert_eq!(shown_path("/v3/%zz"), "/v3/%zz");
    }

    proptest! {
        #[test]
        fn no_path_can_cause_a_panic(path in "(/v3/)?[%\\\\x0-9a-f/ü]{0,40}") {
            let _ = (parse_call(Verb::Read, &path), shown_path(&path));
        }
    }
}
