package output

import (
	"context"
	"errors"

	"longhaul/internal/journal"
	"longhaul/internal/latency"
	"longhaul/internal/storage"
	"longhaul/job"
)

// location is where a record's line lies; 16 bytes, one for each record of the
// batch. A length of 0 means that the record has no answer.
type location struct {
	offset int64
	length uint32
	// source is the journal's number, shifted left by one; the low bit is set
	// for a failure.
	source uint32
}

// maxLost is how many ranges of lost answers are told apart.
const maxLost = 100

// merge is one flush under way.
type merge struct {
	batch     job.Batch
	journals  []storage.Object
	locations []location
	totals    job.Totals
	latency   *latency.Histogram
	// forgiving: what cannot be read is lost.
	forgiving bool
}

// locate fills the table. The first answer to a record counts.
func (m *merge) locate(ctx context.Context, store storage.Folder) error {
	for _, ref := range m.batch.Journals {
		object, err := store.Open(ctx, ref.Name)
		switch {
		case isMissing(err), err != nil && m.forgiving && ctx.Err() == nil:
			continue
		case err != nil:
			return err
		}
		m.journals = append(m.journals, object)
		if err := m.locateIn(ctx, object, ref); err != nil && (ctx.Err() != nil || !m.forgiving) {
			return err
		}
	}
	return nil
}

// locateIn reads one journal. More than was sealed does not count.
func (m *merge) locateIn(ctx context.Context, object storage.Object, ref job.JournalRef) error {
	source := uint32(len(m.journals) - 1)
	for at, err := range journal.Entries(object, ref.Name, min(ref.Size, object.Size())) {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		m.add(source, at)
	}
	return nil
}

// lost are the records without an answer.
func (m *merge) lost() (lost []job.Range) {
	for i := range m.locations {
		if m.locations[i].length > 0 {
			continue
		}
		index := m.batch.First + int64(i)
		if last := len(lost) - 1; last >= 0 && lost[last].Last == index {
			lost[last].Last++
			continue
		}
		lost = append(lost, job.Range{First: index, Last: index + 1})
	}
	if len(lost) > maxLost { // they go through Temporal; who has an answer is not called again
		return []job.Range{{First: lost[0].First, Last: lost[len(lost)-1].Last}}
	}
	return lost
}

func (m *merge) add(source uint32, at journal.Located) {
	i := at.Index - m.batch.First
	if at.IsMark() || i < 0 || i >= int64(len(m.locations)) || m.locations[i].length > 0 {
		return
	}
	m.locations[i] = location{at.Offset, uint32(len(at.Line)), source << 1}
	if at.Outcome == journal.Failed {
		m.locations[i].source |= 1
	}
	m.totals = m.totals.Add(at.Totals())
	m.latency.Record(at.Latency)
}

func (m *merge) close() error {
	errs := make([]error, 0, len(m.journals))
	for _, object := range m.journals {
		errs = append(errs, object.Close())
	}
	return errors.Join(errs...)
}
