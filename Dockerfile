# warrener in a small image, not as root. `docker build --build-arg REVISION=$(git rev-parse --short=12 HEAD) .`
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY src src
COPY benches benches
COPY tests/main.rs tests/soak.rs tests/amplified.rs tests/counted.rs tests/
ARG REVISION=""
RUN WARRENER_REVISION="${REVISION}" cargo build --release --locked && strip target/release/warrener

FROM debian:bookworm-slim
# The authorities that TLS trusts unless `cafile` names others.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/warrener /usr/local/bin/warrener
USER 65532:65532
EXPOSE 9308
# Bash asks by itself: there is no curl here, and no need of one. Another port than 9308 takes another check.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9308 && printf 'GET /-/healthy HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["/usr/local/bin/warrener"]
CMD ["--help"]
