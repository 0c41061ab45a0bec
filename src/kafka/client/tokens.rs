//! Hands tokens over to librdkafka.

use crate::clock;
use crate::kafka::context::NativeClient;
use crate::kafka::{ErrorCode, FailureCause, ffi};
use crate::token::TokenNews;

/// Hands a client what its provider has that is newer. Never blocks.
pub(super) fn hand_over(client: &NativeClient) {
    let Some(token) = client.context().token() else { return };
    let problem = match token.take_news(clock::now()) {
        None => return,
        Some(TokenNews::Token(new)) => match ffi::set_token(client, &new) {
            Ok(()) => return token.record_token(),
            Err(why) => format!("librdkafka does not accept the token: {why}"),
        },
        Some(TokenNews::Failure(why)) => why.as_ref().to_owned(),
    };
    ffi::set_token_failure(client, &problem);
    client.context().record_failure(&FailureCause::of_code(ErrorCode::AUTHENTICATION, &problem));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use tokio::runtime::{Builder, Runtime};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::config::{ConnectionConfig, SaslConfig, SaslMechanism, Secret, TokenConfig, TokenSource};
    use crate::kafka::client::tests::plain;
    use crate::kafka::{Client, ClientRole, KafkaContext};
    use crate::model::Timestamp;
    use crate::token::{Token, TokenProviders};

    fn connection(source: TokenSource) -> ConnectionConfig {
        let mut connection = plain("127.0.0.1:1");
        let extensions = BTreeMap::from([("logicalCluster".to_owned(), "lkc-1".to_owned())]);
        connection.client.sasl = Some(SaslConfig {
            name: "s".to_owned(),
            mechanism: SaslMechanism::OauthBearer,
            username: String::new(),
            password: None,
            kerberos: None,
            token: Some(TokenConfig { section: "sasl.s".to_owned(), source, principal: None, extensions }),
        });
        connection
    }

    fn runtime() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    }

    fn client(connection: &ConnectionConfig, providers: &TokenProviders) -> Client {
        let context = KafkaContext::new("c", "cluster", "c").with_tokens(providers.provider(connection));
        Client::new(connection, ClientRole::Cluster, context).unwrap()
    }

    /// Serves the client until it is so.
    fn serve(client: &Client, mut is_so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", client.context().cause());
            client.poll_events();
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn all_clients_of_a_section_get_its_token() {
        let (runtime, stop) = (runtime(), CancellationToken::new());
        let providers = TokenProviders::new(runtime.handle().clone(), &stop);
        let connection = connection(TokenSource::Value(Secret::new("hush".to_owned())));
        let shared = [(); 2].map(|()| providers.provider(&connection).unwrap());
        assert!(Arc::ptr_eq(&shared[0], &shared[1]));
        let first = client(&connection, &providers);
        assert!(first.context().waits_for_token());
        serve(&first, || !first.context().waits_for_token());
        let second = first.recreate().unwrap();
        assert!(second.context().waits_for_token());
        serve(&second, || !second.context().waits_for_token());
        assert_eq!(second.context().cause(), None);
        runtime.block_on(providers.stop());
    }

    #[test]
    fn a_client_without_a_token_knows_why_and_gets_it_when_it_is_there() {
        let (runtime, stop, folder) = (runtime(), CancellationToken::new(), tempfile::tempdir().unwrap());
        let providers = TokenProviders::new(runtime.handle().clone(), &stop);
        let path = folder.path().join("token");
        let client = client(&connection(TokenSource::File(path.clone())), &providers);
        let why =
            format!("no token for [sasl.s]: cannot use {}: No such file or directory (os error 2)", path.display());
        serve(&client, || client.context().cause().is_some_and(|cause| cause.to_string() == why));
        assert!(client.context().waits_for_token());
        std::fs::write(&path, "hush").unwrap();
        serve(&client, || !client.context().waits_for_token());
        runtime.block_on(providers.stop());
    }

    #[test]
    fn the_task_of_a_provider_ends_with_its_last_user() {
        let (runtime, stop) = (runtime(), CancellationToken::new());
        let providers = TokenProviders::new(runtime.handle().clone(), &stop);
        let connection = connection(TokenSource::File(Path::new("/nowhere/token").to_owned()));
        let client = client(&connection, &providers);
        assert_eq!(providers.running(), 1);
        drop(client);
        let began = Instant::now();
        while providers.running() > 0 {
            assert!(began.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn librdkafka_takes_what_has_been_checked_and_refuses_the_rest_with_a_reason() {
        let client = {
            let connection = connection(TokenSource::Value(Secret::new("x".to_owned())));
            Client::new(&connection, ClientRole::Cluster, KafkaContext::new("c", "cluster", "c")).unwrap()
        };
        let soon = Timestamp(clock::now().0 + 60_000);
        let token = |value: &str, name: &str, extension: (&str, &str), expires: Timestamp| Token {
            value: Secret::new(value.to_owned()),
            expires,
            principal: name.to_owned(),
            extensions: vec![(extension.0.to_owned(), extension.1.to_owned())],
        };
        let set = |token: Token| ffi::set_token(client.native(), &token);
        let good = ("a", "b");
        assert_eq!(set(token("x", "me", good, soon)), Ok(()));
        assert_eq!(set(token(&"x".repeat(65_536), &"ä".repeat(100), ("a", &"b".repeat(4_096)), soon)), Ok(()));
        for refused in [
            token("a\0b", "me", good, soon),
            token("a\u{1}b", "me", good, soon),
            token("x", "a\0b", good, soon),
            token("x", "me", ("auth", "b"), soon),
            token("x", "me", ("a1", "b"), soon),
            token("x", "me", ("a", "\u{1}"), soon),
            token("x", "me", good, Timestamp(0)),
            token("x", "me", good, Timestamp(i64::MIN)),
        ] {
            assert!(set(refused.clone()).is_err(), "{refused:?}");
        }
        ffi::set_token_failure(client.native(), "a\0b");
        ffi::set_token_failure(client.native(), "");
        client.poll_events();
    }
}
