package job

import (
	"cmp"
	"math"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
)

// maxBatchRecords bounds the memory of a flush, 16 bytes a record.
const maxBatchRecords = 5_000_000

// maxBatchChunks keeps a batch well inside one run's history, which Temporal
// ends at 51,200 events: a run is continued as new between batches only.
const maxBatchChunks = 1000

// maxResponseBytes bounds max_response_bytes, because a worker keeps an answer in memory.
const maxResponseBytes = 1 << 30

// maxCanary is far more than tells whether an API refuses everybody.
const maxCanary = 1000

// Validate checks every value that can be checked without reading a file. Its
// error holds all that is wrong, each of KindSpec with the field's name.
func (s Spec) Validate() error { return Joined(s.Problems()) }

// Problems is everything that is wrong with the spec, in the order of its fields.
func (s Spec) Problems() []*Error {
	problems := slices.Concat(s.inputProblems(), s.outputProblems(), s.Call.problems(), s.paceProblems(), s.sampleProblems(), s.retryProblems())
	slices.SortStableFunc(problems, func(a, b *Error) int { return cmp.Compare(placeInSpec(a.Op), placeInSpec(b.Op)) })
	return problems
}

// placeInSpec is where the top-level field, with which a problem's op begins, stands in
// Spec.
func placeInSpec(op string) int {
	field, _, _ := strings.Cut(strings.Fields(op)[0], ".")
	fields := reflect.TypeFor[Spec]()
	for i := range fields.NumField() {
		if name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ","); name == field {
			return i
		}
	}
	return fields.NumField()
}

func (s Spec) inputProblems() []*Error {
	in := s.Input
	switch {
	case in.URI == "" && in.Count == nil:
		return one(Errorf(KindSpec, "input", "one of input.uri and input.count is needed").
			WithHint(`name a file ("input": {"uri": "records.jsonl"}) or a number of records ("input": {"count": 1000})`))
	case in.URI != "" && in.Count != nil:
		return one(Errorf(KindSpec, "input", "input.uri and input.count are both set").WithHint("keep one of them"))
	case in.Count != nil && *in.Count < 0:
		return one(Errorf(KindSpec, "input.count", "%d is negative", *in.Count).WithHint("give 0 or more"))
	case in.Limit < 0:
		return one(Errorf(KindSpec, "input.limit", "%d is negative", in.Limit).WithHint("give 1 or more, or leave it out for all records"))
	case in.Count != nil && in.Format != "" && in.Format != FormatCount:
		return one(Errorf(KindSpec, "input.format", "%q does not go with input.count", in.Format).WithHint("leave it out"))
	}
	return some(checkPlaceholders("input.uri", in.URI), in.formatProblem())
}

func (i InputSpec) formatProblem() *Error {
	format := i.ResolvedFormat()
	switch {
	case slices.Contains(fileFormats, format), format == FormatCount && i.Count != nil:
		return nil
	case format == FormatCount:
		return Errorf(KindSpec, "input.format", "count goes with input.count, not with a file")
	case format == "":
		return Errorf(KindSpec, "input.format", "the extension of %q does not tell the format", i.URI).
			WithHint("set input.format to jsonl, csv or lines")
	default:
		return Errorf(KindSpec, "input.format", "%q is not a format", i.Format).WithHint("use jsonl, csv or lines")
	}
}

func (s Spec) outputProblems() []*Error {
	uri := s.Output.URI
	example := "name a folder for the answers: \"output\": {\"uri\": \"out\"}"
	if uri == "" {
		return one(Errorf(KindSpec, "output.uri", "is missing").WithHint("%s", example))
	}
	problems := some(checkPlaceholders("output.uri", uri))
	if strings.Contains(uri, "://") {
		return problems
	}
	// Whoever deletes the answers would delete much more.
	if clean := path.Clean(uri); clean == "." || clean == "/" || path.Base(clean) == ".." {
		problems = append(problems, Errorf(KindSpec, "output.uri", "%q is not a folder for the answers alone", uri).WithHint("%s", example))
	}
	return problems
}

func (s Spec) paceProblems() []*Error {
	size, batch := checkRange("chunk_size", s.ChunkSize, 1, 100_000), checkRange("batch_size", s.BatchSize, 1, maxBatchChunks)
	var records *Error
	if size == nil && batch == nil {
		records = checkRange("chunk_size × batch_size", s.BatchRecords(), 1, maxBatchRecords)
	}
	problems := []*Error{size, batch, records, s.parallelismProblem()}
	for _, k := range Knobs {
		if !k.Derived(s) {
			problems = append(problems, k.problem(s))
		}
	}
	return some(append(problems,
		checkDuration("outage.after", s.Outage.After, 0),
		checkDuration("outage.probe_interval", s.Outage.ProbeInterval, 10*time.Millisecond),
		checkDuration("outage.give_up", s.Outage.GiveUp, 0),
		checkDuration("outage.give_up_at_start", s.Outage.GiveUpAtStart, 0),
		checkRange("canary", int64(s.Canary), 0, maxCanary),
		checkDuration("heartbeat_timeout", s.HeartbeatTimeout, time.Second),
		checkDuration("capability_timeout", s.CapabilityTimeout, time.Second),
	)...)
}

func (s Spec) retryProblems() []*Error {
	r := s.Retry
	var coefficient *Error
	if r.BackoffCoefficient < 1 || math.IsNaN(r.BackoffCoefficient) || math.IsInf(r.BackoffCoefficient, 0) {
		coefficient = Errorf(KindSpec, "retry.backoff_coefficient", "%g is out of range", r.BackoffCoefficient).WithHint("give 1 or more")
	}
	return some(
		checkRange("retry.maximum_attempts", int64(r.MaximumAttempts), 1, 1000),
		checkDuration("retry.initial_interval", r.InitialInterval, 0),
		coefficient,
		checkDuration("retry.maximum_interval", r.MaximumInterval, r.InitialInterval.Std()),
	)
}

func checkRange(field string, value, low, high int64) *Error {
	if value < low || value > high {
		return Errorf(KindSpec, field, "%d is out of range", value).WithHint("give %d to %d", low, high)
	}
	return nil
}

func checkDuration(field string, value Duration, low time.Duration) *Error {
	if value.Std() < low {
		return Errorf(KindSpec, field, "%s is out of range", value).WithHint("give %s or more", low)
	}
	return nil
}

func one(problem *Error) []*Error { return []*Error{problem} }

// some are those that are not nil.
func some(problems ...*Error) []*Error {
	return slices.DeleteFunc(problems, func(p *Error) bool { return p == nil })
}
