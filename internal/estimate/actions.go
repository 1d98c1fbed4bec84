package estimate

import (
	"math"

	"longhaul/job"
	"longhaul/workflows/schedule"
)

// PricePerMillion is Temporal Cloud's list price of a million actions in US dollars, for the
// first five million of a month; more are cheaper. A server of one's own bills none.
// Source: https://temporal.io/pricing and https://docs.temporal.io/cloud/actions
const PricePerMillion = 50.0

// Actions are the operations that Temporal Cloud bills, without those that somebody causes
// who watches the job: each query and update is one.
type Actions struct {
	// Starts are the runs of the workflow.
	Starts int64 `json:"starts"`
	// Activities are chunks, flushes, and those that begin and end the job.
	Activities int64 `json:"activities"`
	// Heartbeats are sent by an activity that takes longer than half of heartbeat_timeout.
	Heartbeats int64 `json:"heartbeats"`
	// Timers are waits for the pace.
	Timers int64 `json:"timers"`
	// Signals tell of the first success.
	Signals int64 `json:"signals"`
}

// Sum is the number of all.
func (a Actions) Sum() int64 {
	return a.Starts + a.Activities + a.Heartbeats + a.Timers + a.Signals
}

// Price is the list price in US dollars.
func (a Actions) Price() float64 { return float64(a.Sum()) * PricePerMillion / 1e6 }

// setActions needs chunks, batches and time.
func (e *Estimate) setActions(w Work) {
	const beginAndEnd = 2 // IndexInput and FinishJob
	e.Actions.Activities = e.Chunks + e.Batches + beginAndEnd
	if w.Spec.Canary > 0 && e.Records > 0 {
		e.Actions.Signals = 1
	}
	if e.LimitedBy == job.BottleneckInterval {
		e.Actions.Timers = e.Chunks
	}
	e.Actions.Heartbeats = e.Chunks * e.heartbeats(w)
	e.Events = eventsPerActivity*(e.Chunks+e.Batches) + eventsPerTimer*e.Actions.Timers + eventsPerJob
	e.Runs = (e.Events + eventsOfARun - 1) / eventsOfARun
	e.Events += e.Runs * eventsPerRun
	e.Actions.Starts = e.Runs
}

// heartbeats are those of a chunk. By Little's law a chunk takes the lanes over the rate of
// chunks; where the pace is the limit, it takes its wait for the start and its calls.
func (e *Estimate) heartbeats(w Work) int64 {
	if e.Chunks == 0 {
		return 0
	}
	seconds := float64(e.Lanes) * e.Time.Std().Seconds() / float64(e.Chunks)
	if e.LimitedBy == job.BottleneckInterval {
		waiting := min(seconds, schedule.StartDelayLimit.Seconds())
		perChunk := float64(e.Records) / float64(e.Chunks) * w.Calls
		seconds = waiting + max(1, perChunk/float64(w.Spec.Parallelism))*w.Latency.Seconds()
	}
	return int64(math.Floor(seconds / (beatAfter * w.Spec.HeartbeatTimeout.Std().Seconds())))
}
