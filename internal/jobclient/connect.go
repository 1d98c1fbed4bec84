package jobclient

import (
	"context"
	"io"
	"log/slog"

	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
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

// WorkerCommand starts a worker for a task queue on the server that the flags
// name. It is empty if the settings cannot be read: then no server was asked.
func WorkerCommand(flags connect.Flags, queue string) string {
	profile, err := load(flags)
	if err != nil {
		return ""
	}
	command := "longhaul-worker --task-queue " + queue + " --address " + connect.AddressOf(profile.Options)
	if namespace := profile.Options.Namespace; namespace != "" && namespace != client.DefaultNamespace {
		command += " --namespace " + namespace
	}
	return command
}
