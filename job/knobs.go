package job

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Knobs are the settings that can be changed while a job runs, in the order in which
// they are shown. A new one is a row here, and a field in Spec, Tuning and Settings.
// Whoever changes, checks, compares or shows settings goes through this table.
var Knobs = []Knob{
	row[int]{
		name: "parallelism", unit: "calls", help: `calls in flight at most, all workers together: a number, "auto", or from 4 to 1000 as "4..1000"`,
		value:    func(s Spec) int { return s.Parallelism },
		set:      func(s *Spec, v int) { s.Parallelism = v },
		tuning:   func(t *Tuning) **int { return &t.Parallelism },
		settings: func(s *Settings) *int { return &s.Parallelism },
		into:     parseParallelism,
		check:    func(v int) *Error { return checkRange("parallelism", int64(v), 1, maxParallelism) },
	},
	row[int]{
		name: "min_parallelism", unit: "calls", help: "least calls in flight of a parallelism that the workers find; 0 for a fixed parallelism",
		value:    func(s Spec) int { return s.MinParallelism },
		set:      func(s *Spec, v int) { s.MinParallelism = v },
		tuning:   func(t *Tuning) **int { return &t.MinParallelism },
		settings: func(s *Settings) *int { return &s.MinParallelism },
		parse:    parseInt,
		check:    func(v int) *Error { return checkRange("min_parallelism", int64(v), 0, maxParallelism) },
	},
	row[Duration]{
		name: "chunk_interval", unit: "duration", help: `least time between the starts of two chunks, such as "500ms"; "0s" for none`,
		value:    func(s Spec) Duration { return s.ChunkInterval },
		set:      func(s *Spec, v Duration) { s.ChunkInterval = v },
		tuning:   func(t *Tuning) **Duration { return &t.ChunkInterval },
		settings: func(s *Settings) *Duration { return &s.ChunkInterval },
		parse:    parseDuration,
		check:    func(v Duration) *Error { return checkDuration("chunk_interval", v, 0) },
	},
	row[Duration]{
		name: "batch_interval", unit: "duration", help: "the same between two batches; that of chunks if it is not set",
		value:    Spec.IntervalBetweenBatches,
		set:      func(s *Spec, v Duration) { s.BatchInterval = &v },
		tuning:   func(t *Tuning) **Duration { return &t.BatchInterval },
		settings: func(s *Settings) *Duration { return &s.BatchInterval },
		parse:    parseDuration,
		check:    func(v Duration) *Error { return checkDuration("batch_interval", v, 0) },
		derived:  func(s Spec) bool { return s.BatchInterval == nil },
	},
	row[float64]{
		name: "rate", unit: "calls/s", help: "calls started per second at most, all workers together; 0 for no limit",
		value:    func(s Spec) float64 { return s.Rate },
		set:      func(s *Spec, v float64) { s.Rate = v },
		tuning:   func(t *Tuning) **float64 { return &t.Rate },
		settings: func(s *Settings) *float64 { return &s.Rate },
		parse:    parseFloat,
		check:    checkRate,
	},
	row[FailureLimit]{
		name: "max_failures", unit: "records", help: `failed records before the job stops, such as "100" or "5%"`,
		value:    func(s Spec) FailureLimit { return s.MaxFailures },
		set:      func(s *Spec, v FailureLimit) { s.MaxFailures = v },
		tuning:   func(t *Tuning) **FailureLimit { return &t.MaxFailures },
		settings: func(s *Settings) *FailureLimit { return &s.MaxFailures },
		parse:    ParseFailureLimit,
		check:    FailureLimit.problem,
	},
}

func checkRate(rate float64) *Error {
	if rate < 0 || math.IsNaN(rate) || math.IsInf(rate, 0) {
		return Errorf(KindSpec, "rate", "%g is out of range", rate).WithHint("give calls per second, or 0 for no limit")
	}
	return nil
}

func parseInt(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return n, nil
}

func parseFloat(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return f, nil
}

func parseDuration(text string) (Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: write a number and a unit, such as \"500ms\" or \"2s\"", text)
	}
	return Duration(d), nil
}

// KnobNamed finds a knob by its name.
func KnobNamed(name string) (Knob, error) {
	for _, k := range Knobs {
		if k.Name() == name {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%s cannot be changed while a job runs", name)
}

// errNothingTuned is the answer to a tuning without a setting.
func errNothingTuned() error {
	names := make([]string, len(Knobs))
	for i, k := range Knobs {
		names[i] = k.Name()
	}
	last := len(names) - 1
	return errors.New("name at least one of " + strings.Join(names[:last], ", ") + " and " + names[last])
}
