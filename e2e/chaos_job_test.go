package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"longhaul/job"
)

// chaosJob is one job of a campaign.
type chaosJob struct {
	number  int
	id      string
	spec    job.Spec
	records int
	calls   *jobCalls
	// redriven: the records that the API refuses are called again at the end.
	redriven bool

	// runs are the workflows that work in the folder, and whether they are open. starting
	// counts those that were terminated and are to be started again.
	runs     map[string]bool
	starting int
	// restarts counts how often the records that have failed may be called again: a job that
	// has not finished is gone on with.
	restarts int
	// allowances are for the faults after which calls may be repeated.
	allowances []*allowance
	samples    []callSample
	// fullSince and emptySince are when the disk was last filled, and had room again.
	fullSince, emptySince time.Time
	// deck are the kinds of faults that come next.
	deck   []int
	faults int

	began             time.Time
	took              time.Duration
	repeated, permits int
}

// drawJob draws a job from the campaign's seed and the job's number.
func (c *campaign) drawJob(number int) *chaosJob {
	j := &chaosJob{number: number, id: fmt.Sprintf("%s-%d", c.queue, number), runs: map[string]bool{}}
	j.records, j.redriven = 6000+c.draw.IntN(8000), c.draw.IntN(2) == 0
	parallelism := 40 + c.draw.IntN(80)
	if isSlow(number) {
		j.records /= 8
	}
	if c.short {
		j.records, j.redriven, parallelism = 4000, true, 40
	}
	j.spec = httpSpec(fmt.Sprintf("%s/%d", c.api.URL, number), int64(j.records), parallelism)
	j.spec.HeartbeatTimeout = job.Duration(chaosHeartbeat)
	// Those that fail are called again, first, by each run that goes on.
	j.spec.MaxFailures = job.FailureLimit{Value: float64(j.records)}
	j.spec.Output.URI = fmt.Sprintf("out-%d", number)
	j.spec.ChunkSize, j.spec.BatchSize = int64(50+c.draw.IntN(250)), int64(2+c.draw.IntN(6))
	j.spec.Call.HTTP.Headers = map[string]string{workerHeader: `{{env "` + workerVariable + `"}}`}
	if c.draw.IntN(2) == 0 {
		c.writeInput(j)
	}
	j.calls = c.api.expect(number, j.records, parallelism)
	return j
}

// writeInput gives a job a file to read.
func (c *campaign) writeInput(j *chaosJob) {
	var lines strings.Builder
	for record := range j.records {
		fmt.Fprintf(&lines, `{"id":%d}`+"\n", record)
	}
	j.spec.Input = job.InputSpec{URI: fmt.Sprintf("in-%d.jsonl", j.number)}
	j.spec.Call.HTTP.URL = strings.Replace(j.spec.Call.HTTP.URL, "{{.}}", "{{.id}}", 1)
	require.NoError(c.t, os.WriteFile(filepath.Join(c.root, j.spec.Input.URI), []byte(lines.String()), 0o644))
}

// runJob runs a job to its end, and judges it. Faults go on into the next job.
func (c *campaign) runJob(number int) {
	c.draw = rand.New(rand.NewPCG(c.seed, uint64(number)))
	j := c.drawJob(number)
	c.jobs, c.job = append(c.jobs, j), j
	j.began = time.Now()
	c.note("%d records, parallelism %d, chunks of %d, batches of %d", j.records, j.spec.Parallelism, j.spec.ChunkSize, j.spec.BatchSize)
	c.finish()
	if j.redriven {
		c.note("redrive")
		c.api.repair(j.calls)
		j.spec.Redrive = &job.RedriveSpec{}
		c.finish()
	}
	c.api.endJob(j.calls)
	j.took = time.Since(j.began)
	c.note("has ended")
	c.emptyDisk()
	c.judge(j)
	if number > 0 {
		c.verify(c.jobs[number-1])
		require.NoError(c.t, os.RemoveAll(filepath.Join(c.root, c.jobs[number-1].spec.Output.URI)))
	}
}

// verifyAgain proves the last output again: workers that woke up late have changed nothing.
func (c *campaign) verifyAgain() { c.verify(c.job) }

// finish starts a workflow with the job's spec, and has faults until none is open.
func (c *campaign) finish() {
	j, began, lasts := c.job, time.Now(), faultsFor
	if c.short {
		lasts = shortFaultsFor
	}
	if c.short && j.spec.Redrive != nil {
		lasts = 0
	}
	clear(j.runs)
	c.startRun(j.id)
	next := c.drawNext()
	for {
		<-time.After(20 * time.Millisecond)
		c.healDue(false)
		c.sample()
		require.Empty(c.t, c.api.brokenPromises())
		if c.look(); j.starting == 0 && c.openRun() == "" {
			return
		}
		calm := time.Since(began) - lasts
		if calm > endsWithin {
			require.FailNow(c.t, "the job does not end", c.status())
		}
		if calm < 0 && next.isDue(c) {
			c.strike()
			next = c.drawNext()
		}
	}
}

// startRun starts a workflow for the job.
func (c *campaign) startRun(id string) {
	options := client.StartWorkflowOptions{ID: id, TaskQueue: c.queue}
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
		_, err = c.server.ExecuteWorkflow(ctx, options, job.WorkflowType, c.job.spec)
		cancel()
		if err == nil {
			break
		}
		c.note("start %s: %v", id, err)
	}
	require.NoError(c.t, err)
	c.job.runs[id] = true
}

// openRun draws one of the workflows that are open; "" if none is.
func (c *campaign) openRun() string {
	var open []string
	for id, is := range c.job.runs {
		if is {
			open = append(open, id)
		}
	}
	if len(open) == 0 {
		return ""
	}
	slices.Sort(open)
	return open[c.draw.IntN(len(open))]
}

// look asks the server which workflows are open. None may have failed.
func (c *campaign) look() {
	if c.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	for id, open := range c.job.runs {
		if !open {
			continue
		}
		described, err := c.server.DescribeWorkflowExecution(ctx, id, "")
		if err != nil {
			c.note("describe %s: %v", id, err)
			continue
		}
		switch status := described.GetWorkflowExecutionInfo().GetStatus(); status {
		case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
			c.job.runs[id] = false
			c.note("%s is completed", id)
		case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
		case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:
			require.Positive(c.t, c.job.starting, "%s is terminated", id)
		default:
			require.Failf(c.t, "a job has not succeeded", "%s is %v: %v", id, status, c.server.GetWorkflow(ctx, id, "").Get(ctx, nil))
		}
	}
}
