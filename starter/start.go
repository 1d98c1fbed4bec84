package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/jobclient"
	"longhaul/internal/runfile"
	"longhaul/internal/specfile"
	"longhaul/job"
)

func startCommand(flags *connect.Flags) *cobra.Command {
	var fields specfile.Flags
	var o jobclient.StartOptions
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
			spec, err := fields.Load(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			if o.ID == "" {
				o.ID = runfile.WorkflowID(spec.Output.URI)
			}
			return start(cmd, flags, o, spec)
		},
	}
	fields.Register(cmd.Flags())
	cmd.Flags().StringVar(&o.ID, "id", "", "workflow id (default: made from the output folder)")
	cmd.Flags().StringVar(&o.Queue, "task-queue", job.TaskQueue, "Temporal task queue")
	return cmd
}

func start(cmd *cobra.Command, flags *connect.Flags, o jobclient.StartOptions, spec job.Spec) error {
	c, err := jobclient.Connect(cmd.Context(), *flags)
	if err != nil {
		return err
	}
	defer c.Close()
	o.Flags = *flags
	run, err := jobclient.Start(cmd.Context(), c, o, spec)
	if err == nil {
		printStarted(cmd, run, flags)
	}
	return err
}

func printStarted(cmd *cobra.Command, run client.WorkflowRun, flags *connect.Flags) {
	fmt.Fprintf(cmd.OutOrStdout(), "started %s, run %s; see longhaul watch %s%s\n",
		run.GetID(), run.GetRunID(), job.ShellQuote(run.GetID()), jobclient.FlagText(*flags))
}
