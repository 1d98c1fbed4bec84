package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/localserver"
	"longhaul/job"
)

// withJob connects to the server of a job. The argument is the job's id, or the
// output folder of a run; then it becomes the id.
func withJob(cmd *cobra.Command, flags *connect.Flags, argument *string, use func(client.Client) error) error {
	ctx := cmd.Context()
	kept, err := readNote(*argument)
	if err != nil {
		return err
	}
	if kept == nil {
		return withNamed(ctx, flags, *argument, use)
	}
	output := *argument
	*argument = kept.WorkflowID
	if kept.State == "" || flags.Address != "" {
		named := *flags
		if named.Address == "" {
			named.Address, named.Namespace = kept.Address, kept.Namespace
		}
		err := withClient(ctx, &named, use)
		var none *connect.NoServerError
		if errors.As(err, &none) {
			return onDisk(cmd, output, kept, fmt.Sprintf("the Temporal server of its job, %s, does not answer", none.Address))
		}
		return err
	}
	settings, err := quietSettings(connect.Flags{Namespace: kept.Namespace})
	if err != nil {
		return err
	}
	local, err := localserver.Find(ctx, kept.State, settings.Options)
	if err != nil {
		return err
	}
	lives := local != nil
	if lives && cmd.Name() != "status" {
		// A server without a run was left behind: nobody would do what is asked.
		if lives, err = worksOn(ctx, kept.State, kept.WorkflowID); err != nil {
			return err
		}
	}
	if !lives {
		return onDisk(cmd, output, kept, "no longhaul run works on it now")
	}
	return dialAndUse(ctx, local.ClientOptions(), use)
}

// withNamed is for an argument that is no output folder of a run.
func withNamed(ctx context.Context, flags *connect.Flags, id string, use func(client.Client) error) error {
	found := false
	address := ""
	err := withClient(ctx, flags, func(c client.Client) error {
		_, err := c.DescribeWorkflowExecution(ctx, id, "")
		var missing *serviceerror.NotFound
		if errors.As(err, &missing) {
			return missing
		}
		found = true
		return use(c)
	})
	if found || err == nil {
		return err
	}
	if settings, settingsErr := quietSettings(*flags); settingsErr == nil {
		address = connect.AddressOf(settings.Options)
	}
	var none *connect.NoServerError
	var missing *serviceerror.NotFound
	var namespace *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &namespace):
		return err
	case errors.As(err, &none):
		return fmt.Errorf("%s, and no Temporal server answers at %s; give the output folder of a job, or --address and the id of one", noFolder(ctx, id), none.Address)
	case errors.As(err, &missing):
		return fmt.Errorf("%s, and no job of that id on the Temporal server at %s; give the output folder of a job, or the id of one", noFolder(ctx, id), address)
	}
	return err
}

// noFolder says why the argument is not taken for an output folder.
func noFolder(ctx context.Context, argument string) string {
	if isNoFolder(argument) {
		return "there is no folder " + argument
	}
	if standing, err := standingOf(ctx, argument); standing != nil && err == nil {
		return argument + " was not written by longhaul run, so it does not tell the id of its job"
	}
	return "the folder " + argument + " is not the output of a job"
}

// onDisk says how a job stands that nobody works on now, and what goes on with it.
func onDisk(cmd *cobra.Command, output string, kept *note, why string) error {
	s, err := standingOf(cmd.Context(), output)
	switch {
	case err != nil:
		return err
	case s == nil:
		return fmt.Errorf("%s: %s, and no record is committed; go on with: %s", output, why, kept.goOn())
	case !s.finished && cmd.Name() == "status" && !isJSON(cmd):
		say(cmd.OutOrStdout(), "%s: %s; %s of %s records are committed", output, why, humanize.Comma(s.done), humanize.Comma(s.records))
		if s.stop != nil {
			say(cmd.OutOrStdout(), "stopped at %s: %s", s.stop.At.Local().Format(time.DateTime), s.stop.Reason)
			printFirstFailure(cmd.OutOrStdout(), s.stop)
		}
		say(cmd.OutOrStdout(), "go on with: %s", kept.goOn())
		return nil
	case !s.finished:
		return fmt.Errorf("%s: %s; %s of %s records are committed, go on with: %s",
			output, why, humanize.Comma(s.done), humanize.Comma(s.records), kept.goOn())
	}
	finished := fmt.Sprintf("%s: the job has finished, all %s records are committed; see %s, or prove it with: longhaul verify %s",
		output, humanize.Comma(s.records), filepath.Join(output, "report.html"), job.ShellQuote(output))
	if isJSON(cmd) || cmd.Name() != "status" && cmd.Name() != "watch" {
		return errors.New(finished)
	}
	say(cmd.OutOrStdout(), "%s", finished)
	return nil
}

// isJSON says whether the answer is for a program.
func isJSON(cmd *cobra.Command) bool {
	asJSON, err := cmd.Flags().GetBool("json")
	return err == nil && asJSON
}

// withClient connects to the server that flags, environment or profile name,
// or to localhost:7233.
func withClient(ctx context.Context, flags *connect.Flags, use func(client.Client) error) error {
	settings, err := quietSettings(*flags)
	if err != nil {
		return err
	}
	return dialAndUse(ctx, settings.Options, use)
}

func dialAndUse(ctx context.Context, options client.Options, use func(client.Client) error) error {
	c, err := connect.Dial(ctx, options)
	if err != nil {
		return err
	}
	defer c.Close()
	return use(c)
}

// quietSettings are for commands that a person gives: without a log, with a name.
func quietSettings(flags connect.Flags) (connect.Profile, error) {
	settings, err := connect.Load(flags, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil && settings.Options.Identity == "" {
		settings.Options.Identity = identity()
	}
	return settings, err
}
