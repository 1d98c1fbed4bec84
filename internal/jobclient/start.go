package jobclient

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/dustin/go-humanize"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/job"
)

// memoSpec is the memo that holds the spec a job was started with.
const memoSpec = "spec"

// StartOptions are where a job is started.
type StartOptions struct {
	// ID is the workflow's, Queue the task queue.
	ID, Queue string
	// Join returns a running workflow of that id instead of refusing.
	Join bool
	// Flags are for the commands in messages.
	Flags connect.Flags
}

// Start starts a job.
func Start(ctx context.Context, c client.Client, o StartOptions, spec job.Spec) (client.WorkflowRun, error) {
	options := client.StartWorkflowOptions{
		ID: o.ID, TaskQueue: o.Queue,
		Memo: Memo(spec), StaticSummary: SummaryText(spec), StaticDetails: DetailsText(spec),
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
	if o.Join {
		options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	}
	run, err := c.ExecuteWorkflow(ctx, options, job.WorkflowType, spec)
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return nil, fmt.Errorf("job %s is running already; watch it with longhaul watch %s%s, or give another --id", o.ID, job.ShellQuote(o.ID), FlagText(o.Flags))
	}
	return run, err
}

// Memo is the memo of a job's workflow.
func Memo(spec job.Spec) map[string]any { return map[string]any{memoSpec: spec} }

// SummaryText is the line that the Web UI shows of a job.
func SummaryText(spec job.Spec) string { return "calls for every record, to " + spec.Output.URI }

// DetailsText is a list in Markdown. The Web UI (2.42) cuts off what is in the last
// line's place.
func DetailsText(spec job.Spec) string {
	input := spec.Input.URI
	if spec.Input.Count != nil {
		input = humanize.Comma(*spec.Input.Count) + " numbers"
	}
	return fmt.Sprintf("- input: %s\n- output: %s\n- call: `%s`\n- parallelism: %s\n\n\u00a0\n", input, spec.Output.URI, spec.Call, spec.Settings().ParallelismText(func(n int64) string { return strconv.FormatInt(n, 10) }))
}
