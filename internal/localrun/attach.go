package localrun

import (
	"context"
	"fmt"

	"longhaul/internal/display"
	"longhaul/internal/exitcode"
	"longhaul/internal/jobclient"
	"longhaul/job"
)

// attach goes on with a job that another run works on.
func (j *joining) attach(ctx context.Context, running job.Spec, same bool) error {
	if same {
		fmt.Fprintf(j.w, "another longhaul run works on this job: this one joins it\n")
		return nil
	}
	inForce := running.Settings()
	if s, err := jobclient.Describe(ctx, j.client, j.ID); err == nil && s.Known && s.Settings.Parallelism > 0 {
		inForce = s.Settings
	}
	inForce.Paused = false
	d := compare(running, inForce, j.spec)
	output := display.ShortPath(j.spec.Output.URI)
	switch {
	case d.none():
		fmt.Fprintf(j.w, "another longhaul run works on this job, with these settings: this one joins it\n")
		return nil
	case len(d.others) > 0:
		return exitcode.Usagef("another longhaul run works on this job, with other settings:%s\nThey count for a job that is started again: stop it with longhaul cancel %s, then give this command again",
			lines(append(d.tunable, d.others...)), job.ShellQuote(output))
	}
	fmt.Fprintf(j.w, "another longhaul run works on this job, with other settings:%s\n", lines(d.tunable))
	if !j.yes {
		if err := j.ask(ctx, d.command(output)); err != nil {
			return err
		}
	}
	if _, err := jobclient.Update(ctx, j.client, j.ID, job.UpdateTune, d.tuning); err != nil {
		return err
	}
	fmt.Fprintf(j.w, "changed; this run joins it\n")
	return nil
}

// ask returns nil if the user wants the change.
func (j *joining) ask(ctx context.Context, command string) error {
	if j.answer == nil {
		return exitcode.Usagef("change them with: %s, or give this command with --yes", command)
	}
	yes, err := j.answer(ctx, "Change them in the running job? [y/N] ")
	if err == nil && !yes {
		err = exitcode.Usagef("nothing was changed; follow the job as it is with longhaul watch %s", job.ShellQuote(display.ShortPath(j.spec.Output.URI)))
	}
	return err
}
