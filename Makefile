# demo   the whole pipeline on an embedded cluster: needs Rust, a C compiler, make and perl
# test   everything that CI checks: needs Java 17 and Maven too, and installs Prometheus where it may

.PHONY: demo test lint core docs real tools

demo:
	cargo run --release -- demo

test: tools lint core docs real

# The cheap checks come first. What has C in it is built in one profile alone, so that librdkafka and OpenSSL are
# built once; the core runs in the dev profile, whose arithmetic panics when it overflows.
lint:
	cargo fmt --check
	CLIPPY_CONF_DIR=ci/core cargo clippy --no-default-features --lib -- -D warnings

core:
	cargo test --no-default-features --lib

docs:
	cargo clippy --release --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --release --no-deps

real:
	cargo test --release

tools:
	ci/tools
