#!/bin/sh
# Runs the LLM job against a mock of the API, and counts its answers. Started again
# after a crash, it goes on; started after it has ended, it begins anew.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p llm
[ ! -e llm/out/_SUCCESS ] || rm -rf llm/out
rm -f llm/mock.url
bin/llmmock -address-file llm/mock.url &
mock=$!
trap 'kill $mock 2>/dev/null' EXIT
# The API must live until the calls in flight have ended.
trap : INT
while [ ! -s llm/mock.url ]; do sleep 0.1; done
OPENAI_BASE_URL=$(cat llm/mock.url)
OPENAI_API_KEY=sk-mock-not-a-secret
export OPENAI_BASE_URL OPENAI_API_KEY
bin/longhaul run examples/llm/job.yaml --state llm/.longhaul "$@"
if command -v jq > /dev/null; then
	echo 'messages by topic:'
	cat llm/out/part-*.jsonl | jq -r .output | sort | uniq -c
fi
