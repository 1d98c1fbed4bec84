package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"longhaul/internal/connect"
	"longhaul/job"
)

type runOptions struct {
	connect    *connect.Flags
	spec       specFlags
	id         string
	stateDir   string
	allowEnv   []string
	allowHosts []string
	exec       bool
	yes, dry   bool
	limit      int64
}

func runCommand(flags *connect.Flags) *cobra.Command {
	o := runOptions{connect: flags}
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
  longhaul run job.yaml --input records.csv --output out --parallelism 500
  longhaul run job.yaml --address localhost:7233`,
		Args: oneArgument("SPEC"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := o.spec.load(cmd, args[0])
			if err != nil {
				return err
			}
			return o.run(cmd, spec, args[0])
		},
	}
	o.register(cmd)
	return cmd
}

func (o *runOptions) register(cmd *cobra.Command) {
	o.spec.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.id, "id", "", "workflow id (default: made from the output folder)")
	flags.StringVar(&o.stateDir, "state", "", "folder of the local server (default: .longhaul beside SPEC)")
	flags.StringSliceVar(&o.allowHosts, "allow-host", nil, `host that the job may call, such as "*.example.com"; may be repeated (default: all but link-local and metadata addresses)`)
	flags.BoolVar(&o.yes, "yes", false, "if the job runs already, change its settings to these without asking")
	flags.Int64Var(&o.limit, "limit", 0, "only the first so many records; the same command without it goes on")
	flags.BoolVar(&o.dry, "dry-run", false, "show the first requests, without secrets, and make no call")
	// What these allowed is allowed anyway; old command lines go on working.
	flags.StringSliceVar(&o.allowEnv, "allow-env", nil, "")
	flags.BoolVar(&o.exec, "allow-exec", false, "")
	for _, old := range []string{"allow-env", "allow-exec"} {
		_ = flags.MarkHidden(old) // it exists
	}
}

// run runs a spec that was read from the file; "-" for none.
func (o *runOptions) run(cmd *cobra.Command, spec job.Spec, file string) error {
	if err := absolutePaths(&spec); err != nil {
		return err
	}
	if err := checkEnv(spec, file); err != nil {
		return err
	}
	if cmd.Flags().Changed("limit") {
		spec.Input.Limit = o.limit
		if err := spec.Validate(); err != nil {
			return err
		}
	}
	if o.dry {
		return dryRun(cmd.Context(), cmd.OutOrStdout(), spec, append(spec.EnvNames(), o.allowEnv...))
	}
	ctx, stop := interruptible(cmd.Context(), cmd.ErrOrStderr())
	defer stop()
	if err := o.complete(ctx, spec, file); err != nil {
		return err
	}
	logger, closeLog, err := fileLogger(filepath.Join(o.stateDir, "worker.log"))
	if err != nil {
		return err
	}
	defer closeLog()
	others, leaveJob, err := enter(ctx, o.stateDir, o.id)
	if err != nil {
		return err
	}
	defer leaveJob()
	s, err := openSession(ctx, *o.connect, o.stateDir, logger)
	if err != nil {
		return err
	}
	r := &runner{runOptions: o, session: s, cmd: cmd, w: cmd.ErrOrStderr(), spec: spec, others: others, logger: logger}
	err = r.work(ctx)
	if leaveErr := s.leave(); leaveErr != nil {
		// The job has ended as it has ended.
		say(cmd.ErrOrStderr(), "note: %s", leaveErr)
	}
	return err
}

// checkEnv finds variables that are not set before anything is started.
func checkEnv(spec job.Spec, file string) error {
	for _, name := range spec.EnvNames() {
		if _, ok := os.LookupEnv(name); !ok {
			return job.Errorf(job.KindSpec, file, "a template uses the environment variable %s, which is not set", name).
				WithHint("set it: export %s=...", name)
		}
	}
	return nil
}

// complete fills in what follows from the spec, and from the note of a run that
// works in the output folder: its server is the one to use.
func (o *runOptions) complete(ctx context.Context, spec job.Spec, file string) error {
	kept, err := readNote(spec.Output.URI)
	if err != nil || kept != nil && kept.Output != spec.Output.URI {
		kept = nil // damaged, or a copy of another folder: it will be written anew
	}
	if o.id == "" && kept != nil {
		o.id = kept.WorkflowID
	}
	if o.id == "" {
		o.id = "longhaul-" + filepath.Base(spec.Output.URI) + "-" + shortHash(spec.Output.URI)
	}
	if o.stateDir == "" && kept != nil && kept.State != "" {
		if works, err := worksOn(ctx, kept.State, o.id); err == nil && works {
			o.stateDir = kept.State
		}
	}
	if o.stateDir == "" {
		beside := "."
		if file != "-" {
			beside = filepath.Dir(file)
		} else if kept != nil && kept.State != "" {
			beside = filepath.Dir(kept.State)
		}
		o.stateDir = filepath.Join(beside, ".longhaul")
	}
	o.stateDir, err = filepath.Abs(o.stateDir)

	return err
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
		say(w, "stopped at once; the same command goes on, and makes the calls again that were in flight")
		os.Exit(exitInterrupted)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

func fileLogger(name string) (*slog.Logger, func(), error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewTextHandler(file, nil)), func() { _ = file.Close() }, nil
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// say writes a line to the user; one who has closed the output does not want it.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
