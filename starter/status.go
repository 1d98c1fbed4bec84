package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
)

func statusCommand(flags *connect.Flags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status OUT|ID",
		Short: "Say how a job stands, or how it ended",
		Example: `  longhaul status out
  longhaul status nightly
  longhaul status nightly --json`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withJob(cmd, flags, &args[0], func(c client.Client) error {
				s, err := look(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					encoder := json.NewEncoder(cmd.OutOrStdout())
					encoder.SetIndent("", "  ")
					return encoder.Encode(s.fields())
				}
				return printStatus(cmd.Context(), cmd.OutOrStdout(), c, args[0], workerCommand(flags, s.queue), s)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// fields are what a program gets to see.
func (s snapshot) fields() map[string]any {
	return map[string]any{
		"at": s.at.UTC(), "status": s.status.String(), "progress": s.Progress, "done": s.done(), "trouble": s.trouble, "wait": s.wait,
	}
}

func printStatus(ctx context.Context, w io.Writer, c client.Client, id, worker string, s snapshot) error {
	if s.status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		end, err := endOf(ctx, c, id)
		if err == nil {
			printEnding(w, id, s, end)
		}
		return err
	}
	if !s.known {
		say(w, "%s: running, but %s", id, noWorkerText(s.queue, worker))
		return nil
	}
	var v speed
	v.add(s)
	say(w, "%s: %s", id, progressLine(s, &v))
	printCounts(w, s)
	if s.Records > 0 {
		say(w, "%s calls in finished chunks; %d of %d lanes busy", humanize.Comma(s.Calls()), s.ChunksInFlight, s.Lanes)
	}
	if s.Skipped > 0 {
		say(w, "%s records were committed before", humanize.Comma(s.Skipped))
	}
	if !s.Started.IsZero() {
		say(w, "running for %s", ageText(time.Since(s.Started)))
	}
	printChanges(w, s)
	say(w, "output: %s", s.Output)
	if s.Stuck != nil {
		say(w, "%s", stuckText(s.Stuck, time.Now()))
	}
	if s.wait != nil {
		say(w, "waiting: %s", waitText(s.wait, time.Now()))
	} else if s.trouble != "" {
		say(w, "waiting: %s", s.trouble)
	}
	return nil
}

// printEnding says how a job ended and why, and what to do next.
func printEnding(w io.Writer, id string, s snapshot, end ending) {
	say(w, "%s: %s at %s, after %s", id, end.how, end.at.Local().Format(time.DateTime), ageText(end.took))
	if why := end.why(); why != "" {
		say(w, "%s", strings.ReplaceAll(why, "\n", "\n  "))
	}
	output := s.Output
	if end.summary != nil {
		output = end.summary.Output
		say(w, "%s records: %s succeeded, %s failed; %s calls", humanize.Comma(end.summary.Records),
			humanize.Comma(end.summary.Succeeded), humanize.Comma(end.summary.Failed), humanize.Comma(end.summary.Calls()))
	} else if s.known && s.Records > 0 {
		say(w, "%s of %s records done: %s succeeded, %s failed", humanize.Comma(s.Done()), humanize.Comma(s.Records),
			humanize.Comma(s.Succeeded), humanize.Comma(s.Failed))
	}
	if s.known {
		printCounts(w, s)
		printChanges(w, s)
	}
	switch {
	case end.summary != nil:
		say(w, "answers: %s\nreport:  %s", path.Join(output, "part-*.jsonl"), path.Join(output, "report.html"))
	case output != "":
		say(w, "output: %s (every answer so far is kept)", output)
	}
	say(w, "next: %s", end.next(id, s.queue, output))
}

// printCounts says what failed, and how long calls take.
func printCounts(w io.Writer, s snapshot) {
	for _, line := range kindLines(s, len(s.Failures)) {
		say(w, "%s", line)
	}
	if text := latencyText(s.Latency); text != "" {
		say(w, "%s", text)
	}
}

func printChanges(w io.Writer, s snapshot) {
	for _, change := range s.Changes {
		say(w, "%s  %s, by %s", change.At.Local().Format(time.DateTime), change, change.By)
	}
}

// workerCommand starts a worker for a task queue on the server that the flags
// name. It is empty if the settings cannot be read: then nothing was asked.
func workerCommand(flags *connect.Flags, queue string) string {
	settings, err := connect.Load(*flags, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return ""
	}
	address, namespace := settings.Options.HostPort, settings.Options.Namespace
	if address == "" {
		address = client.DefaultHostPort
	}
	command := fmt.Sprintf("longhaul-worker --task-queue %s --address %s", queue, address)
	if namespace != "" && namespace != client.DefaultNamespace {
		command += " --namespace " + namespace
	}
	return command
}

// noWorkerText also says what to do.
func noWorkerText(queue, worker string) string {
	if strings.HasPrefix(queue, runQueuePrefix) {
		return "no worker answers on task queue " + queue + ": the job belongs to a longhaul run; give that command again to go on"
	}
	return "no worker answers on task queue " + queue + ": start one with " + worker
}
