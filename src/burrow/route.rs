//! The routes below `/v3`: paths and methods.

use crate::address::{PathSegment, decode};
use crate::model::Name;

use super::BurrowMethod;
use super::config::BurrowCoordinator;

/// A parsed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BurrowCall {
    Clusters,
    Topics {
        cluster: PathSegment,
    },
    Topic {
        cluster: PathSegment,
        topic: PathSegment,
    },
    ConsumersOf {
        cluster: PathSegment,
        topic: PathSegment,
    },
    Consumers {
        cluster: PathSegment,
    },
    Consumer {
        cluster: PathSegment,
        group: PathSegment,
    },
    /// The status of a group, with all partitions if `all`, else with those that are not OK.
    Status {
        cluster: PathSegment,
        group: PathSegment,
        all: bool,
    },
    Remove {
        cluster: PathSegment,
        group: PathSegment,
        topic: Option<PathSegment>,
    },
    Config,
    Modules(BurrowCoordinator),
    Module(BurrowCoordinator, PathSegment),
    LogLevel,
    SetLogLevel,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RouteError {
    /// The path is unknown.
    Unknown,
    /// The path has other methods, which are listed for the header `Allow`.
    NotAllowed(String),
}

/// The call of each method of a path.
#[derive(Default)]
struct MethodCalls {
    read: Option<BurrowCall>,
    delete: Option<BurrowCall>,
    post: Option<BurrowCall>,
}

/// A path, and its calls with the names that the path contains.
struct BurrowRoute {
    /// A segment that begins with a colon is a name; `:coordinator` must be the name of a [`BurrowCoordinator`].
    path: &'static str,
    methods: fn(PathNames) -> MethodCalls,
}

/// The names in a path, in order. Unused ones are empty.
type PathNames = [PathSegment; 3];

const ROUTES: &[BurrowRoute] = &[
    BurrowRoute { path: "/v3/kafka", methods: |_| MethodCalls::read(BurrowCall::Clusters) },
    BurrowRoute {
        path: "/v3/kafka/:cluster",
        methods: |[cluster, ..]| MethodCalls::read(BurrowCall::Module(BurrowCoordinator::Cluster, cluster)),
    },
    BurrowRoute {
        path: "/v3/kafka/:cluster/topic",
        methods: |[cluster, ..]| MethodCalls::read(BurrowCall::Topics { cluster }),
    },
    BurrowRoute {
        path: "/v3/kafka/:cluster/topic/:topic",
        methods: |[cluster, topic, _]| MethodCalls::read(BurrowCall::Topic { cluster, topic }),
    },
    BurrowRoute {
        path: "/v3/kafka/:cluster/topic/:topic/consumers",
        methods: |[cluster, topic, _]| MethodCalls::read(BurrowCall::ConsumersOf { cluster, topic }),
    },
    BurrowRoute {
        path: "/v3/kafka/:cluster/consumer",
        methods: |[cluster, ..]| MethodCalls::read(BurrowCall::Consumers { cluster }),
    },
    BurrowRoute {
        path: "/v3/kafka/:cluster/consumer/:group",
        methods: |[cluster, group, _]| MethodCalls {
            read: Some(BurrowCall::Consumer { cluster: cluster.clone(), group: group.clone() }),
            delete: Some(BurrowCall::Remove { cluster, group, topic: None }),
            post: None,
        },
    },
    BurrowRoute {
        path: "/v3/kafka/:cluster/consumer/:group/status",
        methods: |[cluster, group, _]| MethodCalls::read(BurrowCall::Status { cluster, group, all: false }),
    },
    BurrowRoute {
        path: "/v3/kafka/:cluster/consumer/:group/lag",
        methods: |[cluster, group, _]| MethodCalls::read(BurrowCall::Status { cluster, group, all: true }),
    },
    BurrowRoute {
        path: "/v3/kafka/:cluster/consumer/:group/topic/:topic",
        methods: |[cluster, group, topic]| MethodCalls {
            delete: Some(BurrowCall::Remove { cluster, group, topic: Some(topic) }),
            ..MethodCalls::default()
        },
    },
    BurrowRoute { path: "/v3/config", methods: |_| MethodCalls::read(BurrowCall::Config) },
    BurrowRoute {
        path: "/v3/config/:coordinator",
        methods: |[name, ..]| MethodCalls::of(BurrowCoordinator::named(name.bytes()).map(BurrowCall::Modules)),
    },
    BurrowRoute {
        path: "/v3/config/:coordinator/:name",
        methods: |[coordinator, name, _]| {
            MethodCalls::of(
                BurrowCoordinator::named(coordinator.bytes()).map(|coordinator| BurrowCall::Module(coordinator, name)),
            )
        },
    },
    BurrowRoute {
        path: "/v3/admin/loglevel",
        methods: |_| MethodCalls {
            read: Some(BurrowCall::LogLevel),
            post: Some(BurrowCall::SetLogLevel),
            ..MethodCalls::default()
        },
    },
];

