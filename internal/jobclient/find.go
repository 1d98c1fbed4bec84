package jobclient

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/localserver"
	"longhaul/internal/runfile"
)

// Job is a job and a connection to its server, which the caller closes.
type Job struct {
	client.Client
	ID string
}

// Find connects to the server of a job. The argument is the job's id, or the output folder of
// a longhaul run. The error is a *NotRunningError if no run works on the folder's job now, a
// *StartingError if one is just starting.
func Find(ctx context.Context, flags connect.Flags, argument string) (*Job, error) {
	return find(ctx, flags, argument, true)
}

// FindEvenIfIdle is Find, but is content with a local server that a killed run has left
// behind: it can still say how the job stands.
func FindEvenIfIdle(ctx context.Context, flags connect.Flags, argument string) (*Job, error) {
	return find(ctx, flags, argument, false)
}

func find(ctx context.Context, flags connect.Flags, argument string, running bool) (*Job, error) {
	run, err := runfile.Read(ctx, argument)
	switch {
	case err != nil:
		return nil, err
	case run == nil:
		return FindByID(ctx, flags, argument)
	case run.State == "" || flags.Address != "":
		return findOnNamed(ctx, flags, argument, *run)
	}
	return findOnLocal(ctx, argument, *run, running)
}

// findOnNamed finds the job of a run whose server was named, then or now.
func findOnNamed(ctx context.Context, flags connect.Flags, output string, run runfile.File) (*Job, error) {
	if flags.Address == "" {
		flags.Address, flags.Namespace = run.Address, run.Namespace
	}
	c, err := Connect(ctx, flags)
	var none *connect.NoServerError
	if errors.As(err, &none) {
		return nil, notRunning(ctx, output, run, fmt.Sprintf("the Temporal server of its job, %s, does not answer", none.Address))
	}
	if err != nil {
		return nil, err
	}
	live, err := run.IsRunning(ctx)
	if err != nil {
		c.Close()
		return nil, err
	}
	return jobOf(ctx, c, output, run, live)
}

// findOnLocal finds the job of a run that has a local server.
func findOnLocal(ctx context.Context, output string, run runfile.File, running bool) (*Job, error) {
	profile, err := load(connect.Flags{Namespace: run.Namespace})
	if err != nil {
		return nil, err
	}
	// Asked before the server: a run can end in between, but it does not begin.
	live, err := run.IsRunning(ctx)
	if err != nil {
		return nil, err
	}
	server, err := localserver.Find(ctx, run.State, profile.Options)
	switch {
	case err != nil:
		return nil, err
	case server == nil && live:
		return nil, &StartingError{output, "its local Temporal server does not answer yet"}
	case server == nil, running && !live: // a killed run leaves its server: no worker would do what is asked
		return nil, notRunning(ctx, output, run, "no longhaul run works on it now")
	}
	c, err := connect.Dial(ctx, server.ClientOptions())
	if err != nil {
		return nil, err
	}
	return jobOf(ctx, c, output, run, live)
}

// jobOf is the job of a run, unless the run is so young that the server does not know it.
func jobOf(ctx context.Context, c client.Client, output string, run runfile.File, live bool) (*Job, error) {
	if live {
		_, err := c.DescribeWorkflowExecution(ctx, run.WorkflowID, "")
		var missing *serviceerror.NotFound
		if errors.As(err, &missing) {
			c.Close()
			return nil, &StartingError{output, "its job is not on the Temporal server yet"}
		}
	}
	return &Job{c, run.WorkflowID}, nil
}

// FindByID finds a job by its id, on the server that flags, environment or profile name. The
// error also says why the id is not taken for an output folder.
func FindByID(ctx context.Context, flags connect.Flags, id string) (*Job, error) {
	c, err := Connect(ctx, flags)
	var none *connect.NoServerError
	if errors.As(err, &none) {
		return nil, fmt.Errorf("%s, and no Temporal server answers at %s; give the output folder of a job, or --address and the id of one", noFolder(ctx, id), none.Address)
	}
	if err != nil {
		return nil, err
	}
	_, err = c.DescribeWorkflowExecution(ctx, id, "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		c.Close()
		return nil, fmt.Errorf("%s, and no job of that id on the Temporal server at %s; give the output folder of a job, or the id of one", noFolder(ctx, id), addressOf(flags))
	}
	return &Job{c, id}, nil
}

// noFolder says why the argument is not taken for an output folder.
func noFolder(ctx context.Context, argument string) string {
	if runfile.IsNoFolder(argument) {
		return "there is no folder " + argument
	}
	if summary, err := SummarizeFolder(ctx, argument); summary != nil && err == nil {
		return argument + " was not written by longhaul run, so it does not tell the id of its job"
	}
	return "the folder " + argument + " is not the output of a job"
}
