# The worker alone. make build puts the static binary into bin/ first.
FROM gcr.io/distroless/static-debian12:nonroot
COPY bin/longhaul-worker /longhaul-worker
VOLUME /data
ENTRYPOINT ["/longhaul-worker", "--root", "/data"]
