#!/bin/sh
# Runs the demo job against our own slow API. Started again after a crash, it
# goes on; started after it has ended, it begins anew.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p demo
[ ! -e demo/out/_SUCCESS ] || rm -rf demo/out
rm -f demo/slowapi.url
bin/slowapi -address-file demo/slowapi.url &
api=$!
trap 'kill $api 2>/dev/null' EXIT
# The API must live until the calls in flight have ended.
trap : INT
while [ ! -s demo/slowapi.url ]; do sleep 0.1; done
SLOWAPI=$(cat demo/slowapi.url)
export SLOWAPI
bin/longhaul run examples/demo/job.yaml --state demo/.longhaul "$@"
