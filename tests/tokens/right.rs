//! Each source of tokens works, tokens are renewed without a gap, and what is renewed in files is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use serde_json::json;

use super::*;
use crate::rig::issuer::claims;
use crate::rig::program::command;
use crate::rig::token_server::{Proxy, TokenServer};
use crate::rig::{eventually, pause, side_by_side};

#[test]
fn client_credentials_work_and_all_clients_share_a_token() {
    let server = TokenServer::start(honest(SECRET, 3600));
    let keys = format!("{}\nextensions = {{ logicalCluster = \"lkc-1\" }}", credentials(&server.url()));
    let program = Program::with_config(&file(&guarded().cluster, &keys, ""));
    works(&program);
    assert_eq!(server.asked().len(), 1, "one token for all clients");
    assert!(guarded().cluster.log().contains("Extensions: logicalCluster=lkc-1"), "the broker saw no extension");
    shows_nothing(&program, &[SECRET, "eyJ", "d2FycmVuZXI6"]);
    program.terminate();
}

#[test]
fn an_endpoint_with_a_certificate_of_ones_own_authority_works() {
    let cluster = &guarded().cluster;
    let server = TokenServer::start_tls(cluster.file("server.pem").as_ref(), honest(SECRET, 3600));
    let url = format!("https://127.0.0.1:{}/token", server.port);
    let keys = format!("{}\ntoken-tls = \"issuer\"", credentials(&url));
    let tls = format!("[tls.issuer]\ncafile = \"{}\"\n", cluster.file("ca.pem"));
    works(&Program::with_config(&file(cluster, &keys, &tls)));
}

#[test]
fn an_endpoint_behind_a_proxy_works_and_one_that_no_proxy_names_is_asked_directly() {
    let cluster = &guarded().cluster;
    let server = TokenServer::start_tls(cluster.file("server.pem").as_ref(), honest(SECRET, 3600));
    let url = format!("https://127.0.0.1:{}/token", server.port);
    let keys = format!("{}\ntoken-tls = \"issuer\"", credentials(&url));
    let text = file(cluster, &keys, &format!("[tls.issuer]\ncafile = \"{}\"\n", cluster.file("ca.pem")));
    let proxy = Proxy::start();
    let through = |excluded: &str| {
        works(&Program::changed(&text, |command| {
            command
                .env("HTTPS_PROXY", format!("http://me:proxy-word@127.0.0.1:{}", proxy.port))
                .env("NO_PROXY", excluded);
        }));
    };
    through("example.com");
    let asked = proxy.asked();
    let pair = BASE64_STANDARD.encode("me:proxy-word");
    assert!(
        asked.len() == 1 && asked[0].starts_with(&format!("CONNECT 127.0.0.1:{} HTTP/1.1", server.port)),
        "{asked:?}"
    );
    assert!(asked[0].contains(&pair) && !asked[0].contains(SECRET), "{asked:?}");
    through("127.0.0.1");
    assert_eq!((proxy.asked().len(), server.asked().len()), (1, 2));
}

