package job

import (
	"cmp"
	"fmt"
	"reflect"
	"time"
)

// The names of updates, and of signals that do the same.
const (
	UpdatePause  = "pause"
	UpdateResume = "resume"
	UpdateTune   = "tune"
)

// Tuning changes settings of a running job; what is nil stays as it is.
type Tuning struct {
	Parallelism   *int          `json:"parallelism,omitempty"`
	ChunkInterval *Duration     `json:"chunk_interval,omitempty"`
	BatchInterval *Duration     `json:"batch_interval,omitempty"`
	Rate          *float64      `json:"rate,omitempty"`
	MaxFailures   *FailureLimit `json:"max_failures,omitempty"`
}

// UnmarshalJSON refuses unknown fields by name.
func (t *Tuning) UnmarshalJSON(data []byte) error {
	type plain Tuning
	*t = Tuning{}
	var c checker
	if c.check("", data, reflect.TypeFor[Tuning]()); len(c.problems) > 0 {
		return Joined(c.problems)
	}
	return decode(data, (*plain)(t))
}

// Tuned is the spec with the tuning on top.
func (s Spec) Tuned(t Tuning) Spec {
	if t.Parallelism != nil {
		s.Parallelism = *t.Parallelism
	}
	if t.BatchInterval != nil {
		s.BatchInterval = t.BatchInterval
	}
	if t.ChunkInterval != nil {
		s.ChunkInterval = *t.ChunkInterval
	}
	if t.Rate != nil {
		s.Rate = *t.Rate
	}
	if t.MaxFailures != nil {
		s.MaxFailures = *t.MaxFailures
	}
	return s
}

// Settings are those of the spec that can be tuned, and the chunk size.
func (s Spec) Settings() Settings {
	return Settings{
		Parallelism: s.Parallelism, ChunkSize: s.ChunkSize, ChunkInterval: s.ChunkInterval,
		BatchInterval: s.IntervalBetweenBatches(), Rate: s.Rate, MaxFailures: s.MaxFailures,
	}
}

// Settings are those in force.
type Settings struct {
	Parallelism   int          `json:"parallelism"`
	ChunkSize     int64        `json:"chunk_size"`
	ChunkInterval Duration     `json:"chunk_interval"`
	BatchInterval Duration     `json:"batch_interval"`
	Rate          float64      `json:"rate"`
	MaxFailures   FailureLimit `json:"max_failures"`
	Paused        bool         `json:"paused"`
}

// Change is one setting that was changed while the job ran.
type Change struct {
	At time.Time `json:"at"`
	// What is a field of Settings.
	What string `json:"what"`
	From string `json:"from"`
	To   string `json:"to"`
	// By is the identity of the client that asked.
	By string `json:"by,omitempty"`
}

func (c Change) String() string { return fmt.Sprintf("%s: %s → %s", c.What, c.From, c.To) }

// Changes are the differences, in the order of the fields.
func (s Settings) Changes(to Settings) []Change {
	fields := []struct {
		what     string
		from, to any
	}{
		{"parallelism", s.Parallelism, to.Parallelism}, {"chunk_interval", s.ChunkInterval, to.ChunkInterval},
		{"batch_interval", s.BatchInterval, to.BatchInterval}, {"rate", s.Rate, to.Rate},
		{"max_failures", s.MaxFailures, to.MaxFailures}, {"paused", s.Paused, to.Paused},
	}
	var changes []Change
	for _, f := range fields {
		if f.from != f.to {
			changes = append(changes, Change{What: f.what, From: fmt.Sprint(f.from), To: fmt.Sprint(f.to)})
		}
	}
	return changes
}

// Control is _longhaul/control.json: what running chunks have to know of changed
// settings. It is in force for the claim of its epoch.
type Control struct {
	Epoch int64 `json:"epoch"`
	// RunID is the run of the workflow that made it; it counts for its chunks only.
	RunID string `json:"run"`
	// Version counts the changes of a job.
	Version int64 `json:"version"`
	Paused  bool  `json:"paused"`
	// Grants are those of the lanes, by number. A lane without calls is closed.
	Grants []LaneGrant `json:"shares"`
	// MaxFailures is nil in a file of a version that did not write it.
	MaxFailures *FailureLimit `json:"max_failures,omitempty"`
	// Changes are all that were made, those of earlier jobs in this folder too.
	Changes []Change `json:"changes"`
}

// Request says how a change was asked for, so that it can be found out by whom.
type Request struct {
	Namespace  string `json:"namespace"`
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	// UpdateID is set for an update, Signal, its name, for a signal.
	UpdateID string `json:"update_id,omitempty"`
	Signal   string `json:"signal,omitempty"`
}

// With is the tuning with a later one on top.
func (t Tuning) With(later Tuning) Tuning {
	return Tuning{
		Parallelism: cmp.Or(later.Parallelism, t.Parallelism), ChunkInterval: cmp.Or(later.ChunkInterval, t.ChunkInterval),
		BatchInterval: cmp.Or(later.BatchInterval, t.BatchInterval), Rate: cmp.Or(later.Rate, t.Rate),
		MaxFailures: cmp.Or(later.MaxFailures, t.MaxFailures),
	}
}
