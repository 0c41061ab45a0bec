//! Texts of any form: encodings, depth and length, and arbitrary texts and values.

use proptest::prelude::*;

use super::*;

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_taken() {
    let text = "\u{feff}[cluster.local]\r\nclass-name = \"kafka\"\r\nservers = [\"kafka:9092\"]\r\n";
    assert_eq!(loaded(text).unwrap().config.clusters.len(), 1);
}

#[test]
fn depth_and_length_do_no_harm() {
    let deep = |open: &str, close: &str| format!("a = {}1{}", open.repeat(100_000), close.repeat(100_000));
    for text in [
        deep("[", "]"),
        deep("{ b = ", " }"),
        format!("[{}]", ["a"; 100_000].join(".")),
        format!("[client-profile.p.properties]\n{} = 1", ["a"; 100_000].join(".")),
        format!("{} = 1", "k".repeat(1 << 20)),
        "k\n".repeat(100_000),
        "= ".repeat(100_000),
        "[a]\n".repeat(100_000),
        "a = \"\\q".repeat(100_000),
    ] {
        assert!(loaded(&text).is_err());
    }
}

fn scrap() -> impl Strategy<Value = String> {
    let words = [
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ".",
        ",",
        "\n",
        "\r\n",
        "\"",
        "'",
        "#",
        "\\",
        "${",
        "$${",
        "${A:-b}",
        "\u{feff}",
        "\u{0}",
        "ö",
        "1",
        "-1",
        "1.5",
        "nan",
        "0x7f",
        "1979-05-27",
        "true",
        "9999999999999999999999",
        "cluster",
        "consumer",
        "client-profile",
        "tls",
        "sasl",
        "storage",
        "evaluator",
        "httpserver",
        "metrics",
        "limit",
        "labels",
        "properties",
        "logging",
        "general",
        "notifier",
        "local",
        "class-name",
        "kafka",
        "servers",
        "names",
        "intervals",
        "password-file",
        "[cluster.local]\n",
        "class-name = \"kafka\"\n",
        "servers = [\"a:1\"]\n",
        "[[metrics.limit]]\n",
        "lag-seconds = ",
    ];
    let word = prop_oneof![proptest::sample::select(words.to_vec()).prop_map(str::to_owned), ".{0,6}"];
    proptest::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_can_cause_a_panic(text in scrap()) {
        if let Err(mistakes) = loaded(&text) {
            prop_assert!(mistakes.iter().count() > 0);
        }
    }

    #[test]
    fn no_value_of_any_key_can_cause_a_panic(
        section in proptest::sample::select(vec![
            "cluster.local", "consumer.c", "client-profile.p", "tls.t", "sasl.s", "storage.s", "evaluator.e",
            "httpserver.h", "metrics", "logging", "general", "zookeeper", "notifier.n",
        ]),
        key in proptest::sample::select(vec![
            "class-name", "servers", "cluster", "client-profile", "offset-refresh", "group-allowlist", "tls", "sasl",
            "properties", "cafile", "mechanism", "intervals", "expire-group", "minimum-complete", "address", "names",
            "labels", "limit", "level", "start-latest", "zookeeper-path", "offsets-topic", "password-file",
        ]),
        value in prop_oneof![
            Just("[]".to_owned()), Just("{}".to_owned()), Just("[[]]".to_owned()), Just("[{}]".to_owned()),
            Just("inf".to_owned()), Just("07:32:00".to_owned()), any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| format!("{number:?}").to_lowercase()), ".*".prop_map(|text| format!("'''{text}'''")),
        ],
    ) {
        let _checked = loaded(&format!("[{section}]\n{key} = {value}\n"));
    }
}