/// Parses a method and a path.
pub(super) fn parse_call(verb: BurrowMethod, path: &str) -> Result<BurrowCall, RouteError> {
    let segments = segments(path).ok_or(RouteError::Unknown)?;
    let found = ROUTES.iter().find_map(|route| Some((route, route.names(&segments)?)));
    let (route, names) = found.ok_or(RouteError::Unknown)?;
    let methods = (route.methods)(names);
    let allow = methods.allow();
    let call = match verb {
        BurrowMethod::Read => methods.read,
        BurrowMethod::Delete => methods.delete,
        BurrowMethod::Post => methods.post,
        BurrowMethod::Other => None,
    };
    call.ok_or(RouteError::NotAllowed(allow))
}

/// The path as it is shown in answers: decoded, and escaped like names.
pub(super) fn shown_path(path: &str) -> String {
    decode(path).map_or_else(|| path.to_owned(), |bytes| Name(&bytes).to_string())
}

impl BurrowRoute {
    /// Returns the names in a path if the path matches this route.
    fn names(&self, path: &[PathSegment]) -> Option<PathNames> {
        let segments = self.path.strip_prefix("/v3/")?.split('/');
        if segments.clone().count() != path.len() {
            return None;
        }
        let (mut names, mut free) = (PathNames::default(), 0_usize);
        for (segment, found) in segments.zip(path) {
            let fits = match segment.strip_prefix(':') {
                Some("coordinator") => BurrowCoordinator::named(found.bytes()).is_some(),
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

impl MethodCalls {
    fn read(call: BurrowCall) -> Self {
        Self::of(Some(call))
    }

    fn of(read: Option<BurrowCall>) -> Self {
        Self { read, ..Self::default() }
    }

    fn allow(&self) -> String {
        let read = self.read.as_ref().map(|_| "GET, HEAD");
        let all = [read, self.delete.as_ref().map(|_| "DELETE"), self.post.as_ref().map(|_| "POST")];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// The segments below `/v3/`. A path with a trailing slash is unknown.
fn segments(path: &str) -> Option<Vec<PathSegment>> {
    let below = path.strip_prefix("/v3/").filter(|below| !below.ends_with('/'))?;
    below.split('/').map(|segment| decode(segment).map(|bytes| PathSegment::new(&bytes))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::documentation::{DocPage, codes};

    fn segment(bytes: &[u8]) -> PathSegment {
        PathSegment::new(bytes)
    }

    fn status(group: &[u8]) -> Result<BurrowCall, RouteError> {
        Ok(BurrowCall::Status { cluster: segment(b"local"), group: segment(group), all: false })
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
            assert_eq!(
                parse_call(BurrowMethod::Read, &format!("/v3/kafka/local/consumer/{path}/status")),
                status(group),
                "{path}"
            );
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
            assert_eq!(parse_call(BurrowMethod::Read, path), Err(RouteError::Unknown), "{path}");
            assert_eq!(parse_call(BurrowMethod::Delete, path), Err(RouteError::Unknown), "{path}");
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
            let allowed = |verb| parse_call(verb, path) != Err(RouteError::NotAllowed(allow.to_owned()));
            let verbs =
                [BurrowMethod::Read, BurrowMethod::Delete, BurrowMethod::Post, BurrowMethod::Other].map(allowed);
            let expected = ["GET", "DELETE", "POST", "OTHER"].map(|verb| allow.contains(verb));
            assert_eq!(verbs, expected, "{path}");
        }
    }

    #[test]
    fn the_reference_has_a_row_for_every_path_with_its_methods_and_no_other() {
        let section = DocPage::read("docs/src/reference/http-api.md").section("## Burrow API").introduction();
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
            let _ = (parse_call(BurrowMethod::Read, &path), shown_path(&path));
        }
    }
}
