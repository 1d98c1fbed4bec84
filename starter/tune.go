package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/internal/exitcode"
	"longhaul/internal/jobclient"
	"longhaul/job"
)

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
						return exitcode.Usagef("--%s: %w", f.flag, err)
					}
				}
			}
			if tuning == (job.Tuning{}) {
				return exitcode.Usagef("tune needs at least one setting; see longhaul tune --help")
			}
			return sendUpdate(cmd, flags, args[0], job.UpdateTune, tuning)
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

// sendUpdate sends an update and says what is in force.
func sendUpdate(cmd *cobra.Command, flags *connect.Flags, target, name string, tuning job.Tuning) error {
	j, err := jobclient.Find(cmd.Context(), *flags, target)
	if err != nil {
		return err
	}
	defer j.Close()
	settings, err := jobclient.Update(cmd.Context(), j, j.ID, name, tuning)
	if err != nil {
		return err
	}
	word := "runs"
	if settings.Paused {
		word = "is paused"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s: parallelism %d, chunk_interval %s, batch_interval %s, rate %g, max_failures %s\n",
		j.ID, word, settings.Parallelism, settings.ChunkInterval, settings.BatchInterval, settings.Rate, settings.MaxFailures)
	return nil
}
