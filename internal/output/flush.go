package output

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

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

// Flushed is what became of a batch.
type Flushed struct {
	job.Commit
	// Lost are the records whose promised answer is gone: they have to be called again,
	// and nothing was committed.
	Lost []job.Range
}

// Flush merges the batch's journals into its part, and its errors part if
// records failed, and commits it. Only the bytes that the receipts sealed
// count, so the same batch always gives the same part, whatever a cut-off
// attempt still appends. Run again, it changes nothing. A journal that cannot be read is
// an error, which may pass.
func (f *Folder) Flush(ctx context.Context, batch job.Batch) (Flushed, error) {
	return f.flush(ctx, batch, false)
}

// FlushReadable is Flush, but a journal that cannot be read is lost from there on.
func (f *Folder) FlushReadable(ctx context.Context, batch job.Batch) (Flushed, error) {
	return f.flush(ctx, batch, true)
}

func (f *Folder) flush(ctx context.Context, batch job.Batch, forgiving bool) (flushed Flushed, err error) {
	commit, err := f.commitOf(ctx, batch)
	if err == nil {
		return Flushed{Commit: commit}, f.Journals.Drop(ctx, batch.Range)
	}
	if !isMissing(err) {
		return flushed, err
	}
	m := &merge{
		batch: batch, locations: make([]location, batch.Len()),
		latency: latency.New(), forgiving: forgiving,
	}
	defer func() { err = errors.Join(err, m.close()) }()
	if err := m.locate(ctx, f.store); err != nil {
		return flushed, err
	}
	if flushed.Lost = m.lost(); len(flushed.Lost) > 0 {
		return flushed, nil
	}
	flushed.Commit, err = f.putBatch(ctx, m)
	return flushed, err
}

// commitOf is the commit of a batch; fs.ErrNotExist if there is none, or a damaged one:
// as long as nothing was committed, the journals are there to make it anew.
func (f *Folder) commitOf(ctx context.Context, batch job.Batch) (job.Commit, error) {
	commit, err := f.Commit(ctx, batch.Number)
	if err == nil && commit.Range != batch.Range {
		err = damaged(CommitName(batch.Number), fmt.Errorf("it covers %s, not %s", commit.Range, batch.Range))
	}
	if job.KindOf(err) == job.KindOutput {
		return commit, errors.Join(fs.ErrNotExist, f.store.Delete(ctx, CommitName(batch.Number)))
	}
	return commit, err
}

// putBatch writes the parts and the commit.
func (f *Folder) putBatch(ctx context.Context, m *merge) (commit job.Commit, err error) {
	batch := m.batch
	commit = job.Commit{Batch: batch.Number, Range: batch.Range, Totals: m.totals}
	if commit.Part, err = f.putPart(ctx, m, PartName(batch.Number), false); err != nil {
		return commit, err
	}
	if m.totals.Failed == 0 {
		// One may be left of a batch that was made anew.
		err = f.store.Delete(ctx, ErrorsName(batch.Number))
	}
	if err != nil {
		return commit, err
	}
	if m.totals.Failed > 0 {
		failures, err := f.putPart(ctx, m, ErrorsName(batch.Number), true)
		if err != nil {
			return commit, err
		}
		commit.Errors = &failures
	}
	return f.putCommit(ctx, commit, m)
}

func (f *Folder) putCommit(ctx context.Context, commit job.Commit, m *merge) (job.Commit, error) {
	commit.Latency, commit.Finished = m.latency.Encode(), m.batch.Finished
	commit.Committed = time.Now().UTC()
	err := f.store.PutIfAbsent(ctx, CommitName(commit.Batch), storage.JSONWithDigest(commit))
	if isTaken(err) {
		commit, err = f.Commit(ctx, commit.Batch)
	}
	if err != nil {
		return commit, err
	}
	return commit, f.Journals.Drop(ctx, commit.Range)
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

// putPart writes the lines of the successes, or of the failures, in order.
func (f *Folder) putPart(ctx context.Context, m *merge, name string, failures bool) (job.PartDigest, error) {
	object := job.PartDigest{Name: name}
	err := f.store.Put(ctx, name, func(w io.Writer) error {
		digest := sha256.New()
		out := bufio.NewWriterSize(io.MultiWriter(w, digest), 256<<10)
		var line []byte
		for _, at := range m.locations {
			if at.source&1 == 1 != failures {
				continue
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			line = append(line[:0], make([]byte, at.length+1)...)
			if _, err := m.journals[at.source>>1].ReadAt(line[:at.length], at.offset); err != nil {
				return err
			}
			line[at.length] = '\n'
			object.Bytes += int64(len(line))
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
		err := out.Flush()
		object.SHA256 = hex.EncodeToString(digest.Sum(nil))
		return err
	})
	return object, err
}

func (m *merge) close() error {
	errs := make([]error, 0, len(m.journals))
	for _, object := range m.journals {
		errs = append(errs, object.Close())
	}
	return errors.Join(errs...)
}
