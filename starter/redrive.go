package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"longhaul/internal/connect"
	"longhaul/internal/inspect"
	"longhaul/job"
)

type redriveOptions struct {
	runOptions
	kind, status string
	// file is a changed spec.
	file string
}

func redriveCommand(flags *connect.Flags) *cobra.Command {
	o := redriveOptions{runOptions: runOptions{connect: flags}}
	cmd := &cobra.Command{
		Use:   "redrive OUT|ID",
		Short: "Call the failed records of a job again, and merge what comes of it",
		Long: `Call the failed records of a job again, with the same spec or a changed one
(--spec, or flags for single fields), and merge the new answers into the parts.
The other answers stay as they are, and verify proves the output as before. A job
that was stopped goes on as well: what it has not called yet is called, too.

With an output folder it works as run does, here and to the end. With the id of a
job that has ended it starts the job again on its server, for the workers there.

An Idempotency-Key is the same as before if the call is, and another one if the
call has changed.`,
		Example: `  longhaul redrive out
  longhaul redrive out --kind http --status 5xx --parallelism 20
  longhaul redrive out --status 422 --spec fixed.yaml
  longhaul redrive nightly --kind timeout`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := inspect.SpecOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if spec == nil {
				return o.start(cmd, args[0])
			}
			if err := o.checkKind(cmd.Context(), args[0]); err != nil {
				return err
			}
			if o.file == "" {
				o.file = "-"
				err = o.change(cmd, spec)
			} else {
				*spec, err = o.load(cmd)
			}
			if err != nil {
				return err
			}
			spec.Output.URI = args[0] // it may have been moved
			return o.run(cmd, *spec, o.file)
		},
	}
	o.register(cmd)
	cmd.Flags().StringVar(&o.kind, "kind", "", `only failures of this kind, such as "http", "timeout" or "poison"`)
	cmd.Flags().StringVar(&o.status, "status", "", `only failures with this HTTP status, such as 429 or "5xx"`)
	cmd.Flags().StringVar(&o.file, "spec", "", "a changed spec, JSON or YAML (default: the one that the job had)")
	return cmd
}

// load reads the changed spec.
func (o *redriveOptions) load(cmd *cobra.Command) (job.Spec, error) {
	spec, err := o.spec.load(cmd, o.file)
	if err == nil {
		err = o.choose(&spec)
	}
	return spec, err
}

// change puts flags on top of the spec that the job had.
func (o *redriveOptions) change(cmd *cobra.Command, spec *job.Spec) error {
	return errors.Join(o.spec.apply(cmd, spec), o.choose(spec), spec.Validate())
}

func (o *redriveOptions) choose(spec *job.Spec) error {
	spec.Redrive = &job.RedriveSpec{Kind: o.kind}
	if o.status == "" {
		return nil
	}
	if err := spec.Redrive.Status.UnmarshalJSON([]byte(o.status)); err != nil {
		return &usageError{fmt.Errorf("--status: %w", err)}
	}
	return nil
}

// checkKind refuses a kind of failure that the folder's job cannot have.
func (o *redriveOptions) checkKind(ctx context.Context, output string) (err error) {
	if o.kind == "" || job.IsFailureKind(o.kind) {
		return nil
	}
	folder, err := inspect.Open(ctx, output)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	found, err := folder.Failures(ctx, job.RedriveSpec{}, func(inspect.Failed) error { return nil })
	if err != nil {
		return err
	}
	return checkKind(o.kind, found.Kinds)
}

func checkKind(kind string, given []string) error {
	if err := job.CheckFailureKind(kind, given); err != nil {
		return &usageError{fmt.Errorf("--kind: %w", err)}
	}
	return nil
}

func kindsOf(failures []job.FailureCount) []string {
	kinds := make([]string, len(failures))
	for i, failure := range failures {
		kinds[i] = failure.Kind
	}
	return kinds
}

// start starts an ended job again, on its server and its task queue.
func (o *redriveOptions) start(cmd *cobra.Command, id string) error {
	ctx := cmd.Context()
	return withNamed(ctx, o.connect, id, func(c client.Client) error {
		described, err := c.DescribeWorkflowExecution(ctx, id, "")
		if err != nil {
			return err
		}
		if described.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return fmt.Errorf("job %s is still running: its failed records can be called again when it has ended; longhaul cancel %s ends it", id, id)
		}
		if s, err := look(ctx, c, id); err == nil && s.known {
			if err := checkKind(o.kind, kindsOf(s.Failures)); err != nil {
				return err
			}
		}
		spec, err := inputOf(ctx, c, id)
		if err != nil {
			return err
		}
		if spec.HasPlaceholder() {
			if err := resolve(ctx, c, id, &spec); err != nil {
				return err
			}
		}
		if o.file == "" {
			err = o.change(cmd, &spec)
		} else {
			uri := spec.Output.URI
			spec, err = o.load(cmd)
			spec.Output.URI = uri
		}
		if err != nil {
			return err
		}
		queue := described.GetExecutionConfig().GetTaskQueue().GetName()
		run, err := start(ctx, c, startOptions{id: id, queue: queue}, spec)
		if err == nil {
			say(cmd.OutOrStdout(), "started %s, run %s; see longhaul watch %s", run.GetID(), run.GetRunID(), run.GetID())
		}
		return err
	})
}

// resolve fills in the placeholders as they were in the last run.
func resolve(ctx context.Context, c client.Client, id string, spec *job.Spec) error {
	s, err := look(ctx, c, id)
	if err != nil {
		return err
	}
	if !s.known {
		return fmt.Errorf("job %s: no worker answers; one must say which folder the job wrote to", id)
	}
	spec.Input.URI, spec.Output.URI = s.Input, s.Output
	return nil
}

// inputOf is the spec that the last run of a job was started with.
func inputOf(ctx context.Context, c client.Client, id string) (job.Spec, error) {
	var spec job.Spec
	events := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := events.Next()
	if err != nil {
		return spec, noSuchJob(id, err)
	}
	payloads := first.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()
	if len(payloads) == 0 {
		return spec, fmt.Errorf("job %s was started without a spec", id)
	}
	return spec, converter.GetDefaultDataConverter().FromPayload(payloads[0], &spec)
}
