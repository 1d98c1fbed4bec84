package jobclient

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/runfile"
	"longhaul/job"
)

// Connect connects to the server that flags, environment or profile name, or to
// localhost:7233. The caller closes the connection.
func Connect(ctx context.Context, flags connect.Flags) (client.Client, error) {
	profile, err := load(flags)
	if err != nil {
		return nil, err
	}
	return connect.Dial(ctx, profile.Options)
}

// load is for commands that a person gives: without a log, with the person's name.
func load(flags connect.Flags) (connect.Profile, error) {
	profile, err := connect.Load(flags, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil && profile.Options.Identity == "" {
		profile.Options.Identity = identity()
	}
	return profile, err
}

func addressOf(flags connect.Flags) string {
	profile, err := load(flags)
	if err != nil {
		return ""
	}
	return connect.AddressOf(profile.Options)
}

// FlagText is the flags as they are added to a command that goes to the same server, with a space
// before; without the API key, which is never shown.
func FlagText(flags connect.Flags) string {
	var text strings.Builder
	for _, f := range []struct{ name, value string }{{"address", flags.Address}, {"namespace", flags.Namespace}, {"profile", flags.Profile}} {
		if f.value != "" {
			text.WriteString(" --" + f.name + " " + job.ShellQuote(f.value))
		}
	}
	return text.String()
}

// RedriveCommand calls the failed records of a job again: by its id, or by its output folder if
// it belongs to a longhaul run.
func RedriveCommand(id, queue, output string, flags connect.Flags) string {
	target := job.ShellQuote(id)
	if runfile.IsTaskQueue(queue) {
		target = folderText(output)
	}
	return "longhaul redrive " + target + FlagText(flags)
}

// folderText is an output folder in a command; OUT if it is not known.
func folderText(output string) string {
	if output == "" {
		return "OUT"
	}
	return job.ShellQuote(output)
}

// WorkerCommand starts a worker for a task queue on the server that the flags
// name. It is empty if the settings cannot be read: then no server was asked.
func WorkerCommand(flags connect.Flags, queue string) string {
	profile, err := load(flags)
	if err != nil {
		return ""
	}
	command := "longhaul-worker --task-queue " + job.ShellQuote(queue) + " --address " + connect.AddressOf(profile.Options)
	if namespace := profile.Options.Namespace; namespace != "" && namespace != client.DefaultNamespace {
		command += " --namespace " + namespace
	}
	return command
}
