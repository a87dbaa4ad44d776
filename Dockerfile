# The program alone: static, without a shell, as a user without rights.
#
#   docker build -t fhir-assay .
#   docker run --rm -v "$PWD/reports:/work/reports" fhir-assay run http://host.docker.internal:8080/fhir
#
# For CI systems that start a shell in the image of a job: docker build --target ci -t fhir-assay:ci .

FROM rust:1.95-alpine AS build
# What the libraries written in C are compiled with, and the certificates that everybody trusts.
RUN apk add --no-cache build-base cmake perl linux-headers ca-certificates
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin fhir-assay \
    && cp target/release/fhir-assay /fhir-assay \
    && mkdir -p /work/reports

FROM alpine:3 AS ci
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /fhir-assay /usr/local/bin/fhir-assay
RUN adduser -D -u 65532 assay
USER 65532:65532

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /fhir-assay /fhir-assay
COPY --from=build --chown=65532:65532 /work /work
WORKDIR /work
USER 65532:65532
# A server inside the container is reached from outside only where it listens everywhere: serve --bind 0.0.0.0
EXPOSE 8080
ENTRYPOINT ["/fhir-assay"]
