package main

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
	"longhaul/workflows"
)

// Outcome is what Rescore returns.
type Outcome struct {
	Scored, Unknown int64
	// Answers is the folder with a line for every customer.
	Answers string
}

// Rescore scores the customers 0 to n-1, by one call each, and publishes how it went.
func Rescore(ctx workflow.Context, n int64) (Outcome, error) {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	spec := job.DefaultSpec()
	spec.Input.Count = &n
	spec.Output.URI = "scores-" + id
	call := job.DefaultFuncSpec()
	call.Name = "score"
	spec.Call.Func = &call

	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: id + "-calls",
		// Whoever cancels Rescore waits until the calls in flight have ended and
		// their answers are kept.
		WaitForCancellation: true,
		ParentClosePolicy:   enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
	})
	var summary job.Summary
	if err := workflow.ExecuteChildWorkflow(child, workflows.BulkCall, spec, workflows.State{}).Get(child, &summary); err != nil {
		return Outcome{}, err
	}

	outcome := Outcome{Scored: summary.Succeeded, Unknown: summary.Failed, Answers: summary.Output}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	return outcome, workflow.ExecuteActivity(ctx, Publish, outcome).Get(ctx, nil)
}

// Publish is an activity of one's own.
func Publish(_ context.Context, o Outcome) error {
	fmt.Printf("%d customers scored, %d unknown: see %s\n", o.Scored, o.Unknown, o.Answers)
	return nil
}

// score is the slow call. An error fails its record: the job goes on, up to its
// max_failures.
func score(ctx context.Context, customer int64) (float64, error) {
	select {
	case <-time.After(10 * time.Millisecond): // the slow part
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if customer%50 == 49 {
		return 0, &job.CallError{Kind: "unknown_customer", Message: fmt.Sprintf("there is no customer %d", customer)}
	}
	return float64(customer) / 2, nil
}
