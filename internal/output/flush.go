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

	"longhaul/internal/latency"
	"longhaul/internal/storage"
	"longhaul/job"
)

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
	return f.attemptFlush(ctx, batch, false)
}

// FlushReadable is Flush, but a journal that cannot be read is lost from there on.
func (f *Folder) FlushReadable(ctx context.Context, batch job.Batch) (Flushed, error) {
	return f.attemptFlush(ctx, batch, true)
}

// attemptFlush keeps attempts apart: if a journal was lost between them, their parts
// differ.
func (f *Folder) attemptFlush(ctx context.Context, batch job.Batch, forgiving bool) (flushed Flushed, err error) {
	err = f.attempt(ctx, fmt.Sprintf("batch-%06d", batch.Number), func(f *Folder) (err error) {
		flushed, err = f.flush(ctx, batch, forgiving)
		return err
	})
	return flushed, err
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
		err = damagedCommit(batch.Number, "it covers %s, not %s", commit.Range, batch.Range)
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

// putPart writes the lines of the successes, or of the failures, in order.
func (f *Folder) putPart(ctx context.Context, m *merge, name string, failures bool) (job.PartDigest, error) {
	object := job.PartDigest{Name: name}
	err := f.store.Put(ctx, name, func(w io.Writer) error {
		digest := sha256.New()
		out := bufio.NewWriterSize(io.MultiWriter(w, digest), 256<<10)
		var line, buffer []byte
		var read block
		for _, at := range m.locations {
			if at.source&1 == 1 != failures {
				continue
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			var err error
			if line, buffer, err = read.line(m.journals[at.source>>1], at.source>>1, at, buffer); err != nil {
				return err
			}
			object.Bytes += int64(len(line)) + 1
			if _, err := out.Write(line); err != nil {
				return err
			}
			if err := out.WriteByte('\n'); err != nil {
				return err
			}
		}
		err := out.Flush()
		object.SHA256 = hex.EncodeToString(digest.Sum(nil))
		return err
	})
	return object, err
}
