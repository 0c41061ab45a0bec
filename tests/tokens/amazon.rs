//! AWS MSK IAM: the broker makes the signature again, as MSK does.

use std::process::Command;

use super::*;
use crate::rig::maven::{java_with, msk_class_path};
use crate::rig::{eventually, pause, side_by_side};

const ACCESS: &str = "AKIAIOSFODNN7EXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A broker that takes tokens of these keys.
struct Msk {
    cluster: Cluster,
    scratch: Scratch,
}

fn msk() -> &'static Msk {
    static MSK: OnceLock<Msk> = OnceLock::new();
    MSK.get_or_init(|| {
        let scratch = Scratch::new("msk");
        let keys = scratch.write("keys", format!("{ACCESS} {KEY} -\nASIAEXAMPLE {KEY}2 a/session+token==\n"));
        let mechanism = "listener.name.sasl_ssl.oauthbearer";
        let spec = Spec::new(Version::LATEST)
            .property("sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER")
            .property(
                "listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=\
                 org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
            )
            .property(format!("{mechanism}.sasl.server.callback.handler.class=MskIam").leak())
            .option(format!("-Drig.msk.keys={}", keys.display()))
            .classes(compiled("MskIam.java", Version::LATEST).display().to_string());
        let cluster = spec.secure().lasting().start();
        fill(&cluster);
        Msk { cluster, scratch }
    })
}

/// A program that has of AWS' environment only what `change` sets.
fn start(sections: &str, change: impl FnOnce(&mut Command)) -> Program {
    let cluster = &msk().cluster;
    let profile = format!("[tls.brokers]\ncafile = \"{}\"\n{sections}\n", cluster.file("ca.pem"));
    let text = quick(&cluster.sasl_address(), "client-profile = \"p\"", &profile);
    Program::changed(&text, |command| {
        let inherited = std::env::vars_os().map(|(name, _)| name);
        for name in inherited.filter(|name| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.env("HOME", msk().scratch.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        change(command);
    })
}

const IAM: &str = "[client-profile.p]\ntls = \"brokers\"\niam = \"msk\"\n[iam.msk]\nregion = \"eu-west-1\"";
const SASL: &str = "[client-profile.p]\ntls = \"brokers\"\nsasl = \"msk\"\n[sasl.msk]\nmechanism = \"aws_msk_iam\"\nregion = \"eu-west-1\"";

#[test]
fn keys_of_the_environment_work_in_both_forms() {
    for sections in [IAM, SASL] {
        let program = start(sections, |command| {
            command.env("AWS_ACCESS_KEY_ID", ACCESS).env("AWS_SECRET_ACCESS_KEY", KEY);
        });
        works(&program);
        shows_nothing(&program, &[KEY, "aHR0cHM6"]);
        program.terminate();
    }
}

#[test]
fn a_session_token_is_signed_too() {
    let program = start(IAM, |command| {
        command.env("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", format!("{KEY}2"));
        command.env("AWS_SESSION_TOKEN", "a/session+token==");
    });
    works(&program);
    shows_nothing(&program, &[KEY, "a/session", "a%2Fsession"]);
}

#[test]
fn the_credentials_of_a_profile_work() {
    let scratch = Scratch::new("aws");
    let path = scratch.write(
        "credentials",
        format!("[default]\naws_access_key_id = none\naws_secret_access_key = none\n[reader]\naws_access_key_id = {ACCESS}\naws_secret_access_key = {KEY}\n"),
    );
    let program = start(&format!("{IAM}\nprofile = \"reader\""), |command| {
        command.env("AWS_SHARED_CREDENTIALS_FILE", &path);
    });
    works(&program);
}

#[test]
fn the_credentials_of_a_container_work() {
    use crate::rig::token_server::TokenServer;
    let server = TokenServer::start(|asked| {
        assert!(
            asked.head.contains("authorization: pod-token") || asked.head.contains("Authorization: pod-token"),
            "{asked:?}"
        );
        let expiration = "2099-01-01T00:00:00Z";
        let body = json!({ "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": format!("{KEY}2"), "Token": "a/session+token==", "Expiration": expiration });
        Reply::Json(200, body.to_string())
    });
    let scratch = Scratch::new("pod");
    let token = scratch.write("token", "pod-token\n");
    let program = start(IAM, |command| {
        command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://127.0.0.1:{}/creds", server.port));
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token);
    });
    works(&program);
    assert_eq!(server.asked().len(), 1);
    shows_nothing(&program, &[KEY, "pod-token", "a/session"]);
}

/// Both modules are down and the log names the mistake once.
fn fails(sections: &str, words: &str, change: impl FnOnce(&mut Command)) {
    let mut program = start(sections, change);
    eventually(seconds(25), "line that names the mistake", || {
        let log = program.log();
        let named = log.lines().any(|line| line.contains("Kafka cannot be reached") && line.contains(words));
        if named { Ok(()) } else { Err(log) }
    });
    pause(seconds(10));
    let log = program.log();
    assert!(program.runs() && log.lines().count() <= 15, "{log}");
    assert_eq!(program.page().value("warrener_up", &[("kind", "cluster")]), Some(0.0));
    shows_nothing(&program, &[KEY, "hush", "aHR0cHM6"]);
    program.terminate();
}

#[test]
fn what_is_wrong_is_named() {
    let words = "expected an access key and its secret in profile \\\"nobody\\\" of AWS' files, found none";
    side_by_side(&[
        ("a wrong secret", &|| {
            fails(IAM, "the broker does not accept the signed URL: check the AWS credentials", |command| {
                command.env("AWS_ACCESS_KEY_ID", ACCESS).env("AWS_SECRET_ACCESS_KEY", "hush");
            });
        }),
        ("no credentials", &|| fails(IAM, "no token for [iam.msk]: no AWS credentials were found", |_| {})),
        ("no such profile", &|| fails(&format!("{SASL}\nprofile = \"nobody\""), words, |_| {})),
    ]);
}

#[test]
fn the_fixture_is_what_amazons_own_library_makes() {
    let class_path = msk_class_path();
    let program = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/MskTokens.java");
    let mut lines = String::new();
    for (access, key, session) in [(ACCESS, KEY, ""), ("ASIAEXAMPLE", KEY, "a/session+token==")] {
        let mut command = java_with(&class_path, 192);
        command.arg(&program).env("AWS_ACCESS_KEY_ID", access).env("AWS_SECRET_ACCESS_KEY", key);
        command.env("AWS_REGION", "eu-west-1").env_remove("AWS_SESSION_TOKEN");
        if !session.is_empty() {
            command.env("AWS_SESSION_TOKEN", session);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let token = String::from_utf8(output.stdout).unwrap();
        lines += &format!(
            "{access} {key} {} {}\n",
            if session.is_empty() { "-" } else { session },
            token.lines().next().unwrap()
        );
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokens/aws-msk-iam-auth.txt");
    if std::env::var_os("WARRENER_GOLDEN").is_some_and(|what| what == "write") {
        std::fs::write(&path, &lines).unwrap();
    }
    // They differ in the time at which they were signed, and so in the signature.
    let names = |text: &str| -> Vec<Vec<String>> {
        let url = |line: &str| {
            let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(line.rsplit(' ').next().unwrap()).unwrap();
            let url = String::from_utf8(bytes).unwrap();
            url.split(['?', '&']).map(|field| field.split('=').next().unwrap().to_owned()).collect()
        };
        text.lines().map(url).collect()
    };
    assert_eq!(names(&std::fs::read_to_string(&path).unwrap()), names(&lines));
}
