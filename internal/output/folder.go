package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync"
	"time"

	"github.com/google/uuid"

	"longhaul/job"
)

// Object is an open object, see package storage.
type Object = interface {
	io.ReaderAt
	io.Closer
	Size() int64
	ModTime() time.Time
}

// Appender is a journal being written, see package storage.
type Appender = interface {
	io.WriteCloser
	Sync() error
}

// Reader reads objects and names.
type Reader interface {
	Open(name string) (Object, error)
	List(dir string) ([]string, error)
}

// Writer puts whole objects, atomically.
type Writer interface {
	Put(name string, write func(io.Writer) error) error
	PutIfAbsent(name string, write func(io.Writer) error) error
}

// Store is what an output folder needs of its storage.
type Store interface {
	Reader
	Writer
	Append(name string) (Appender, error)
	Delete(names ...string) error
	Sweep() error
}

// The names in an output folder.
const (
	successName  = "_SUCCESS"
	stateDir     = "_longhaul"
	manifestName = stateDir + "/job.json"
	indexName    = stateDir + "/index"
	commitDir    = stateDir + "/commits"
	journalDir   = stateDir + "/journal"
	ownerDir     = stateDir + "/owner"
	controlName  = stateDir + "/control.json"
	stoppedName  = stateDir + "/stopped.json"
	tallyDir     = stateDir + "/tally"
	earlierDir   = stateDir + "/earlier"
)

func partName(batch int64) string   { return fmt.Sprintf("part-%06d.jsonl", batch) }
func errorsName(batch int64) string { return fmt.Sprintf("errors-%06d.jsonl", batch) }
func commitName(batch int64) string { return fmt.Sprintf("%s/%06d.json", commitDir, batch) }

// Folder is an output folder.
type Folder struct {
	store Store
	// uri is for errors.
	uri string
	// id tells this Folder's presence from others'.
	id string
	// mine are the journals that were begun here.
	mine sync.Map
}

// NewFolder works on the store; the uri is for errors.
func NewFolder(store Store, uri string) *Folder {
	return &Folder{store: store, uri: uri, id: uuid.NewString()}
}

// Sweep deletes what a killed process left half written.
func (f *Folder) Sweep() error { return f.store.Sweep() }

func (f *Folder) readJSON(name string, into any) error {
	object, err := f.store.Open(name)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.NewSectionReader(object, 0, object.Size()))
	if err := errors.Join(err, object.Close()); err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return job.Errorf(job.KindOutput, path.Join(f.uri, name), "is damaged: %w", err).
			WithHint("bring it back from a copy, or start anew in another output folder")
	}
	return nil
}

func writeJSON(value any) func(io.Writer) error {
	return func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
func isTaken(err error) bool   { return errors.Is(err, fs.ErrExist) }
