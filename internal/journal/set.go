package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"path"
	"slices"
	"sync/atomic"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Set is the journals of one output folder.
type Set struct {
	folder storage.Folder
	// writer is in the names of the journals that are begun here.
	writer string
	held   func(error)
	// batchRecords is the size of batches, whose journals lie in a folder each; 0 if it is
	// not known.
	batchRecords int64
	// grouped is set once all journals were found to lie in a batch's folder.
	grouped atomic.Bool
}

// NewSet works in the folder.
func NewSet(folder storage.Folder) *Set {
	return &Set{folder: folder, writer: rand.Text()[:10], held: func(error) {}}
}

// OnHold has a function called when the answers of a chunk cannot be written, and with
// nil when they are. It must not be called after a journal was created.
func (s *Set) OnHold(held func(error)) { s.held = held }

// GroupBy has the journals of a batch lie, and be listed, together: batches have so many
// records, and no journal is of two of them. It must not be called beside other methods.
func (s *Set) GroupBy(batchRecords int64) { s.batchRecords = batchRecords }

// Names are those of all journals, in order.
func (s *Set) Names(ctx context.Context) ([]string, error) { return s.list(ctx, dir) }

func (s *Set) list(ctx context.Context, prefix string) ([]string, error) {
	entries, err := s.folder.List(ctx, prefix)
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	return names, err
}

// Overlapping are the names of those that overlap the range, in order.
func (s *Set) Overlapping(ctx context.Context, r job.Range) ([]string, error) {
	names, err := s.near(ctx, r)
	overlapping := names[:0]
	for _, name := range names {
		if of, ok := rangeOf(name); ok && of.Overlaps(r) {
			overlapping = append(overlapping, name)
		}
	}
	return overlapping, err
}

// near are the journals among which those are that overlap the range: these of its batch,
// or all as long as there are some of Longhaul 0.1.
func (s *Set) near(ctx context.Context, r job.Range) ([]string, error) {
	if s.batchRecords == 0 || r.Len() <= 0 || r.First/s.batchRecords != (r.Last-1)/s.batchRecords {
		return s.Names(ctx)
	}
	if s.grouped.Load() {
		return s.list(ctx, s.folderOf(r.First))
	}
	names, err := s.Names(ctx)
	if err == nil && !slices.ContainsFunc(names, func(name string) bool { return path.Dir(name)+"/" == dir }) {
		s.grouped.Store(true) // nobody begins others
	}
	return names, err
}

// ByBatch are the names of all journals by the number of their batch.
func (s *Set) ByBatch(ctx context.Context, batchRecords int64) (map[int64][]string, error) {
	names, err := s.Names(ctx)
	byBatch := map[int64][]string{}
	for _, name := range names {
		if of, ok := rangeOf(name); ok && batchRecords > 0 {
			byBatch[of.First/batchRecords] = append(byBatch[of.First/batchRecords], name)
		}
	}
	return byBatch, err
}

// Answered reads every journal that overlaps the range, of this run or of any
// earlier one.
func (s *Set) Answered(ctx context.Context, r job.Range) (*Answered, error) {
	answered := newAnswered(r)
	names, err := s.Overlapping(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := s.readInto(ctx, answered, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return answered, nil
}

func (s *Set) readInto(ctx context.Context, answered *Answered, name string) error {
	alive := isOf(name, s.writer)
	found, calls := false, inFlight{}
	size, err := s.each(ctx, name, func(e Entry) error {
		if e.IsMark() {
			calls.mark(e.mark())
			return nil
		}
		delete(calls, e.Index)
		found = answered.add(e.Index, e.Totals()) || found
		return nil
	})
	if !alive { // this process has not died of anything
		answered.addDeath(calls)
	}
	if err == nil && found && !alive {
		// Its process may have died before it has synced: a receipt names it now.
		err = s.folder.Sync(ctx, name)
	}
	if err == nil && found {
		answered.Journals = append(answered.Journals, job.JournalRef{Name: name, Size: size})
	}
	return err
}

// Each gives the entries of a journal.
func (s *Set) Each(ctx context.Context, name string, use func(Entry) error) error {
	_, err := s.each(ctx, name, use)
	return err
}

func (s *Set) each(ctx context.Context, name string, use func(Entry) error) (size int64, err error) {
	object, err := s.folder.Open(ctx, name)
	if err != nil {
		return 0, err
	}
	for at, err := range Entries(object, name, object.Size()) {
		if err == nil {
			err = use(at.Entry)
		}
		if err != nil {
			return 0, errors.Join(err, object.Close())
		}
	}
	return object.Size(), object.Close()
}

var errFound = errors.New("found")

// IsSuperseded says whether a later attempt at the same has begun its journal.
func (s *Set) IsSuperseded(ctx context.Context, w *Writer) (bool, error) {
	mine, number, _ := attemptOf(w.name)
	of, _ := rangeOf(w.name)
	names, err := s.Overlapping(ctx, of)
	return slices.ContainsFunc(names, func(name string) bool {
		activity, attempt, ok := attemptOf(name)
		return ok && activity == mine && attempt > number
	}), err
}

// HasSuccess says whether a journal holds the answer of a call that succeeded.
func (s *Set) HasSuccess(ctx context.Context) (bool, error) {
	names, err := s.Names(ctx)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		err := s.Each(ctx, name, func(e Entry) error {
			if e.Outcome == Succeeded {
				return errFound
			}
			return nil
		})
		if errors.Is(err, errFound) {
			return true, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}

// Drop deletes all journals of the range, those of cut-off attempts too.
func (s *Set) Drop(ctx context.Context, r job.Range) error {
	names, err := s.Overlapping(ctx, r)
	if err != nil {
		return err
	}
	return s.Delete(ctx, names...)
}

// Delete deletes journals; missing ones are fine.
func (s *Set) Delete(ctx context.Context, names ...string) error {
	return s.folder.Delete(ctx, names...)
}
