package job

import (
	"math"
	"strings"
	"time"
)

// maxBatchRecords bounds the memory of a flush, 16 bytes a record.
const maxBatchRecords = 5_000_000

// maxBatchChunks keeps a batch well inside one run's history, which Temporal
// ends at 51,200 events: a run is continued as new between batches only.
const maxBatchChunks = 1000

// Validate checks every value that can be checked without reading a file. Its
// error is of KindSpec and names the field.
func (s Spec) Validate() error {
	for _, check := range []func() error{s.validateInput, s.validateOutput, s.validateCall, s.validatePace, s.validateRetry} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s Spec) validateInput() error {
	in := s.Input
	switch {
	case in.URI == "" && in.Count == nil:
		return Errorf(KindSpec, "input", "one of input.uri and input.count is needed").
			WithHint(`name a file ("input": {"uri": "records.jsonl"}) or a number of records ("input": {"count": 1000})`)
	case in.URI != "" && in.Count != nil:
		return Errorf(KindSpec, "input", "input.uri and input.count are both set").WithHint("keep one of them")
	case in.Count != nil && *in.Count < 0:
		return Errorf(KindSpec, "input.count", "%d is negative", *in.Count).WithHint("give 0 or more")
	case in.Limit < 0:
		return Errorf(KindSpec, "input.limit", "%d is negative", in.Limit).WithHint("give 1 or more, or leave it out for all records")
	case in.Count != nil && in.Format != "" && in.Format != FormatCount:
		return Errorf(KindSpec, "input.format", "%q does not go with input.count", in.Format).WithHint("leave it out")
	}
	switch in.ResolvedFormat() {
	case FormatJSONL, FormatCSV, FormatLines:
		return nil
	case FormatCount:
		if in.Count != nil {
			return nil
		}
		return Errorf(KindSpec, "input.format", "count goes with input.count, not with a file")
	case "":
		return Errorf(KindSpec, "input.format", "the extension of %q does not tell the format", in.URI).
			WithHint("set input.format to jsonl, csv or lines")
	default:
		return Errorf(KindSpec, "input.format", "%q is not a format", in.Format).WithHint("use jsonl, csv or lines")
	}
}

func (s Spec) validateOutput() error {
	if err := first(checkPlaceholders("input.uri", s.Input.URI), checkPlaceholders("output.uri", s.Output.URI)); err != nil {
		return err
	}
	if s.Output.URI == "" {
		return Errorf(KindSpec, "output.uri", "is missing").WithHint(`name a folder for the answers: "output": {"uri": "out"}`)
	}
	return nil
}

func (s Spec) validateCall() error {
	c := s.Call
	set := 0
	for _, chosen := range []bool{c.HTTP != nil, c.Exec != nil, c.Func != nil, c.Sleep != nil} {
		if chosen {
			set++
		}
	}
	const choose = "set exactly one of call.http, call.exec, call.func and call.sleep"
	switch {
	case set == 0:
		return Errorf(KindSpec, "call", "there is none").WithHint(choose)
	case set > 1:
		return Errorf(KindSpec, "call", "there are %d", set).WithHint(choose)
	case c.Exec != nil:
		return c.Exec.validate()
	case c.Func != nil && c.Func.Name == "":
		return Errorf(KindSpec, "call.func.name", "is missing")
	case c.Sleep != nil:
		return checkDuration("call.sleep.duration", c.Sleep.Duration, 0)
	case c.HTTP != nil:
		return c.HTTP.validate()
	}
	return nil
}

func (e *ExecSpec) validate() error {
	if len(e.Command) == 0 || e.Command[0] == "" {
		return Errorf(KindSpec, "call.exec.command", "is missing").WithHint(`write it as a list: ["python3", "slow_function.py"]`)
	}
	if e.Processes < 0 {
		return Errorf(KindSpec, "call.exec.processes", "%d is out of range", e.Processes).WithHint("give 1 or more, or leave it out")
	}
	return first(
		checkRange("call.exec.max_response_bytes", e.MaxResponseBytes, math.MaxInt64),
		checkDuration("call.exec.timeout", e.Timeout, time.Millisecond),
	)
}

func (h *HTTPSpec) validate() error {
	if h.URL == "" {
		return Errorf(KindSpec, "call.http.url", "is missing")
	}
	if strings.ContainsAny(h.Method, " \t\r\n/") {
		return Errorf(KindSpec, "call.http.method", "%q is not an HTTP method", h.Method).WithHint("use GET, POST or another one")
	}
	if (h.TLS.CertFile == "") != (h.TLS.KeyFile == "") {
		return Errorf(KindSpec, "call.http.tls", "cert_file and key_file go together")
	}
	return first(
		checkRange("call.http.max_response_bytes", h.MaxResponseBytes, math.MaxInt64),
		checkDuration("call.http.timeout", h.Timeout, time.Millisecond),
	)
}

func (s Spec) validatePace() error {
	switch {
	case s.Rate < 0 || math.IsNaN(s.Rate) || math.IsInf(s.Rate, 0):
		return Errorf(KindSpec, "rate", "%g is out of range", s.Rate).WithHint("give calls per second, or 0 for no limit")
	case s.MaxFailures.Value < 0 || s.MaxFailures.Percent && s.MaxFailures.Value > 100:
		return Errorf(KindSpec, "max_failures", "%s is out of range", s.MaxFailures).WithHint(`give a count from 0, or "0%%" to "100%%"`)
	}
	return first(
		checkRange("parallelism", int64(s.Parallelism), 100_000),
		checkRange("chunk_size", s.ChunkSize, 100_000),
		checkRange("batch_size", s.BatchSize, maxBatchChunks),
		checkRange("chunk_size × batch_size", s.BatchRecords(), maxBatchRecords),
		checkDuration("chunk_interval", s.ChunkInterval, 0),
		checkDuration("batch_interval", s.IntervalBetweenBatches(), 0),
		checkDuration("heartbeat_timeout", s.HeartbeatTimeout, time.Second),
		checkDuration("outage.after", s.Outage.After, 0),
		checkDuration("outage.probe_interval", s.Outage.ProbeInterval, 10*time.Millisecond),
		checkDuration("outage.give_up", s.Outage.GiveUp, 0),
	)
}

func (s Spec) validateRetry() error {
	r := s.Retry
	if r.BackoffCoefficient < 1 || math.IsNaN(r.BackoffCoefficient) || math.IsInf(r.BackoffCoefficient, 0) {
		return Errorf(KindSpec, "retry.backoff_coefficient", "%g is out of range", r.BackoffCoefficient).WithHint("give 1 or more")
	}
	return first(
		checkRange("retry.maximum_attempts", int64(r.MaximumAttempts), 1000),
		checkDuration("retry.initial_interval", r.InitialInterval, 0),
		checkDuration("retry.maximum_interval", r.MaximumInterval, r.InitialInterval.Std()),
	)
}

func checkRange(field string, value, high int64) error {
	if value < 1 || value > high {
		return Errorf(KindSpec, field, "%d is out of range", value).WithHint("give 1 to %d", high)
	}
	return nil
}

func checkDuration(field string, value Duration, low time.Duration) error {
	if value.Std() < low {
		return Errorf(KindSpec, field, "%s is out of range", value).WithHint("give %s or more", low)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
