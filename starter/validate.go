package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"longhaul/internal/specfile"
	"longhaul/job"
)

func validateCommand() *cobra.Command {
	var fields specfile.Flags
	cmd := &cobra.Command{
		Use:   "validate SPEC",
		Short: "Check a job spec and say what the job would do",
		Long: `Check a job spec, JSON or YAML, and say what the job would do. It reads nothing but
SPEC ("-" for standard input): not the input, no environment variable, no server.

All errors are reported at once, each with file:line:column and field. run, start
and schedule create make the same checks. Exit code 0 if the spec is right, 2 if
it is not.`,
		Example: `  longhaul validate job.yaml
  longhaul validate job.yaml --parallelism 500 --rate 100
  longhaul validate - < job.json`,
		Args: oneArgument("SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := fields.Load(cmd.InOrStdin(), args[0])
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: ok: %s\n", args[0], describe(spec))
			}
			return err
		},
	}
	fields.Register(cmd.Flags())
	return cmd
}

// describe is a job in one line.
func describe(spec job.Spec) string {
	input := "each record of " + spec.Input.URI + " (" + string(spec.Input.ResolvedFormat()) + ")"
	if spec.Input.Count != nil {
		input = "each number below " + humanize.Comma(*spec.Input.Count)
	}
	if spec.Redrive != nil {
		input = "failed records of " + spec.Input.URI
	}
	return fmt.Sprintf("%s for %s; answers to %s; %s calls in flight%s",
		callOf(spec.Call), input, spec.Output.URI, callsInFlight(spec), paceOf(spec))
}

// callOf is the call, without line feeds.
func callOf(call job.CallSpec) string {
	return strings.Join(strings.Fields(call.String()), " ")
}

// paceOf is how many calls start per second at most, and which setting says so.
func paceOf(spec job.Spec) string {
	pace, setting := math.Inf(1), ""
	if interval := spec.ChunkInterval.Std().Seconds(); interval > 0 {
		pace, setting = float64(spec.ChunkSize)/interval, "chunk_size / chunk_interval"
	}
	if spec.Rate > 0 && spec.Rate < pace {
		pace, setting = spec.Rate, "rate"
	}
	if setting == "" {
		return ", no limit of calls started per second"
	}
	return fmt.Sprintf(" and %s calls started per second (%s)", humanize.Commaf(math.Round(pace*100)/100), setting)
}

// callsInFlight is such as "at most 200" or "4 to 1,000".
func callsInFlight(spec job.Spec) string {
	text := spec.Settings().ParallelismText(humanize.Comma)
	if spec.IsAdaptive() {
		return text
	}
	return "at most " + text
}
