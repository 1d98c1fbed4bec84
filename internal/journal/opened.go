package journal

import (
	"context"
	"errors"
	"io/fs"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Opened are open journals.
type Opened struct {
	names   []string
	objects []storage.Object
}

// Open opens those of the journals that are still there.
func (s *Set) Open(ctx context.Context, names []string) (*Opened, error) {
	o := &Opened{}
	for _, name := range names {
		object, err := s.folder.Open(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, o.Close())
		}
		o.names, o.objects = append(o.names, name), append(o.objects, object)
	}
	return o, nil
}

// EachAnswer gives one answer for each record of the range that has any. A success
// counts before a failure: the record was called again.
func (o *Opened) EachAnswer(of job.Range, use func(Entry) error) error {
	given := newBits(of)
	for _, counted := range []Outcome{Succeeded, Failed} {
		for i, object := range o.objects {
			for at, err := range Entries(object, o.names[i], object.Size()) {
				if err != nil {
					return err
				}
				if at.Outcome != counted || at.Index < of.First || at.Index >= of.Last || given.has(at.Index) {
					continue
				}
				given.set(at.Index)
				if err := use(at.Entry); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Close closes them.
func (o *Opened) Close() error {
	errs := make([]error, 0, len(o.objects))
	for _, object := range o.objects {
		errs = append(errs, object.Close())
	}
	return errors.Join(errs...)
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
