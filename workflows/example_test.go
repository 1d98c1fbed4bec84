package workflows_test

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/stretchr/testify/mock"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"longhaul/job"
	"longhaul/workflows"
)

// rescore is a workflow of one's own that has every customer scored.
func rescore(ctx workflow.Context, customers string) (string, error) {
	spec := job.DefaultSpec()
	spec.Input.URI, spec.Output.URI = customers, "scores"
	call := job.DefaultFuncSpec()
	call.Name = "score"
	spec.Call.Func = &call

	var summary job.Summary
	err := workflow.ExecuteChildWorkflow(ctx, workflows.BulkCall, spec, workflows.State{}).Get(ctx, &summary)
	var failure *temporal.ApplicationError
	if errors.As(err, &failure) && job.Kind(failure.Type()) == job.KindTooManyFailures {
		return "too many customers without a score", nil
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d customers have a score, in %s", summary.Succeeded, summary.Records, summary.Output), nil
}

// A job as a child workflow, and the test of the workflow that starts it: no worker, no
// server, no call.
func ExampleBulkCall() {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	test := func(summary job.Summary, err error) {
		env := suite.NewTestWorkflowEnvironment()
		env.RegisterWorkflow(workflows.BulkCall)
		env.OnWorkflow(workflows.BulkCall, mock.Anything, mock.Anything, workflows.State{}).Return(summary, err)
		env.ExecuteWorkflow(rescore, "customers.jsonl")
		var result string
		fmt.Println(env.GetWorkflowResult(&result), result)
	}
	test(job.Summary{Output: "scores", Records: 1000, Totals: job.Totals{Succeeded: 990, Failed: 10}}, nil)
	test(job.Summary{}, temporal.NewApplicationError("half of them failed", string(job.KindTooManyFailures)))
	// Output:
	// <nil> 990 of 1000 customers have a score, in scores
	// <nil> too many customers without a score
}
