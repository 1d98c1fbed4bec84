package job

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
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
	Parallelism    *int          `json:"parallelism,omitempty"`
	MinParallelism *int          `json:"min_parallelism,omitempty"`
	ChunkInterval  *Duration     `json:"chunk_interval,omitempty"`
	BatchInterval  *Duration     `json:"batch_interval,omitempty"`
	Rate           *float64      `json:"rate,omitempty"`
	MaxFailures    *FailureLimit `json:"max_failures,omitempty"`
}

// UnmarshalJSON refuses unknown fields by name.
func (t *Tuning) UnmarshalJSON(data []byte) error {
	type plain Tuning
	*t = Tuning{}
	var c checker
	fitting := c.check("", data, reflect.TypeFor[Tuning]())
	if len(c.problems) > 0 {
		return Joined(c.problems)
	}
	return decode(fitting, (*plain)(t))
}

// IsZero says whether the tuning changes nothing.
func (t Tuning) IsZero() bool { return t == Tuning{} }

// Problem says why a tuning cannot be applied to the spec; nil if it can.
func (t Tuning) Problem(to Spec) error {
	if t.IsZero() {
		return errNothingTuned()
	}
	return to.Tuned(t).Validate()
}

// With is the tuning with a later one on top.
func (t Tuning) With(later Tuning) Tuning {
	for _, k := range Knobs {
		k.merge(&t, later)
	}
	return t
}

// Tuned is the spec with the tuning on top.
func (s Spec) Tuned(t Tuning) Spec {
	for _, k := range Knobs {
		k.apply(&s, t)
	}
	return s
}

// Settings are those of the spec that can be tuned, and the chunk size.
func (s Spec) Settings() Settings {
	settings := Settings{ChunkSize: s.ChunkSize}
	for _, k := range Knobs {
		k.copy(&settings, s)
	}
	return settings
}

// Settings are those in force.
type Settings struct {
	Parallelism    int          `json:"parallelism"`
	MinParallelism int          `json:"min_parallelism,omitempty"`
	ChunkSize      int64        `json:"chunk_size"`
	ChunkInterval  Duration     `json:"chunk_interval"`
	BatchInterval  Duration     `json:"batch_interval"`
	Rate           float64      `json:"rate"`
	MaxFailures    FailureLimit `json:"max_failures"`
	Paused         bool         `json:"paused"`
}

// Change is one setting that was changed while the job ran.
type Change struct {
	At time.Time `json:"at"`
	// What names a field of Settings.
	What string `json:"what"`
	From string `json:"from"`
	To   string `json:"to"`
	// By is the identity of the client that asked.
	By string `json:"by,omitempty"`
}

func (c Change) String() string { return fmt.Sprintf("%s: %s → %s", c.What, c.From, c.To) }

// String is such as "parallelism 200, rate 0": all knobs with their values.
func (s Settings) String() string {
	texts := make([]string, len(Knobs))
	for i, k := range Knobs {
		texts[i] = k.Name() + " " + k.Text(s)
	}
	return strings.Join(texts, ", ")
}

// Changes are the differences, in the order of Knobs.
func (s Settings) Changes(to Settings) []Change {
	var changes []Change
	for _, k := range Knobs {
		if k.differs(s, to) {
			changes = append(changes, Change{What: k.Name(), From: k.Text(s), To: k.Text(to)})
		}
	}
	if s.Paused != to.Paused {
		changes = append(changes, Change{What: "paused", From: strconv.FormatBool(s.Paused), To: strconv.FormatBool(to.Paused)})
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
