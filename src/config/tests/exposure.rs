//! Warnings of connections that protect less than their user may think.

use super::*;

fn warnings(servers: &[&str], sasl: &str, more: &[(&str, &str)], tls: &str) -> Vec<String> {
    let properties: Vec<String> = more.iter().map(|(name, value)| format!("{name:?} = {value:?}")).collect();
    let named = if tls.is_empty() { "" } else { "tls = \"t\"\n" };
    let file = format!(
        "[client-profile.p]\nsasl = \"s\"\n{named}properties = {{ {} }}\n{tls}\n\
         [sasl.s]\nmechanism = \"{sasl}\"\nusername = \"u\"\npassword = \"hush\"\n\
         [cluster.c]\nclass-name = \"kafka\"\nservers = {servers:?}\nclient-profile = \"p\"\n",
        properties.join(", "),
    );
    lines(&loaded(&file).unwrap_or_else(|mistakes| panic!("{mistakes}\n{file}")).warnings)
}

const FAR: [&str; 2] = ["127.0.0.1:9092", "kafka1:9092"];

fn in_the_clear(what: &str) -> Vec<String> {
    let why = "is sent without TLS: whoever can read the network traffic can use it; set tls";
    vec![format!("client-profile.p: {what} {why}")]
}

#[test]
fn a_password_or_a_token_in_the_clear_is_warned_of_once() {
    let password = in_the_clear("the password of mechanism PLAIN");
    assert_eq!(warnings(&FAR, "PLAIN", &[], ""), password);
    assert_eq!(warnings(&FAR, "PLAIN", &[], "[tls.t]"), [""; 0]);
    assert_eq!(warnings(&FAR, "SCRAM-SHA-512", &[], ""), [""; 0]);
    assert_eq!(warnings(&FAR, "PLAIN", &[("security.protocol", "SASL_SSL")], ""), [""; 0]);
    assert_eq!(warnings(&FAR, "SCRAM-SHA-512", &[("sasl.mechanisms", "PLAIN")], ""), password);
    let token = in_the_clear("the token of mechanism OAUTHBEARER");
    assert_eq!(warnings(&FAR, "SCRAM-SHA-512", &[("sasl.mechanisms", "OAUTHBEARER")], ""), token);
}

#[test]
fn what_stays_on_this_machine_is_not_warned_of() {
    assert_eq!(warnings(&["localhost:9092", "127.0.0.1:9092", "[::1]:9092"], "PLAIN", &[], ""), [""; 0]);
}

#[test]
fn certificates_that_are_not_verified_are_warned_of() {
    let expected = "tls.t.noverify: certificates of servers are not verified: whoever answers in the place of a \
                    server can read and change what is sent; set cafile instead";
    assert_eq!(warnings(&["127.0.0.1:9092"], "PLAIN", &[], "[tls.t]\nnoverify = true"), [expected]);
}

#[test]
fn a_password_that_is_sent_to_zookeeper_in_the_clear_is_warned_of() {
    let told = |server: &str| {
        let file = format!(
            "[consumer.z]\nclass-name = \"kafka_zk\"\nservers = [\"{server}:2181\"]\ncluster = \"local\"\n\
             client-profile = \"p\"\n[client-profile.p]\nsasl = \"s\"\n[sasl.s]\nmechanism = \"SCRAM-SHA-512\"\n\
             username = \"u\"\npassword = \"hush\"\n"
        );
        lines(&with(&file).unwrap().warnings)
    };
    assert_eq!(told("localhost"), [""; 0]);
    assert_eq!(told("zk1"), in_the_clear("the password of ZooKeeper's digest"));
}
