# The two commands: make demo, make test. Everything that is built goes to bin/.
TEMPORAL_VERSION      := v1.5.1
GOLANGCI_VERSION      := v2.15.0
WORKFLOWCHECK_VERSION := v0.6.0

# A Temporal CLI that is named or on PATH is used; else it is built once (about
# four minutes on two cores).
TEMPORAL := $(or $(TEMPORAL_CLI),$(shell command -v temporal 2>/dev/null),bin/temporal)
GO_FILES := $(shell find . -name '*.go' -not -name '*_test.go') go.mod go.sum
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
export TEMPORAL_CLI := $(abspath $(TEMPORAL))
export GOTOOLCHAIN  := local

# The race detector needs a C compiler.
RACE := $(if $(shell command -v gcc || command -v clang),-race)

SEEDS ?= 20000
FIRST ?= 1
DURATION ?= 10m

.PHONY: help build demo llm test simulate mutants chaos lint bench docs fuzz histories screenshots clean

help: ## Show what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

build: bin/longhaul bin/longhaul-worker bin/slowapi $(TEMPORAL_CLI) ## Build the programs, and the Temporal CLI if there is none

bin/longhaul: $(GO_FILES)
	CGO_ENABLED=0 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o $@ ./starter

bin/longhaul-worker: $(GO_FILES)
	CGO_ENABLED=0 go build -trimpath -ldflags '-X longhaul.Version=$(VERSION)' -o $@ ./worker

bin/slowapi: $(GO_FILES)
	CGO_ENABLED=0 go build -trimpath -o $@ ./examples/slowapi

$(abspath bin/temporal):
	@echo 'building the Temporal CLI, once: about four minutes on two cores'
	GOBIN=$(abspath bin) CGO_ENABLED=0 go install github.com/temporalio/cli/cmd/temporal@$(TEMPORAL_VERSION)

demo: build ## Run 10,000 HTTP calls against a slow API of our own
	@examples/demo/run.sh

llm: build bin/llmmock ## Run 500 prompts against a mock of an LLM's API
	@examples/llm/run.sh

bin/llmmock: $(GO_FILES)
	CGO_ENABLED=0 go build -trimpath -o $@ ./examples/llm/mock

test: build ## Run every test, those against a real server included
	@$(if $(RACE),,echo 'no C compiler was found: the tests run without the race detector')
	go test $(RACE) -timeout 20m $$(go list ./... | grep -v /e2e$$)
	go test -run TestSeeds ./internal/simulation -seeds 2000
	go test -parallel 3 -timeout 20m ./e2e # the programs that it runs have no race detector

simulate: ## Simulate many seeds: make simulate SEEDS=100000 FIRST=1
	go test -count=1 -timeout 0 -run TestSeeds ./internal/simulation -seeds $(SEEDS) -first $(FIRST)

mutants: ## Remove each guard once, and see a fast test fail
	go run ./internal/mutants

chaos: build ## Run jobs while faults are drawn: make chaos SEED=7 DURATION=30m; a seed is drawn, and 10m is the default
	go test -count=1 -run '^TestChaos$$' -v -timeout 0 ./e2e -chaos.seed=$(or $(SEED),0) -chaos.duration=$(DURATION)

lint: bin/golangci-lint bin/workflowcheck ## Check format, vet, lint, layers and determinism
	test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	bin/golangci-lint run
	bin/workflowcheck ./workflows/...

bin/golangci-lint:
	GOBIN=$(abspath bin) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

bin/workflowcheck:
	GOBIN=$(abspath bin) go install go.temporal.io/sdk/contrib/tools/workflowcheck@$(WORKFLOWCHECK_VERSION)

bench: build ## Measure speed and memory, side by side with other ways; the table goes to bench/RESULTS.md
	BENCH_RESULTS=$(abspath bench/RESULTS.md) go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./bench/

docs: ## Write the generated tables of docs/ anew
	WRITE_DOCS=1 go test -count=1 -run TestTheDocsHaveEveryKnob ./job/

FUZZTIME ?= 60s
fuzz: ## Fuzz all that reads foreign bytes, a minute for each target: make fuzz FUZZTIME=10m
	@for target in $$(grep -rHoE '^func Fuzz[A-Za-z]+' --include='*_test.go' . | sort | sed -E 's/\/[^\/]*:func /:/'); do \
		echo "$$target"; \
		go test -run '^$$' -fuzz "^$${target##*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$${target%%:*}" || exit 1; \
	done

clean: ## Delete what was built and the examples' output
	rm -rf bin demo llm

screenshots: build ## Take the pictures of docs/images anew, with Chromium
	SCREENSHOTS=$(abspath docs/images) go test -count=1 -run 'TestTheWebUI|TestTheReportInABrowser' ./e2e/

histories: build ## Record histories for the replay tests, beside the old ones: make histories AS=change-
	RECORD_AS=$(AS) RECORD_HISTORIES=$(abspath workflows/testdata/histories) go test -count=1 -run 'TestContinueAsNewOnARealServer|TestHistoriesOfTheOperations' ./e2e/
