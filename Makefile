# demo   the whole pipeline on an embedded cluster: needs Rust, a C compiler, make and perl
# test   everything that CI checks: needs Java 17, Maven and Go too, and installs Prometheus where it may
# bench  the whole program against a real broker, into BENCHMARKS.md, in a quarter of an hour: needs what test needs
# soak   faults of real brokers and all attacks at once, for some fifty minutes: needs what test needs
# man    writes the man pages anew; dashboards: the dashboards; pictures: the README's pictures; all are committed
# book   the documentation, into target/book: needs mdBook (cargo install mdbook)
# fuzz   ten million mangled records through the decoders, in a minute or two; as Rust alone
# kerberos  the feature gssapi against a KDC and a broker: needs what test needs, and Debian's krb5-kdc,
#        krb5-admin-server, krb5-user, libsasl2-dev and libsasl2-modules-gssapi-mit

.PHONY: demo test lint core docs real soak bench man dashboards pictures book fuzz kerberos tools

demo:
	cargo run --release -- demo

test: tools lint core docs real

# The cheap checks come first. What has C in it is built in one profile alone, so that librdkafka and OpenSSL are
# built once; the core runs in the dev profile, whose arithmetic panics when it overflows.
lint:
	cargo fmt --check
	CLIPPY_CONF_DIR=ci/core cargo clippy --no-default-features --lib -- -D warnings

core:
	cargo test --no-default-features --lib --test soak --test amplified --test counted

docs:
	cargo clippy --release --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --release --no-deps

# What measures the program runs by itself, one after the other.
MEASURED = --test-threads=1 chaos:: siege::

real:
	cargo test --release -- --skip chaos:: --skip siege::
	cargo test --release --test real -- --show-output $(MEASURED)

# The full form of those, where `test` has one round of each fault and one minute of the attacks. `core`'s soak is
# another thing: an hour of the core alone, replayed.
soak: tools
	WARRENER_CHAOS=full WARRENER_SOAK_MINUTES=20 cargo test --release --test real -- --nocapture $(MEASURED)

# In a target folder of its own: the feature changes how librdkafka is built. The realm is made anew by each run, and
# the JVM of the broker reads its configuration too.
REALM = $(CURDIR)/target/kerberos/realm

kerberos: export KRB5_CONFIG = $(REALM)/krb5.conf
kerberos: export JDK_JAVA_OPTIONS = -Djava.security.krb5.conf=$(REALM)/krb5.conf
kerberos:
	CARGO_TARGET_DIR=target/kerberos cargo test --features gssapi --test real -- kerberos::

pictures:
	mkdir -p docs/pictures
	WARRENER_PICTURES=docs/pictures cargo test --release pictures_for_the_readme

man:
	WARRENER_GOLDEN=write cargo test --release --lib cli::manual_tests

dashboards:
	cd dashboards/generate && go run . ..

bench: tools
	cargo bench --bench whole -- --write $(CURDIR)/BENCHMARKS.md

# The book has the files in the places that they have here, so that links between them hold: its own pages in docs/src,
# and these beside them. A test compares the lists with the links.
BOOK_PAGES = README.md docs/runbooks.md CONTRIBUTING.md BENCHMARKS.md CHANGELOG.md
BOOK_FILES = docs/pictures docs/warrener.toml
BOOK = target/book-source

book:
	rm -rf $(BOOK) target/book
	mkdir -p $(BOOK)
	cp -R --parents docs/src $(BOOK_PAGES) $(BOOK_FILES) $(BOOK)
	( echo '[warrener](README.md)'; \
	  sed '1d; s#](#](docs/src/#' docs/src/SUMMARY.md; \
	  echo '# Beside the book'; \
	  echo '- [Runbooks](docs/runbooks.md)'; echo '- [CONTRIBUTING.md](CONTRIBUTING.md)'; \
	  echo '- [Benchmarks](BENCHMARKS.md)'; echo '- [Changelog](CHANGELOG.md)' ) > $(BOOK)/SUMMARY.md
	MDBOOK_BOOK__SRC=../$(BOOK) mdbook build docs

fuzz:
	WARRENER_FUZZ_CASES=10000000 cargo test --no-default-features --lib offsets::tests::fuzz

tools:
	ci/tools
