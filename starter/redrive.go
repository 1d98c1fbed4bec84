package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	enumspb "go.temporal.io/api/enums/v1"

	"longhaul/internal/connect"
	"longhaul/internal/exitcode"
	"longhaul/internal/inspect"
	"longhaul/internal/jobclient"
	"longhaul/job"
)

type redriveOptions struct {
	runOptions
	kind, status string
	// file is a changed spec.
	file string
}

func redriveCommand(flags *connect.Flags) *cobra.Command {
	var o redriveOptions
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
				return o.restart(cmd, flags, args[0])
			}
			if err := o.checkKind(cmd.Context(), args[0]); err != nil {
				return err
			}
			if o.file == "" {
				if err := checkRoot(cmd, args[0], *spec); err != nil {
					return err
				}
			}
			if o.file == "" {
				o.file = "-"
				err = o.change(spec)
			} else {
				*spec, err = o.load(cmd)
			}
			if err != nil {
				return err
			}
			spec.Output.URI = args[0] // it may have been moved
			return o.start(cmd, flags, *spec, o.file)
		},
	}
	o.register(cmd)
	cmd.Flags().StringVar(&o.kind, "kind", "", `only failures of this kind, such as "http", "timeout" or "poison"`)
	cmd.Flags().StringVar(&o.status, "status", "", `only failures with this HTTP status, such as 429 or "5xx"`)
	cmd.Flags().StringVar(&o.file, "spec", "", "a changed spec, JSON or YAML (default: the one that the job had)")
	return cmd
}

// checkRoot refuses a folder of a worker whose root is not the current directory: the paths of
// its spec would lead to other files.
func checkRoot(cmd *cobra.Command, output string, spec job.Spec) error {
	root, below, err := findRoot(cmd.Context(), output)
	if err != nil || root == "" || cmd.Flags().Changed("input") {
		return nil //nolint:nilerr // the run says which file is missing
	}
	here, err := os.Getwd()
	if err != nil || here == root {
		return err
	}
	return job.Errorf(job.KindInput, spec.Input.URI, "the paths of this job start from %s", root).
		WithHint("give the command there: cd %s && longhaul redrive %s%s", job.ShellQuote(root), job.ShellQuote(below), givenFlags(cmd))
}

// givenFlags are the flags of the command line, without the API key.
func givenFlags(cmd *cobra.Command) string {
	var text strings.Builder
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			if f.Name != "api-key" {
				text.WriteString(" --" + f.Name + "=" + job.ShellQuote(value))
			}
		}
	})
	return text.String()
}

// load reads the changed spec.
func (o *redriveOptions) load(cmd *cobra.Command) (job.Spec, error) {
	spec, err := o.fields.Load(cmd.InOrStdin(), o.file)
	if err == nil {
		err = o.choose(&spec)
	}
	return spec, err
}

// change puts flags on top of the spec that the job had.
func (o *redriveOptions) change(spec *job.Spec) error {
	o.fields.Apply(spec)
	return errors.Join(o.choose(spec), spec.Validate())
}

func (o *redriveOptions) choose(spec *job.Spec) error {
	spec.Redrive = &job.RedriveSpec{Kind: o.kind}
	if o.status == "" {
		return nil
	}
	if err := spec.Redrive.Status.UnmarshalJSON([]byte(o.status)); err != nil {
		return exitcode.Usagef("--status: %w", err)
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
		return exitcode.Usagef("--kind: %w", err)
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

// restart starts an ended job again, on its server and its task queue.
func (o *redriveOptions) restart(cmd *cobra.Command, flags *connect.Flags, id string) error {
	ctx := cmd.Context()
	j, err := jobclient.Find(ctx, *flags, id)
	if err != nil {
		return err
	}
	defer j.Close()
	id = j.ID // it may have been the folder of a run that is starting
	described, err := j.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return err
	}
	if described.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return fmt.Errorf("job %s is still running: its failed records can be called again when it has ended; longhaul cancel %s%s ends it", id, job.ShellQuote(id), jobclient.FlagText(*flags))
	}
	if s, err := jobclient.Describe(ctx, j, id); err == nil && s.Known {
		if err := checkKind(o.kind, kindsOf(s.Failures)); err != nil {
			return err
		}
	}
	spec, err := o.specOf(cmd, j)
	if err != nil {
		return err
	}
	queue := described.GetExecutionConfig().GetTaskQueue().GetName()
	run, err := jobclient.Start(ctx, j, jobclient.StartOptions{ID: id, Queue: queue, Flags: *flags}, spec)
	if err == nil {
		printStarted(cmd, run, flags)
	}
	return err
}

// specOf is the spec of a job's last run with the flags on top, or the changed one, with the
// same output.
func (o *redriveOptions) specOf(cmd *cobra.Command, j *jobclient.Job) (job.Spec, error) {
	spec, err := jobclient.InputOf(cmd.Context(), j, j.ID)
	if err != nil {
		return spec, err
	}
	if o.file == "" {
		return spec, o.change(&spec)
	}
	changed, err := o.load(cmd)
	changed.Output.URI = spec.Output.URI
	return changed, err
}
