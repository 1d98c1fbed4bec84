package jobclient

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"longhaul/job"
)

// followInterval is the time between two snapshots.
const followInterval = 500 * time.Millisecond

// outcome waits for the end of the job, over all its runs.
func outcome(ctx context.Context, c client.Client, id string) (job.Summary, error) {
	var summary job.Summary
	err := c.GetWorkflow(ctx, id, "").Get(ctx, &summary)
	if err == nil || ctx.Err() != nil {
		return summary, err
	}
	end, endErr := EndOf(ctx, c, id)
	if endErr != nil || end.Failure == nil {
		return summary, err
	}
	return summary, end.Failure
}

// Display shows a job while it runs. Its methods are called by one goroutine at a time.
type Display interface {
	Update(s Snapshot)
	// End is called once, with the summary of a job that has finished.
	End(summary job.Summary, finished bool)
}

// Follow shows a job until it ends, and returns its summary, or why it has none.
func Follow(ctx context.Context, c client.Client, id string, show Display) (job.Summary, error) {
	ended := make(chan struct{})
	describing, stop := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		for describing.Err() == nil {
			if s, err := Describe(describing, c, id); err == nil {
				show.Update(s)
			}
			select {
			case <-time.After(followInterval):
			case <-describing.Done():
			}
		}
	}()
	summary, err := outcome(ctx, c, id)
	stop()
	<-ended
	show.End(summary, err == nil)
	return summary, err
}
