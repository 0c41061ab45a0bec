//! Clients that authenticate with tokens, against brokers that check them with Kafka's own code.

mod amazon;
mod right;
mod wrong;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::issuer::{AUDIENCE, ISSUER, Issuer};
use crate::rig::maven::{Version, compiled};
use crate::rig::program::{Program, quick};
use crate::rig::scratch::Scratch;
use crate::rig::seconds;
use crate::rig::token_server::{Asked, Reply};
use crate::rig::wire::Committer;

const SECRET: &str = "an-issuers-secret";

/// A broker that checks tokens of this issuer, which all tests share.
struct Guarded {
    cluster: Cluster,
    issuer: Issuer,
    scratch: Scratch,
}

fn guarded() -> &'static Guarded {
    static GUARDED: OnceLock<Guarded> = OnceLock::new();
    GUARDED.get_or_init(|| start(Version::LATEST))
}

fn start(version: Version) -> Guarded {
    let (issuer, scratch) = (Issuer::new(), Scratch::new("issuer"));
    let keys = scratch.write("keys.json", issuer.key_set()).display().to_string();
    let module = "org.apache.kafka.common.security.oauthbearer";
    let mechanism = "listener.name.sasl_ssl.oauthbearer";
    let properties = [
        "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER".to_owned(),
        format!("{mechanism}.sasl.jaas.config={module}.OAuthBearerLoginModule required;"),
        format!("{mechanism}.sasl.server.callback.handler.class=Extensions"),
        // The end of a token is the end of its connection, unless the client authenticates again.
        format!("{mechanism}.connections.max.reauth.ms=3600000"),
        format!("sasl.oauthbearer.jwks.endpoint.url=file://{keys}"),
        format!("sasl.oauthbearer.expected.audience={AUDIENCE}"),
        format!("sasl.oauthbearer.expected.issuer={ISSUER}"),
    ];
    let spec = properties.into_iter().fold(Spec::new(version), |spec, line| spec.property(line.leak()));
    let allowed = "-Dorg.apache.kafka.sasl.oauthbearer.allowed";
    let spec = spec.option(format!("{allowed}.urls=file://{keys}")).option(format!("{allowed}.files={keys}"));
    let spec = spec.classes(compiled("Extensions.java", version).display().to_string());
    let cluster = spec.secure().lasting().start();
    fill(&cluster);
    Guarded { cluster, issuer, scratch }
}

/// A topic with five records, of which a group has read two.
fn fill(cluster: &Cluster) {
    cluster.create_topic("secured", 1);
    cluster.produce("secured", 0, 5);
    Committer::new(cluster.port()).commit("secured-group", "secured", &[(0, 2)]);
}

/// The text of a file whose profile has TLS and a `[sasl.token]` with these keys; `more` stands behind.
fn file(cluster: &Cluster, keys: &str, more: &str) -> String {
    let profile = format!(
        "[client-profile.p]\ntls = \"brokers\"\nsasl = \"token\"\n[tls.brokers]\ncafile = \"{}\"\n\
         [sasl.token]\nmechanism = \"oauthbearer\"\n{keys}\n{more}",
        cluster.file("ca.pem")
    );
    quick(&cluster.sasl_address(), "client-profile = \"p\"", &profile)
}

/// It reads log ends and commits.
fn works(program: &Program) {
    program.await_ready(seconds(60));
    program.page_where(seconds(20), "lag of a guarded cluster", |page| {
        match page.value("kafka_consumergroup_lag", &[("consumergroup", "secured-group")]) {
            Some(3.0) => Ok(()),
            other => Err(format!("{other:?}; {}", program.log())),
        }
    });
}

/// Keys for client credentials at this endpoint.
fn credentials(url: &str) -> String {
    format!("token-url = \"{url}\"\nclient-id = \"warrener\"\nclient-secret = \"{SECRET}\"\nscope = \"read\"")
}

/// Answers a request with this secret by a token that lives for so many seconds, and any other as RFC 6749 has it.
fn honest(secret: &str, life: i64) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let wanted = BASE64_STANDARD.encode(format!("warrener:{secret}"));
    move |asked| {
        let fields = fields(&asked.body);
        let field = |name: &str| fields.get(name).map(String::as_str);
        assert_eq!((field("grant_type"), field("scope")), (Some("client_credentials"), Some("read")), "{asked:?}");
        let basic = asked.head.lines().find_map(|line| line.split_once(": Basic "));
        if basic.is_some_and(|(name, pair)| name.eq_ignore_ascii_case("authorization") && pair == wanted) {
            Reply::Json(
                200,
                json!({ "access_token": guarded().issuer.token(life), "token_type": "Bearer" }).to_string(),
            )
        } else {
            Reply::Json(401, json!({ "error": "invalid_client", "error_description": asked.head }).to_string())
        }
    }
}

fn fields(form: &str) -> BTreeMap<String, String> {
    form.split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// No log or page shows any of these.
fn shows_nothing(program: &Program, secrets: &[&str]) {
    let seen =
        [program.log(), program.get("/metrics").text().to_owned(), program.get("/api/exporter").text().to_owned()];
    for secret in secrets {
        for text in &seen {
            assert!(!text.contains(secret), "{secret} is shown: {text}");
        }
    }
}