#[test]
fn assertions_from_files_work_for_the_client_and_as_a_grant() {
    let Guarded { cluster, issuer, scratch } = guarded();
    let (client, grant) = (issuer.signed(&json!({ "sub": "client" })), issuer.signed(&json!({ "sub": "grant" })));
    let (wanted_client, wanted_grant) = (client.clone(), grant.clone());
    let server = TokenServer::start(move |asked| {
        let fields = fields(&asked.body);
        assert_eq!(fields["grant_type"], "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
        assert_eq!((&fields["client_assertion"], &fields["assertion"]), (&wanted_client, &wanted_grant));
        Reply::Json(200, json!({ "access_token": guarded().issuer.token(3600), "expires_in": "3600" }).to_string())
    });
    let keys = format!(
        "token-url = \"{}\"\nclient-assertion-file = \"{}\"\nassertion-file = \"{}\"",
        server.url(),
        scratch.write("client-assertion", client).display(),
        scratch.write("grant-assertion", grant + "\n").display(),
    );
    works(&Program::with_config(&file(cluster, &keys, "")));
}

#[test]
fn a_token_in_the_configuration_works() {
    let Guarded { cluster, issuer, .. } = guarded();
    let token = issuer.token(3600);
    let program = Program::with_config(&file(cluster, &format!("token = \"{token}\""), ""));
    works(&program);
    shows_nothing(&program, &[&token]);
}

#[test]
fn lag_works_with_tokens_and_check_fetches_none() {
    let server = TokenServer::start(honest(SECRET, 3600));
    let scratch = Scratch::new("lag");
    let path = scratch.write("warrener.toml", file(&guarded().cluster, &credentials(&server.url()), ""));
    let run = |what: &[&str]| {
        let output = command().args(what).arg("--config").arg(&path).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains(SECRET), "{text}");
        (output.status.code(), text)
    };
    let (code, text) = run(&["check"]);
    assert_eq!((code, server.asked().len()), (Some(0), 0), "{text}");
    let lines =
        ["token         from http://127.0.0.1:", "client        \"warrener\", with a secret", "scope         \"read\""];
    assert!(lines.iter().all(|line| text.contains(line)), "{text}");
    let (code, text) = run(&["lag"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("secured-group"), "{text}");
    assert_eq!(server.asked().len(), 1);
}

/// The program stays up for so many seconds, and new commits go on arriving.
fn has_no_gap(program: &Program, cluster: &Cluster, group: &str, time: u64) {
    let mut committer = Committer::new(cluster.port());
    let began = Instant::now();
    let mut offset = 0;
    while began.elapsed() < seconds(time) {
        offset = (offset + 1) % 5;
        committer.commit(group, "secured", &[(0, offset)]);
        program.page_where(seconds(3), "commit", |page| {
            let ups = page.family("warrener_up").map(|(_, value)| value).collect::<Vec<_>>();
            assert_eq!(ups, [1.0, 1.0], "{}", program.log());
            let lag = page.value("kafka_consumergroup_lag", &[("consumergroup", group)]);
            let expected = Some(f64::from(i32::try_from(5 - offset).unwrap()));
            if lag == expected { Ok(()) } else { Err(format!("{lag:?} for {expected:?}")) }
        });
        pause(seconds(1) / 4);
    }
}

#[test]
fn tokens_are_renewed_without_a_gap() {
    side_by_side(&[
        ("tokens that live for seconds", &tokens_that_live_for_seconds_leave_no_gap),
        ("a renewed secret", &a_secret_that_is_renewed_in_its_file_is_used_at_the_next_refresh),
        (
            "an endpoint that is down",
            &an_endpoint_that_is_down_for_a_while_is_asked_again_and_a_valid_token_is_used_meanwhile,
        ),
    ]);
}

fn tokens_that_live_for_seconds_leave_no_gap() {
    let Guarded { cluster, issuer, scratch } = guarded();
    let life = 8;
    // The broker ends the connections of a token that has expired.
    let path = scratch.write("renewed", issuer.token(life));
    let program = Program::with_config(&file(cluster, &format!("token-file = \"{}\"", path.display()), ""));
    let over = Arc::new(AtomicI64::new(0));
    let stop = Arc::clone(&over);
    let renew = std::thread::spawn(move || {
        while stop.load(Ordering::Relaxed) == 0 {
            // As the kubelet does it: a new file in the place of the old.
            let fresh = guarded().scratch.write("renewed-next", guarded().issuer.token(life));
            std::fs::rename(fresh, guarded().scratch.join("renewed")).unwrap();
            pause(seconds(1));
        }
    });
    works(&program);
    has_no_gap(&program, cluster, "short-lived", 40);
    over.store(1, Ordering::Relaxed);
    renew.join().unwrap();
    let log = program.log();
    assert!(!log.contains("Kafka cannot be reached") && !log.contains("cannot be fetched"), "{log}");
    program.terminate();
}

fn a_secret_that_is_renewed_in_its_file_is_used_at_the_next_refresh() {
    let Guarded { cluster, scratch, .. } = guarded();
    let server = TokenServer::start(honest("first-secret", 6));
    let path = scratch.write("client-secret", "first-secret\n");
    let keys = format!(
        "token-url = \"{}\"\nclient-id = \"warrener\"\nclient-secret-file = \"{}\"\nscope = \"read\"",
        server.url(),
        path.display()
    );
    let program = Program::with_config(&file(cluster, &keys, ""));
    works(&program);
    scratch.write("client-secret", "second-secret\n");
    server.answer(honest("second-secret", 6));
    let before = server.asked().len();
    has_no_gap(&program, cluster, "rotated", 15);
    assert!(server.asked().len() > before + 1);
    let log = program.log();
    assert!(!log.contains("cannot be fetched"), "{log}");
    shows_nothing(&program, &["first-secret", "second-secret"]);
}

fn an_endpoint_that_is_down_for_a_while_is_asked_again_and_a_valid_token_is_used_meanwhile() {
    let cluster = &guarded().cluster;
    let server = TokenServer::start(honest(SECRET, 30));
    let program = Program::with_config(&file(cluster, &credentials(&server.url()), ""));
    works(&program);
    server.answer(|_| Reply::Json(503, String::new()));
    let refused = "answers 503 Service Unavailable: look into its log";
    eventually(seconds(40), "failed refresh", || {
        if program.log().contains(refused) { Ok(()) } else { Err(program.log()) }
    });
    server.answer(honest(SECRET, 30));
    has_no_gap(&program, cluster, "interrupted", 20);
    let log = program.log();
    assert_eq!(log.matches("a token cannot be fetched").count(), 1, "{log}");
    assert_eq!(log.matches("tokens are fetched again").count(), 1, "{log}");
    assert!(!log.contains("Kafka cannot be reached"), "{log}");
}

#[test]
fn a_reload_takes_tokens_from_another_endpoint_without_a_gap() {
    let servers = [SECRET, "another"].map(|secret| TokenServer::start(honest(secret, 3600)));
    let text = |number: usize| {
        let keys = credentials(&servers[number].url()).replace(SECRET, [SECRET, "another"][number]);
        file(&guarded().cluster, &keys, "")
    };
    let asked = || servers.each_ref().map(|server| server.asked().len());
    let mut program = Program::with_config(&text(0));
    works(&program);
    let reload = |program: &mut Program, reloads: usize, replaced: usize| {
        program.signal(libc::SIGHUP);
        eventually(seconds(20), "reload", || {
            let lag = program.page().value("kafka_consumergroup_lag", &[("consumergroup", "secured-group")]);
            assert_eq!(lag, Some(3.0), "{}", program.log());
            let log = program.log();
            let count = |line| log.matches(line).count();
            let found = (count("the configuration was read again"), count("replaced the running module"));
            if found == (reloads, replaced) { Ok(()) } else { Err(log) }
        });
    };
    reload(&mut program, 1, 0);
    assert_eq!(asked(), [1, 0], "what did not change goes on");
    program.rewrite(&text(1));
    reload(&mut program, 2, 2);
    works(&program);
    assert_eq!(asked(), [1, 1], "one token for all clients");
    shows_nothing(&program, &[SECRET, "another", "eyJ"]);
    program.terminate();
}

#[test]
fn an_older_broker_takes_tokens_too() {
    let old = start(Version::V3_9);
    let path = old.scratch.write("token", old.issuer.signed(&claims(3600)));
    works(&Program::with_config(&file(&old.cluster, &format!("token-file = \"{}\"", path.display()), "")));
}
