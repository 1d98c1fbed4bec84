package runfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// startingName, in an output folder, is run.json of a run that is starting. It is a file of its
// own, because the job may be refused: then run.json must still be that of the folder's job.
const startingName = "_longhaul/starting.json"

// announcement is the content of starting.json.
type announcement struct {
	File
	// Process tells two announcements apart.
	Process int `json:"process"`
	// New says that the folder had no job before: then a job in it is this run's.
	New bool `json:"new"`
}

// Announce writes starting.json before the run has a job in the folder, and makes the folder if
// it is missing. The lock of the job must be held, see Enter: the file counts for as long as it
// is. Withdraw removes the file, and the folders that were made and are still empty; if the
// folder has got a job and has no run.json, it writes that. It may be called twice. Nothing is
// done for an output that is no local folder.
func (f File) Announce() (withdraw func(), err error) {
	if strings.Contains(f.Output, "://") {
		return func() {}, nil
	}
	name := filepath.Join(f.Output, startingName)
	made, err := makeFolders(filepath.Dir(name))
	withdraw = func() { removeFolders(made) }
	if err != nil {
		return withdraw, err
	}
	a := announcement{f, os.Getpid(), !hasJob(f.Output)}
	content, err := json.MarshalIndent(a, "", "  ")
	if err == nil {
		err = renameio.WriteFile(name, content, 0o600)
	}
	return func() {
		// Another run may have announced itself since.
		if now, err := os.ReadFile(name); err == nil && bytes.Equal(now, content) {
			if a.New && hasJob(f.Output) && !exists(filepath.Join(f.Output, fileName)) {
				_ = f.Write() // without it, only the job's id names the job
			}
			_ = os.Remove(name) // without its lock it does not count
		}
		removeFolders(made)
	}, err
}

// makeFolders is os.MkdirAll; it returns the folders that it made.
func makeFolders(folder string) (made []string, err error) {
	var missing []string
	for dir := folder; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	return missing, os.MkdirAll(folder, 0o755)
}

// removeFolders removes folders, the innermost first, if they are empty.
func removeFolders(folders []string) {
	for _, folder := range folders {
		_ = os.Remove(folder) // what is not empty stays
	}
}

// readStarting reads starting.json. Live says whether the run that wrote it has the lock. If not,
// it was killed: its file is returned if the folder has no other run's job, else nil.
func readStarting(ctx context.Context, output string) (f *File, live bool) {
	data, err := os.ReadFile(filepath.Join(output, startingName))
	if err != nil {
		return nil, false
	}
	var a announcement
	if json.Unmarshal(data, &a) != nil || a.WorkflowID == "" {
		return nil, false
	}
	running, err := a.IsRunning(ctx)
	live = err == nil && running
	if !live && !a.New && hasJob(output) {
		return nil, false
	}
	return &a.File, live
}

// hasJob says whether some job has written to the folder.
func hasJob(output string) bool { return exists(filepath.Join(output, "_longhaul", "job.json")) }

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
