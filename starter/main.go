// Command longhaul starts and watches Longhaul jobs: see longhaul --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/job"
)

// version is set by the linker.
var version = "dev"

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitMostFailed  = 3
	exitInterrupted = 130
)

// errInterrupted ends a command that Ctrl-C stopped; it has said so itself.
var errInterrupted = errors.New("interrupted")

// errRefuted ends verify; it has said why itself.
var errRefuted = errors.New("not proven")

// errMostFailed ends a run that is done; it has said so itself.
var errMostFailed = errors.New("most records failed")

func main() {
	err := command().ExecuteContext(context.Background())
	if err != nil && !errors.Is(err, errInterrupted) && !errors.Is(err, errRefuted) && !errors.Is(err, errMostFailed) {
		fmt.Fprintln(os.Stderr, "longhaul:", err)
	}
	os.Exit(exitCode(err))
}

func exitCode(err error) int {
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errMostFailed):
		return exitMostFailed
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"), job.KindOf(err) == job.KindSpec:
		return exitUsage
	default:
		return exitFailed
	}
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func command() *cobra.Command {
	var flags connect.Flags
	root := &cobra.Command{
		Use:   "longhaul",
		Short: "One slow call for every record of a very long list, exactly once, whatever crashes",
		Long: `One slow call for every record of a very long list, exactly once, whatever crashes.

Exit codes: 0 success, 1 the job failed or verify refuted, 2 wrong usage or spec,
3 the job is done, but most records failed,
130 interrupted (the job can go on).`,
		Version: version, SilenceUsage: true, SilenceErrors: true,
	}
	persistent := root.PersistentFlags()
	persistent.StringVar(&flags.Address, "address", "", "Temporal server, host:port (TEMPORAL_ADDRESS)")
	persistent.StringVarP(&flags.Namespace, "namespace", "n", "", "Temporal namespace (TEMPORAL_NAMESPACE)")
	persistent.StringVar(&flags.Profile, "profile", "", "profile of temporal.toml (TEMPORAL_PROFILE)")
	persistent.StringVar(&flags.APIKey, "api-key", "", "API key (TEMPORAL_API_KEY)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; see longhaul --help", err)}
	})
	root.AddCommand(validateCommand(), runCommand(&flags), startCommand(&flags), statusCommand(&flags), watchCommand(&flags),
		cancelCommand(&flags), verifyCommand(), redriveCommand(&flags),
		pauseCommand(&flags), resumeCommand(&flags), tuneCommand(&flags), reportCommand(), failuresCommand(),
		scheduleCommand(&flags))
	return root
}
