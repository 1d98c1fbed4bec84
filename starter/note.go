package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/renameio/v2"

	"longhaul/job"
)

// newsTime is how long a display shows what happened to the server.
const newsTime = 10 * time.Second

// noteFile, in an output folder, says which run works or has worked there.
const noteFile = "_longhaul/run.json"

// note is what a run leaves in its output folder, so that other commands find its
// job by the folder. It holds no key: that comes from flags and environment.
type note struct {
	WorkflowID string `json:"workflow_id"`
	TaskQueue  string `json:"task_queue"`
	// Output is the folder that the job knows; it may have been copied since.
	Output string `json:"output"`
	// State is the folder of the local server; empty with a server that was named.
	State string `json:"state,omitempty"`
	// Address and Namespace are those of a server that was named.
	Address   string `json:"address,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Folder and Command are where and what was typed: it goes on with the job.
	Folder  string   `json:"folder"`
	Command []string `json:"command"`
}

// readNote returns nil if no run has worked in the folder.
func readNote(output string) (*note, error) {
	data, err := os.ReadFile(filepath.Join(output, noteFile))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || isNoFolder(output) {
			return nil, nil
		}
		return nil, err
	}
	var n note
	if err := json.Unmarshal(data, &n); err != nil || n.WorkflowID == "" {
		return nil, job.Errorf(job.KindOutput, filepath.Join(output, noteFile), "is damaged").
			WithHint("give the id of the job, or delete the file and run the job again")
	}
	return &n, nil
}

func isNoFolder(name string) bool {
	info, err := os.Stat(name)
	return err != nil || !info.IsDir()
}

// keep writes the note, once the folder is the job's.
func (n note) keep() error {
	data, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(n.Output, noteFile), append(data, '\n'), 0o644)
}

// goOn is the command that goes on with the job, from the current folder.
func (n note) goOn() string {
	words := make([]string, 0, len(n.Command))
	for _, word := range n.Command {
		words = append(words, job.ShellQuote(word))
	}
	command := strings.Join(words, " ")
	if here, err := os.Getwd(); err != nil || here != n.Folder {
		command = "cd " + job.ShellQuote(n.Folder) + " && " + command
	}
	return command
}

// commandLine is what was typed, without what must not be kept.
func commandLine(arguments []string) []string {
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

// short is a path as a user would type it here.
func short(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(relative, "..") {
		return path
	}
	return relative
}

// noting is a display that writes the note as soon as the folder is the job's: a
// job that is refused, or waits for the folder, leaves the other's.
type noting struct {
	display
	note note
	kept bool
	// news is told for a while, in the place of what the job waits for.
	news   *atomic.Pointer[string]
	told   string
	toldAt time.Time
}

func (n *noting) update(s snapshot) {
	if s.known && !n.kept && (s.Phase != job.PhaseIndexing || n.fresh()) {
		// Tried again with the next snapshot.
		n.kept = n.note.keep() == nil
	}
	if text := n.news.Swap(nil); text != nil {
		n.told, n.toldAt = *text, s.at
	}
	if s.at.Sub(n.toldAt) < newsTime {
		s.trouble = n.told
	}
	n.display.update(s)
}

// fresh says whether the folder is there, but nobody's job is in it: this one's
// will be.
func (n *noting) fresh() bool {
	_, err := os.Stat(filepath.Join(n.note.Output, "_longhaul", "job.json"))
	return errors.Is(err, fs.ErrNotExist) && !isNoFolder(filepath.Join(n.note.Output, "_longhaul"))
}

func (n *noting) end(summary job.Summary, finished bool) {
	if finished && !n.kept {
		// The job is done: what lacks is convenience only.
		_ = n.note.keep()
	}
	n.display.end(summary, finished)
}
