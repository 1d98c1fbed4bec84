package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"longhaul/internal/exitcode"
	"longhaul/internal/inspect"
	"longhaul/internal/verify"
	"longhaul/job"
)

func verifyCommand() *cobra.Command {
	var root string
	cmd := &cobra.Command{
		Use:   "verify OUT",
		Short: "Prove or refute that an output folder is right",
		Long: `Read an output folder and its input, and prove or refute that every record is
there exactly once, in input order, with the counts and digests of the commits.
It reads both by itself, from start to end, and believes nothing that the workers
have counted. What is wrong is said in one line, with the command that fixes it.
Exit code 0 if it is proven, 1 if it is refuted or not finished.`,
		Example: `  longhaul verify out
  longhaul verify answers/today --root /data`,
		Args: oneArgument("OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, output := root, args[0]
			if root == "" {
				var err error
				if from, output, err = findRoot(cmd.Context(), args[0]); err != nil {
					return err
				}
			}
			if from != root {
				fmt.Fprintf(cmd.ErrOrStderr(), "the paths in job.json start from %s\n", from)
			}
			progress := newProgressLine(cmd.ErrOrStderr(), "checked")
			v, err := verify.Verifier{Report: progress.report}.Run(cmd.Context(), from, output)
			progress.end()
			if err != nil {
				return err
			}
			if from != "" && !filepath.IsAbs(output) {
				output = filepath.Join(from, output)
			}
			again, err := againCommand(cmd.Context(), output)
			if err != nil {
				return err
			}
			printVerification(cmd.OutOrStdout(), v, output, again)
			if !v.Proven() {
				return exitcode.ErrRefuted
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&root, "root", "", "root of the worker that wrote it, for its relative paths (default: found by where OUT is, or the current directory)")
	return cmd
}

// findRoot finds what the paths of a worker's job start from. The worker knew the
// folder by a path below its root: so where the folder is tells the root. An empty
// root is the current directory.
func findRoot(ctx context.Context, output string) (root, below string, err error) {
	spec, err := inspect.SpecOf(ctx, output)
	if err != nil || spec == nil || spec.Input.Count != nil || filepath.IsAbs(spec.Input.URI) {
		return "", output, err
	}
	absolute, err := filepath.Abs(output)
	if err != nil {
		return "", output, err
	}
	if root, ok := strings.CutSuffix(absolute, string(filepath.Separator)+filepath.Clean(spec.Output.URI)); ok && isFile(filepath.Join(root, spec.Input.URI)) {
		return root, spec.Output.URI, nil
	}
	if isFile(spec.Input.URI) {
		return "", output, nil
	}
	here, err := filepath.Abs(".")
	if err != nil {
		return "", output, err
	}
	return "", output, job.Errorf(job.KindInput, spec.Input.URI, "the input that %s names is not in %s", filepath.Join(output, "_longhaul", "job.json"), here).
		WithHint("give the folder that its path starts from: longhaul verify %s --root FOLDER", job.ShellQuote(absolute))
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}
