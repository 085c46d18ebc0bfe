# syntax=docker/dockerfile:1

FROM node:22-bookworm-slim AS node

FROM rust:1.95-slim-bookworm AS build
# The build script makes the live map page with npm.
COPY --from=node /usr/local /opt/node
ENV PATH=/opt/node/bin:$PATH
WORKDIR /ridecast
COPY Cargo.toml Cargo.lock build.rs ./
COPY src src
COPY protocol protocol
COPY roads roads
COPY simulator simulator
COPY web web
# Cargo.toml names a bench, which cargo wants to see even when it does not build it.
COPY benches benches
RUN cargo build --release --locked --bins --package ridecast --package ridecast-simulator

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/ridecast ridecast
COPY --from=build /ridecast/target/release/ridecast /ridecast/target/release/ridecast-simulator /usr/local/bin/
# Whom to trust with webhooks and OSRM over https.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# The streets of the demo city, with their licence (ODbL) and the program's own.
COPY data/montevideo-2017-12.osm.pbf data/README.md /usr/share/ridecast/data/
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/ridecast/
ENV RIDECAST_BIND=0.0.0.0:8080 \
    RIDECAST_STORE=embedded:/var/lib/ridecast \
    RIDECAST_NETWORK=/usr/share/ridecast/data/montevideo-2017-12.osm.pbf \
    RIDECAST_SIM_NETWORK=/usr/share/ridecast/data/montevideo-2017-12.osm.pbf
USER ridecast
WORKDIR /var/lib/ridecast
VOLUME /var/lib/ridecast
EXPOSE 8080
# Debian's bash can open a socket by itself, which spares the image an HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 200 '* ]]"]
ENTRYPOINT ["ridecast"]
CMD ["serve"]
