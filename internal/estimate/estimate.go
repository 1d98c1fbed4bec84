package estimate

import (
	"math"
	"time"

	"longhaul/job"
	"longhaul/workflows/schedule"
)

const (
	// eventsPerActivity are the three of an activity, and the three of the workflow task
	// that takes its result. Results that come together share theirs.
	eventsPerActivity = 6
	// eventsPerTimer are the two of a timer, and those of the workflow task that it wakes.
	eventsPerTimer = 5
	// eventsPerRun are the first ones of a run and its last ones; IndexInput, FinishJob and
	// the first success come on top for the first.
	eventsPerRun, eventsPerJob = 8, 18
	// eventsOfARun is when a Temporal server suggests a new run.
	eventsOfARun = 4096
	// beatAfter is the part of the heartbeat timeout after which an activity sends one.
	beatAfter = 0.5
	// lineBytes is what a line of a part has beside record, answer and the digits of its
	// index: names, status, attempts, latency.
	lineBytes = 76
	// overhead is the time of the activities before and after the calls.
	overhead = 500 * time.Millisecond
)

// Work is what is known of a job, or assumed.
type Work struct {
	Spec    job.Spec
	Records int64
	// Latency is the mean time of a call, Calls how many a record takes on average, retries
	// included; 0 is 1.
	Latency time.Duration
	Calls   float64
	// RecordBytes is the mean length of a record, AnswerBytes that of an answer.
	RecordBytes, AnswerBytes float64
}

// Estimate is what a job will take.
type Estimate struct {
	Records int64 `json:"records"`
	Chunks  int64 `json:"chunks"`
	Batches int64 `json:"batches"`
	// Lanes are the chunks in flight.
	Lanes int `json:"lanes"`
	// Time is from the start to the end, without outages, at CallsPerSecond on average.
	Time           job.Duration `json:"time"`
	CallsPerSecond float64      `json:"calls_per_second"`
	// LimitedBy is what keeps the job from being faster.
	LimitedBy job.Bottleneck `json:"limited_by"`
	// Events are those of the histories of all Runs of the workflow.
	Events int64 `json:"history_events"`
	Runs   int64 `json:"runs"`
	// Actions are what Temporal Cloud bills.
	Actions Actions `json:"actions"`
	// DiskBytes is the size of the parts.
	DiskBytes int64 `json:"disk_bytes"`
}

// Of estimates a job.
func Of(w Work) Estimate {
	if w.Calls == 0 {
		w.Calls = 1
	}
	plan := job.Plan{Records: w.Records, BatchRecords: w.Spec.BatchRecords()}
	lanes := schedule.NewLanes("", w.Spec, w.Records, schedule.LayoutOf(w.Spec)).Count()
	e := Estimate{Records: w.Records, Lanes: lanes, Batches: (w.Records + plan.BatchRecords - 1) / plan.BatchRecords}
	var paced time.Duration
	e.Chunks, paced = chunks(w, plan, lanes)
	e.setTime(w, paced)
	e.setActions(w)
	width := LineBytes(w.Records) + w.AnswerBytes
	if w.Spec.Output.IncludeInput {
		width += w.RecordBytes
	}
	e.DiskBytes = int64(width * float64(w.Records))
	return e
}

// chunks cuts all records as the workflow does, and says when the last chunk may start.
func chunks(w Work, plan job.Plan, lanes int) (count int64, last time.Duration) {
	start := time.Unix(0, 0)
	cutter := schedule.NewCutter(plan, 0, w.Spec.ChunkSize, lanes, w.Spec.Parallelism/lanes)
	if w.Spec.Rate > 0 {
		cutter.Even()
	}
	pacer := schedule.NewPacer(w.Spec, start)
	for {
		chunk, endsBatch, ok := cutter.Cut()
		if !ok {
			return count, last
		}
		count++
		last = pacer.Due().Sub(start)
		pacer.Started(int64(math.Ceil(float64(chunk.Len())*w.Calls)), endsBatch)
	}
}

// setTime takes the longest of what the limits allow.
func (e *Estimate) setTime(w Work, paced time.Duration) {
	calls := float64(w.Records) * w.Calls
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	longest := seconds(calls * w.Latency.Seconds() / float64(w.Spec.Parallelism))
	e.LimitedBy = job.BottleneckParallelism
	if w.Spec.Rate > 0 {
		if limit := seconds(calls / w.Spec.Rate); limit > longest {
			longest, e.LimitedBy = limit, job.BottleneckRate
		}
	}
	if paced > longest {
		longest, e.LimitedBy = paced, job.BottleneckInterval
	}
	longest += overhead
	if w.Records > 0 {
		longest = max(longest, w.Latency+overhead)
	}
	e.Time = job.Duration(longest)
	e.CallsPerSecond = calls / longest.Seconds()
}

// LineBytes is the length of a line in a part without record and answer.
func LineBytes(records int64) float64 {
	return lineBytes + math.Floor(math.Log10(float64(max(1, records)))) + 1
}
