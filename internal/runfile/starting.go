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

// Announce writes starting.json before the run has a job in the folder, and makes the folder if
// it is missing. The lock of the job must be held, see Enter: the file counts for as long as it
// is. Withdraw removes the file and the folders that were made and are still empty; it may be
// called twice. It does nothing for an output that is no local folder.
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
	content, err := json.MarshalIndent(struct {
		File
		Process int `json:"process"`
	}{f, os.Getpid()}, "", "  ")
	if err == nil {
		err = renameio.WriteFile(name, content, 0o644)
	}
	return func() {
		// Another run may have announced itself since.
		if now, err := os.ReadFile(name); err == nil && bytes.Equal(now, content) {
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

// readStarting reads starting.json; nil if there is none, or half of one. Live says whether
// the run that wrote it has the lock.
func readStarting(ctx context.Context, output string) (f *File, live bool) {
	data, err := os.ReadFile(filepath.Join(output, startingName))
	if err != nil || json.Unmarshal(data, &f) != nil || f.WorkflowID == "" {
		return nil, false
	}
	live, err = f.IsRunning(ctx)
	return f, err == nil && live
}

// hasJob says whether some job has written to the folder.
func hasJob(output string) bool {
	_, err := os.Stat(filepath.Join(output, "_longhaul", "job.json"))
	return err == nil
}
