package output

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"longhaul/job"
)

// unflushed are the names of all journals by the number of their batch.
func (f *Folder) unflushed(manifest job.Manifest) (map[int64][]string, error) {
	names, err := f.store.List(journalDir)
	if err != nil {
		return nil, err
	}
	size := manifest.Spec.BatchRecords()
	byBatch := map[int64][]string{}
	for _, name := range names {
		var of job.Range
		_, err := fmt.Sscanf(strings.TrimPrefix(name, journalDir+"/"), "%d-%d-", &of.First, &of.Last)
		if err == nil && size > 0 {
			byBatch[of.First/size] = append(byBatch[of.First/size], name)
		}
	}
	return byBatch, nil
}

// eachJournaled gives one entry for each record that has an answer in the
// journals of these batches. A batch that was committed meanwhile is given to
// done instead.
func (f *Folder) eachJournaled(ctx context.Context, manifest job.Manifest, journals map[int64][]string, use func(entry) error, done func(batch int64) error) error {
	size := manifest.Spec.BatchRecords()
	for _, number := range slices.Sorted(maps.Keys(journals)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		objects, err := f.openAll(journals[number])
		if err != nil {
			return err
		}
		// Journals are deleted after the commit only: without one, all are open.
		_, err = f.commit(number)
		switch {
		case err == nil:
			err = done(number)
		case isMissing(err):
			err = eachAnswer(objects, job.Range{First: number * size, Last: min((number+1)*size, manifest.Records())}, use)
		}
		for _, object := range objects {
			err = errors.Join(err, object.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openAll opens those that are still there.
func (f *Folder) openAll(names []string) ([]Object, error) {
	objects := make([]Object, 0, len(names))
	for _, name := range names {
		object, err := f.store.Open(name)
		if isMissing(err) {
			continue
		}
		if err != nil {
			for _, opened := range objects {
				err = errors.Join(err, opened.Close())
			}
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// eachAnswer gives the answers to the records of the range. A success counts
// before a failure: the record was called again.
func eachAnswer(objects []Object, of job.Range, use func(entry) error) error {
	given := newBits(of)
	for _, counted := range []outcome{succeeded, failed} {
		for _, object := range objects {
			for at, err := range entries(object, object.Size()) {
				if err != nil {
					return err
				}
				if at.outcome != counted || at.index < of.First || at.index >= of.Last || given.has(at.index) {
					continue
				}
				given.set(at.index)
				if err := use(at.entry); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// bits has one bit for each record of a range.
type bits struct {
	first int64
	words []uint64
}

func newBits(of job.Range) *bits { return &bits{of.First, make([]uint64, of.Len()/64+1)} }

func (b *bits) has(index int64) bool {
	i := index - b.first
	return b.words[i/64]&(1<<(i%64)) != 0
}

func (b *bits) set(index int64) {
	i := index - b.first
	b.words[i/64] |= 1 << (i % 64)
}
