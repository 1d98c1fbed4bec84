package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"longhaul/internal/connect"
	"longhaul/job"
)

// updateTimeout is how long a worker has to put a change in force.
const updateTimeout = 30 * time.Second

func pauseCommand(flags *connect.Flags) *cobra.Command {
	return &cobra.Command{
		Use:   "pause OUT|ID",
		Short: "Start no more calls of a job, until it is resumed",
		Long: `Start no more calls of a job, until it is resumed. Within two seconds no call
starts, in any worker; those in flight end, and their answers are kept.`,
		Example: `  longhaul pause out
  longhaul pause nightly`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return steer(cmd, flags, args[0], job.UpdatePause, job.Tuning{})
		},
	}
}

func resumeCommand(flags *connect.Flags) *cobra.Command {
	return &cobra.Command{
		Use:   "resume OUT|ID",
		Short: "Go on with a job that is paused",
		Example: `  longhaul resume out
  longhaul resume nightly`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return steer(cmd, flags, args[0], job.UpdateResume, job.Tuning{})
		},
	}
}

func tuneCommand(flags *connect.Flags) *cobra.Command {
	var parallelism int
	var rate float64
	var chunkInterval, batchInterval, maxFailures string
	cmd := &cobra.Command{
		Use:   "tune OUT|ID",
		Short: "Change settings of a running job",
		Long: `Change settings of a running job. Within two seconds they count for new calls, in
running chunks too and in every worker. What is not named stays as it is.`,
		Example: `  longhaul tune out --parallelism 50
  longhaul tune nightly --parallelism 50
  longhaul tune nightly --rate 10 --max-failures 5%
  longhaul tune nightly --rate 0 --chunk-interval 0s`,
		Args: oneArgument("OUT or ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var tuning job.Tuning
			changed := cmd.Flags().Changed
			if changed("parallelism") {
				tuning.Parallelism = &parallelism
			}
			if changed("rate") {
				tuning.Rate = &rate
			}
			for _, f := range []struct {
				flag, text string
				parse      func(text []byte) error
			}{
				{"chunk-interval", chunkInterval, parseInto(&tuning.ChunkInterval)},
				{"batch-interval", batchInterval, parseInto(&tuning.BatchInterval)},
				{"max-failures", maxFailures, parseInto(&tuning.MaxFailures)},
			} {
				if changed(f.flag) {
					if err := f.parse(fmt.Appendf(nil, "%q", f.text)); err != nil {
						return &usageError{fmt.Errorf("--%s: %w", f.flag, err)}
					}
				}
			}
			if tuning == (job.Tuning{}) {
				return &usageError{errors.New("tune needs at least one setting; see longhaul tune --help")}
			}
			return steer(cmd, flags, args[0], job.UpdateTune, tuning)
		},
	}
	cmd.Flags().IntVar(&parallelism, "parallelism", 0, "calls in flight, all workers together")
	cmd.Flags().StringVar(&chunkInterval, "chunk-interval", "", `least time between the starts of two chunks, such as "500ms"`)
	cmd.Flags().StringVar(&batchInterval, "batch-interval", "", "the same between two batches")
	cmd.Flags().Float64Var(&rate, "rate", 0, "calls started per second at most, all workers together; 0 for no limit")
	cmd.Flags().StringVar(&maxFailures, "max-failures", "", `failed records before the job stops, such as "100" or "5%"`)
	return cmd
}

// parseInto makes a value of T and puts it where the pointer is.
func parseInto[T any, P interface {
	*T
	UnmarshalJSON(data []byte) error
}](into **T) func([]byte) error {
	return func(text []byte) error {
		var value T
		err := P(&value).UnmarshalJSON(text)
		*into = &value
		return err
	}
}

// steer sends an update and says what is in force.
func steer(cmd *cobra.Command, flags *connect.Flags, id, name string, tuning job.Tuning) error {
	return withJob(cmd, flags, &id, func(c client.Client) error {
		settings, err := update(cmd.Context(), c, id, name, tuning)
		if err != nil {
			return err
		}
		word := "runs"
		if settings.Paused {
			word = "is paused"
		}
		say(cmd.OutOrStdout(), "%s %s: parallelism %d, chunk_interval %s, batch_interval %s, rate %g, max_failures %s",
			id, word, settings.Parallelism, settings.ChunkInterval, settings.BatchInterval, settings.Rate, settings.MaxFailures)
		return nil
	})
}

func update(ctx context.Context, c client.Client, id, name string, tuning job.Tuning) (settings job.Settings, err error) {
	ctx, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	handle, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: name, Args: []any{tuning}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &settings)
	}
	var application *temporal.ApplicationError
	var ended *serviceerror.NotFound
	switch {
	case err != nil && ctx.Err() != nil:
		return settings, fmt.Errorf("%s %s: no worker has answered within %s: the change counts when one does", name, id, updateTimeout)
	case errors.As(err, &application):
		return settings, fmt.Errorf("%s %s: %s", name, id, application.Message())
	case errors.As(err, &ended):
		return settings, fmt.Errorf("job %s is not running: %w", id, err)
	}
	return settings, err
}

// identity is kept with every change.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	if who, err := user.Current(); err == nil {
		return who.Username + "@" + host
	}
	return "longhaul@" + host
}
