package localrun

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"longhaul/internal/connect"
	"longhaul/internal/runfile"
	"longhaul/job"
)

// Options are those of one run.
type Options struct {
	// Spec is what to do; its paths are absolute. File is where it was read, "-" for no file.
	Spec job.Spec
	File string
	// Server is the Temporal server; if nothing names one, a local one is started.
	Server connect.Flags
	// ID is the workflow's; empty for that of an earlier run, or one made from the output.
	ID string
	// State is the folder of the local server; empty for .longhaul beside the file.
	State string
	// AllowEnv are more environment variables for the spec's templates, AllowHosts the hosts
	// that it may call, all but local ones if empty.
	AllowEnv, AllowHosts []string
	// Yes changes the settings of a job that runs already without asking.
	Yes bool
	// Arguments is the command line of this process, for those who want to go on.
	Arguments []string

	In          io.Reader
	Out, Stderr io.Writer
}

// complete fills in what follows from the spec, and from run.json of a run that
// works in the output folder: its server is the one to use.
func (o *Options) complete(ctx context.Context) error {
	output := o.Spec.Output.URI
	earlier, err := runfile.Read(ctx, output)
	if err != nil || earlier != nil && earlier.Output != output {
		earlier = nil // damaged, or a copy of another folder: it will be written anew
	}
	if o.ID == "" && earlier != nil {
		o.ID = earlier.WorkflowID
	}
	if o.ID == "" {
		o.ID = runfile.WorkflowID(output)
	}
	if o.State == "" && earlier != nil && earlier.State != "" {
		if running, err := runfile.IsRunning(ctx, earlier.State, o.ID); err == nil && running {
			o.State = earlier.State
		}
	}
	if o.State == "" {
		beside := "."
		if o.File != "-" {
			beside = filepath.Dir(o.File)
		} else if earlier != nil && earlier.State != "" {
			beside = filepath.Dir(earlier.State)
		}
		o.State = filepath.Join(beside, ".longhaul")
	}
	o.State, err = filepath.Abs(o.State)
	return err
}

// runFile is run.json of this run.
func (o *Options) runFile(profile connect.Profile) runfile.File {
	folder, _ := os.Getwd() // without one, the command is shown as it was given
	f := runfile.File{
		WorkflowID: o.ID, Output: o.Spec.Output.URI,
		Lock: o.State, Namespace: namespaceOf(profile), Folder: folder, Command: runfile.CommandLine(o.Arguments),
	}
	if profile.Named {
		f.Address = connect.AddressOf(profile.Options)
	} else {
		f.State = o.State
	}
	return f
}

func openLog(name string) (*slog.Logger, func(), error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	_ = file.Chmod(0o600) // an earlier version made it readable; it may be another user's
	return slog.New(slog.NewTextHandler(file, nil)), func() { _ = file.Close() }, nil
}
