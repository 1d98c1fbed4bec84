package output

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"longhaul/internal/claim"
	"longhaul/internal/journal"
	"longhaul/internal/storage"
	"longhaul/internal/storage/local"
)

// The names in an output folder; those of claims and journals are in their packages.
const (
	SuccessName  = "_SUCCESS"
	reportName   = "report.html"
	partPrefix   = "part-"
	errorsPrefix = "errors-"

	stateDir     = "_longhaul/"
	manifestName = stateDir + "job.json"
	indexName    = stateDir + "index"
	commitDir    = stateDir + "commits/"
	controlName  = stateDir + "control.json"
	stoppedName  = stateDir + "stopped.json"
	tallyDir     = stateDir + "tally/"
	earlierDir   = stateDir + "earlier/"
	scratchDir   = stateDir + "unfinished"
)

// PartName is the part of a batch.
func PartName(batch int64) string { return fmt.Sprintf("%s%06d.jsonl", partPrefix, batch) }

// ErrorsName is the errors part of a batch.
func ErrorsName(batch int64) string { return fmt.Sprintf("%s%06d.jsonl", errorsPrefix, batch) }

// CommitName is the commit of a batch.
func CommitName(batch int64) string { return fmt.Sprintf("%s%06d.json", commitDir, batch) }

// Folder is an output folder.
type Folder struct {
	// Claims say who may write here.
	Claims *claim.Claims
	// Journals are what attempts at chunks have answered, until it is flushed.
	Journals *journal.Set

	store storage.Folder
	// token is the fencing token of all writes; without one they are not fenced.
	token storage.Token
}

// LocalStore keeps inputs and outputs as files. With a root, no path leaves it;
// without, paths start from the working directory and lead anywhere.
func LocalStore(root string) (storage.Store, error) {
	if root == "" {
		return local.Unconfined(".", scratchDir), nil
	}
	return local.Confined(root, scratchDir)
}

// Open opens the output folder at a URI. With create, it is made if it is missing;
// without, a missing one is fs.ErrNotExist.
func Open(ctx context.Context, store storage.Store, uri string, create bool) (*Folder, error) {
	folder, err := store.Folder(ctx, uri, create)
	if err != nil {
		return nil, err
	}
	return NewFolder(folder), nil
}

// NewFolder is the output in a folder of the storage. Close closes the folder too.
func NewFolder(folder storage.Folder) *Folder {
	return &Folder{Claims: claim.New(folder), Journals: journal.NewSet(folder), store: folder}
}

// Under is the folder for the writes of a claim. Once another claim has been taken, or
// this one released, they change nothing and fail with job.KindTakenOver. Close it once,
// here or there.
func (f *Folder) Under(token storage.Token) *Folder {
	fenced := f.store.Fenced(token)
	return &Folder{Claims: f.Claims, Journals: journal.NewSet(fenced), store: fenced, token: token}
}

// attempt is for a step that several attempts of an activity may do: once a later one has
// begun, this one changes nothing any more. The step is given the folder for it.
func (f *Folder) attempt(ctx context.Context, step string, work func(*Folder) error) error {
	return f.store.Attempt(ctx, step, func(store storage.Folder) error {
		return work(&Folder{Claims: f.Claims, Journals: journal.NewSet(store), store: store, token: f.token})
	})
}

// URI is for messages.
func (f *Folder) URI() string { return f.store.URI() }

// Close gives back what was opened.
func (f *Folder) Close() error { return f.store.Close() }

func (f *Folder) readJSON(ctx context.Context, name string, into any) error {
	return storage.ReadJSON(ctx, f.store, name, into)
}

// readNote reads what only informs; false if there is none, or a damaged one.
func (f *Folder) readNote(ctx context.Context, name string, into any) (bool, error) {
	err := f.readJSON(ctx, name, into)
	if isMissing(err) || errors.Is(err, storage.ErrDamaged) {
		return false, nil
	}
	return err == nil, err
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
func isTaken(err error) bool   { return errors.Is(err, fs.ErrExist) }
