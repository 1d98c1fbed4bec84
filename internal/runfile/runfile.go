package runfile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"longhaul/job"
)

// fileName, in an output folder, says which run works or has worked there.
const fileName = "_longhaul/run.json"

// File is the content of run.json: a run writes it, so that other commands find its
// job by the output folder. It holds no key: that comes from flags and environment.
type File struct {
	WorkflowID string `json:"workflow_id"`
	// TaskQueue is empty while the run is starting.
	TaskQueue string `json:"task_queue,omitempty"`
	// Output is the folder that the job knows; it may have been copied since.
	Output string `json:"output"`
	// State is the folder of the local server; empty with a server that was named.
	State string `json:"state,omitempty"`
	// Lock is the folder of the run's lock, see Enter; empty in files of earlier versions.
	Lock string `json:"lock,omitempty"`
	// Address and Namespace are those of a server that was named.
	Address   string `json:"address,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Folder and Command are where and what was typed: it goes on with the job.
	Folder  string   `json:"folder"`
	Command []string `json:"command"`
}

// Read says which run works, or has worked last, in the folder; also one that is just
// starting there. It returns nil if there was none.
func Read(ctx context.Context, output string) (*File, error) {
	starting, live := readStarting(ctx, output)
	if live {
		return starting, nil
	}
	data, err := os.ReadFile(filepath.Join(output, fileName))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || IsNoFolder(output) {
			return starting, nil // one that was killed can go on
		}
		return nil, err
	}
	var f File
	if err := json.Unmarshal(data, &f); err != nil || f.WorkflowID == "" {
		return nil, job.Errorf(job.KindOutput, filepath.Join(output, fileName), "is damaged").
			WithHint("give the command that started the job again: it writes the file anew")
	}
	return &f, nil
}

// IsNoFolder says whether there is no folder of that name.
func IsNoFolder(name string) bool {
	info, err := os.Stat(name)
	return err != nil || !info.IsDir()
}

// IsRunning says whether a process works for this run's job now.
func (f File) IsRunning(ctx context.Context) (bool, error) {
	folder := cmp.Or(f.Lock, f.State)
	if folder == "" || IsNoFolder(folder) {
		return false, nil
	}
	return IsRunning(ctx, folder, f.WorkflowID)
}

// Write writes run.json into the output folder, which must have a folder _longhaul.
func (f File) Write() error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(f.Output, fileName), append(data, '\n'), 0o600)
}

// ResumeCommand is the command that goes on with the job, from the current folder.
func (f File) ResumeCommand() string {
	words := make([]string, 0, len(f.Command))
	for _, word := range f.Command {
		words = append(words, job.ShellQuote(word))
	}
	command := strings.Join(words, " ")
	if here, err := os.Getwd(); err != nil || here != f.Folder {
		command = "cd " + job.ShellQuote(f.Folder) + " && " + command
	}
	return command
}

// CommandLine is what was typed, without what must not be kept. The arguments are those
// of the process, with its name as the first.
func CommandLine(arguments []string) []string {
	words := []string{"longhaul"}
	for i := 1; i < len(arguments); i++ {
		switch word := arguments[i]; {
		case word == "--api-key":
			i++
		case strings.HasPrefix(word, "--api-key="), word == "--yes":
		default:
			words = append(words, word)
		}
	}
	return words
}
