package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/spf13/cobra"

	"longhaul/internal/display"
	"longhaul/internal/dryrun"
	"longhaul/internal/estimate"
	"longhaul/internal/exitcode"
	"longhaul/internal/specfile"
	"longhaul/job"
)

// defaultLatency is that of the demo.
const defaultLatency = 100 * time.Millisecond

type planOptions struct {
	fields      specfile.Flags
	latency     time.Duration
	calls       float64
	answerBytes int64
	json        bool
}

func planCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan SPEC",
		Short: "Say what a job will take: time, Temporal actions and their price, disk",
		Long: `Say what a job will take: time, chunks, batches, history events, Temporal actions
and their list price, disk. No call is made and nothing is written; the input is
read once.

The time is for calls of --latency each, without outages. longhaul run --sample
measures latency and answers by calls for some of the records.`,
		Example: `  longhaul plan job.yaml --latency 250ms
  longhaul plan job.yaml --latency 250ms --answer-bytes 2000 --parallelism 1000
  longhaul plan job.yaml --json`,
		Args: oneArgument("SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := o.fields.Load(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			return o.run(cmd, spec)
		},
	}
	flags := cmd.Flags()
	o.fields.Register(flags)
	flags.DurationVar(&o.latency, "latency", defaultLatency, "mean time of a call")
	flags.Float64Var(&o.calls, "calls-per-record", 1, "mean number of calls for a record, retries included")
	flags.Int64Var(&o.answerBytes, "answer-bytes", 0, "mean length of an answer (default: answers are not counted)")
	flags.BoolVar(&o.json, "json", false, "as JSON")
	return cmd
}

func (o *planOptions) run(cmd *cobra.Command, spec job.Spec) error {
	switch {
	case o.latency <= 0:
		return exitcode.Usagef("--latency: %s is not a time that a call can take; such as 250ms", o.latency)
	case o.calls < 1:
		return exitcode.Usagef("--calls-per-record: %g is less than one call", o.calls)
	case o.answerBytes < 0:
		return exitcode.Usagef("--answer-bytes: %d is less than nothing", o.answerBytes)
	case spec.Redrive != nil:
		return exitcode.Usagef("plan does not know how many records a redrive calls: longhaul failures %s does", job.ShellQuote(spec.Output.URI))
	case spec.HasPlaceholder():
		return exitcode.Usagef("input.uri has a placeholder, which a schedule fills in: name a file with --input")
	}
	if err := specfile.MakePathsAbsolute(&spec); err != nil {
		return err
	}
	progress := newProgressLine(cmd.ErrOrStderr(), "read")
	in, err := dryrun.Measure(cmd.Context(), spec.Input, progress.report)
	progress.end()
	if err != nil {
		return err
	}
	work := estimate.Work{Spec: spec, Records: in.Records, Latency: o.latency, Calls: o.calls, AnswerBytes: float64(o.answerBytes)}
	if in.Records > 0 {
		work.RecordBytes = float64(in.Size) / float64(in.Records)
	}
	return o.print(cmd.OutOrStdout(), work)
}

func (o *planOptions) print(w io.Writer, work estimate.Work) error {
	e := estimate.Of(work)
	if !o.json {
		display.Plan(w, work, e)
		return nil
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(e)
}
