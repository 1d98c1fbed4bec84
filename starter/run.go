package main

import (
	"os"

	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/internal/exitcode"
	"longhaul/internal/localrun"
	"longhaul/internal/specfile"
	"longhaul/job"
)

type runOptions struct {
	fields specfile.Flags
	run    localrun.Options
	// exec is allowed anyway.
	exec, dryRun  bool
	limit, sample int64
	seed          uint64
}

func runCommand(flags *connect.Flags) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run SPEC",
		Short: "Run a job here, with a worker of its own, to its end",
		Long: `Run a job here, with a worker of its own, to its end.

Without an address a local Temporal server is started, whose state lives in
.longhaul beside SPEC. Paths are relative to the current directory. The same
command again, after whatever crash, goes on with the same job; while the job
runs, it joins it. Meanwhile longhaul status, watch, pause, resume, tune and cancel
take the output folder.

The job may run programs (call.exec) and read the environment variables that the
templates of SPEC name: it is your own file and machine.

Ctrl-C stops taking records and waits for the calls in flight; a second Ctrl-C
stops at once.`,
		Example: `  longhaul run job.yaml
  longhaul run job.yaml --dry-run
  longhaul run job.yaml --limit 100
  longhaul run job.yaml --sample 200
  longhaul run job.yaml --input records.csv --output out --parallelism 500
  longhaul run job.yaml --address localhost:7233`,
		Args: oneArgument("SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := o.fields.Load(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			return o.start(cmd, flags, spec, args[0])
		},
	}
	o.register(cmd)
	return cmd
}

func (o *runOptions) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.fields.Register(flags)
	flags.StringVar(&o.run.ID, "id", "", "workflow id (default: made from the output folder)")
	flags.StringVar(&o.run.State, "state", "", "folder of the local server (default: .longhaul beside SPEC)")
	flags.StringSliceVar(&o.run.AllowHosts, "allow-host", nil, `host that the job may call, such as "*.example.com"; may be repeated (default: all but link-local and metadata addresses)`)
	flags.BoolVar(&o.run.Yes, "yes", false, "do not ask: change the settings of a job that runs already, go on after a sample")
	flags.Int64Var(&o.sample, "sample", 0, "call so many random records first, say what all will take, and ask whether to go on; their answers are kept")
	flags.Uint64Var(&o.seed, "seed", 0, "with --sample: chooses other records")
	flags.Int64Var(&o.limit, "limit", 0, "only the first so many records; the same command without it goes on")
	flags.BoolVar(&o.dryRun, "dry-run", false, "show the first requests, without secrets, and make no call")
	// A run allows anyway all that these flags allowed; old command lines go on working.
	flags.StringSliceVar(&o.run.AllowEnv, "allow-env", nil, "")
	flags.BoolVar(&o.exec, "allow-exec", false, "")
	for _, old := range []string{"allow-env", "allow-exec"} {
		_ = flags.MarkHidden(old) // it exists
	}
}

// start runs a spec that was read from the file; "-" for none.
func (o *runOptions) start(cmd *cobra.Command, flags *connect.Flags, spec job.Spec, file string) error {
	if err := specfile.MakePathsAbsolute(&spec); err != nil {
		return err
	}
	if err := specfile.CheckEnv(spec, file); err != nil {
		return err
	}
	if cmd.Flags().Changed("limit") {
		spec.Input.Limit = o.limit
		if err := spec.Validate(); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("sample") {
		spec.Sample = &job.SampleSpec{Records: o.sample, Seed: o.seed}
		if err := spec.Validate(); err != nil {
			return err
		}
	} else if o.seed != 0 {
		return exitcode.Usagef("--seed chooses the records of --sample, which is not given")
	}
	if o.dryRun {
		return dryRun(cmd.Context(), cmd.OutOrStdout(), spec, append(spec.EnvNames(), o.run.AllowEnv...))
	}
	ctx, stop := interruptible(cmd.Context(), cmd.ErrOrStderr())
	defer stop()
	run := o.run
	run.Spec, run.File, run.Server, run.Arguments = spec, file, *flags, os.Args
	run.In, run.Out, run.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	return localrun.Run(ctx, run)
}
