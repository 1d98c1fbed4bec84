package main

import (
	"io"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"longhaul/internal/host"
	"longhaul/internal/output"
)

func verifyCommand() *cobra.Command {
	var root string
	cmd := &cobra.Command{
		Use:   "verify OUT",
		Short: "Prove or refute that an output folder is right",
		Long: `Read an output folder and its input, and prove or refute that every record is
there exactly once, in input order, with the counts and digests of the commits.
Exit code 0 if it is proven, 1 if it is refuted or not finished.`,
		Example: `  longhaul verify out
  longhaul verify answers/today --root /data`,
		Args: oneArgument("OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := host.Verify(cmd.Context(), root, args[0])
			if err != nil {
				return err
			}
			printVerification(cmd.OutOrStdout(), v)
			if !v.Proven() {
				return errRefuted
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "root of the worker that wrote it, for its relative paths (default: the current directory)")
	return cmd
}

func printVerification(w io.Writer, v *output.Verification) {
	for _, problem := range v.Problems {
		say(w, "wrong: %s", problem)
	}
	for _, missing := range v.Missing {
		say(w, "missing: %s", missing)
	}
	if !v.Finished {
		say(w, "not finished: there is no _SUCCESS")
	}
	verdict := "refuted"
	if v.Proven() {
		verdict = "proven: every record is there exactly once, in order"
	} else if len(v.Problems) == 0 {
		verdict = "incomplete: what is committed is right; start the job again with the same output to go on"
	}
	say(w, "%s of %s records in parts (%s succeeded, %s failed, %s calls): %s",
		humanize.Comma(v.Done()), humanize.Comma(v.Records), humanize.Comma(v.Succeeded), humanize.Comma(v.Failed),
		humanize.Comma(v.Attempts), verdict)
}
