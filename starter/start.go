package main

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/job"
)

// memoSpec is the memo that holds the spec a job was started with.
const memoSpec = "spec"

type startOptions struct {
	id, queue string
	// join goes on with a running workflow of that id instead of refusing.
	join bool
}

func startCommand(flags *connect.Flags) *cobra.Command {
	var fields specFlags
	var o startOptions
	cmd := &cobra.Command{
		Use:   "start SPEC",
		Short: "Start a job on a running server and leave it to the workers there",
		Long: `Start a job on a running server and leave it to the workers there.
Paths in SPEC are relative to the workers' --root. It does the same as
temporal workflow start --task-queue longhaul --type BulkCall --input-file job.json.`,
		Example: `  longhaul start job.json --id nightly
  longhaul start job.yaml --address temporal.example.com:7233 --output answers/today`,
		Args: oneArgument("SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := fields.load(cmd, args[0])
			if err != nil {
				return err
			}
			if o.id == "" {
				o.id = "longhaul-" + path.Base(spec.Output.URI) + "-" + shortHash(spec.Output.URI)
			}
			return withClient(cmd.Context(), flags, func(c client.Client) error {
				run, err := start(cmd.Context(), c, o, spec)
				if err == nil {
					say(cmd.OutOrStdout(), "started %s, run %s; see longhaul watch %s", run.GetID(), run.GetRunID(), run.GetID())
				}
				return err
			})
		},
	}
	fields.register(cmd)
	cmd.Flags().StringVar(&o.id, "id", "", "workflow id (default: made from the output folder)")
	cmd.Flags().StringVar(&o.queue, "task-queue", job.TaskQueue, "Temporal task queue")
	return cmd
}

func start(ctx context.Context, c client.Client, o startOptions, spec job.Spec) (client.WorkflowRun, error) {
	options := client.StartWorkflowOptions{
		ID: o.id, TaskQueue: o.queue,
		Memo:                                     map[string]any{memoSpec: spec},
		StaticSummary:                            summaryOf(spec),
		StaticDetails:                            detailsOf(spec),
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}
	if o.join {
		options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	}
	run, err := c.ExecuteWorkflow(ctx, options, job.WorkflowType, spec)
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return nil, fmt.Errorf("job %s is running already; watch it with longhaul watch %s, or give another --id", o.id, o.id)
	}
	return run, err
}

// summaryOf is what the Web UI shows of a job.
func summaryOf(spec job.Spec) string { return "calls for every record, to " + spec.Output.URI }

// detailsOf is a list in Markdown. The Web UI (2.42) cuts off what is in the last
// line's place.
func detailsOf(spec job.Spec) string {
	input := spec.Input.URI
	if spec.Input.Count != nil {
		input = humanize.Comma(*spec.Input.Count) + " numbers"
	}
	return fmt.Sprintf("- input: %s\n- output: %s\n- call: `%s`\n- parallelism: %d\n\n\u00a0\n", input, spec.Output.URI, spec.Call, spec.Parallelism)
}
