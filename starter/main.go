// Command longhaul starts and watches Longhaul jobs: see longhaul --help.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/internal/exitcode"
)

// version is set by the linker.
var version = "dev"

func main() {
	err := command().ExecuteContext(context.Background())
	if err != nil && !exitcode.Told(err) {
		fmt.Fprintln(os.Stderr, "longhaul:", err)
	}
	os.Exit(exitcode.Of(err))
}

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
		return exitcode.Usagef("%w; see longhaul --help", err)
	})
	root.AddCommand(validateCommand(), planCommand(), runCommand(&flags), startCommand(&flags), statusCommand(&flags), watchCommand(&flags),
		cancelCommand(&flags), verifyCommand(), redriveCommand(&flags),
		pauseCommand(&flags), resumeCommand(&flags), tuneCommand(&flags), reportCommand(), failuresCommand(),
		scheduleCommand(&flags))
	return root
}

// oneArgument is cobra.ExactArgs(1) with a word about what is missing.
func oneArgument(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return exitcode.Usagef("%s needs one %s, got %d; see longhaul %s --help", cmd.Name(), name, len(args), pathBelowRoot(cmd))
		}
		return nil
	}
}

// twoArguments is cobra.ExactArgs(2) with a word about what is missing.
func twoArguments(first, second string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return exitcode.Usagef("%s needs %s and %s, got %d arguments; see longhaul %s --help", cmd.Name(), first, second, len(args), pathBelowRoot(cmd))
		}
		return nil
	}
}

// pathBelowRoot is such as "schedule create".
func pathBelowRoot(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// interruptible is done at the first Ctrl-C, SIGTERM or hang-up; the second one ends the
// process.
func interruptible(ctx context.Context, w io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(w, "stopped at once; the same command goes on, and makes the calls again that were in flight")
		os.Exit(exitcode.Interrupted)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}
