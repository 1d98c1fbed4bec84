package output

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Finish checks that the commits cover records 0..N-1 with no gap and no
// overlap and that their parts are there, then writes _SUCCESS, with the digest of all
// commits, and releases the folder.
func (f *Folder) Finish(ctx context.Context, ref job.Ref, records, batchRecords int64) (summary job.Summary, err error) {
	err = f.attempt(ctx, "finish", func(f *Folder) (err error) {
		summary, err = f.finish(ctx, ref, records, batchRecords)
		return err
	})
	return summary, err
}

func (f *Folder) finish(ctx context.Context, ref job.Ref, records, batchRecords int64) (job.Summary, error) {
	summary := job.Summary{JobID: ref.JobID, Output: ref.Output, Records: records, Epoch: ref.Epoch}
	commits := sha256.New()
	next := int64(0)
	for batch := int64(0); next < records; batch++ {
		if ctx.Err() != nil {
			return summary, context.Cause(ctx)
		}
		commit, content, err := f.commitContent(ctx, batch)
		if isMissing(err) {
			return summary, job.Errorf(job.KindOutput, CommitName(batch), "is missing").
				WithHint("start the job again with the same output")
		}
		if err != nil {
			return summary, err
		}
		if want := (job.Range{First: next, Last: min(next+batchRecords, records)}); commit.Range != want {
			return summary, job.Errorf(job.KindOutput, CommitName(batch), "covers %s, not %s", commit.Range, want)
		}
		if err := f.checkSizes(ctx, commit); err != nil {
			return summary, err
		}
		commits.Write(content)
		summary.Totals = summary.Add(commit.Totals)
		next = commit.Last
	}
	if err := f.Journals.Drop(ctx, job.Range{First: 0, Last: max(records, 1)}); err != nil {
		return summary, err
	}
	summary.CommitsSHA256 = hex.EncodeToString(commits.Sum(nil))
	if err := f.store.Put(ctx, SuccessName, storage.JSONWithDigest(summary)); err != nil {
		return summary, err
	}
	if err := f.dropTallies(ctx); err != nil {
		return summary, err
	}
	return summary, f.Claims.Release(ctx, f.token, &summary)
}

func (f *Folder) checkSizes(ctx context.Context, commit job.Commit) error {
	for _, object := range commitObjects(commit) {
		size, err := f.sizeOf(ctx, object.Name)
		if err != nil && !isMissing(err) {
			return err
		}
		if err != nil || size != object.Bytes {
			return job.Errorf(job.KindOutput, object.Name, "is missing or was changed after its batch was committed").
				WithHint("delete %s and start the job again: it makes the calls of this batch again", path.Join(f.URI(), CommitName(commit.Batch)))
		}
	}
	return nil
}

func commitObjects(commit job.Commit) []job.PartDigest {
	objects := []job.PartDigest{commit.Part}
	if commit.Errors != nil {
		objects = append(objects, *commit.Errors)
	}
	return objects
}

func (f *Folder) sizeOf(ctx context.Context, name string) (int64, error) {
	object, err := f.store.Open(ctx, name)
	if err != nil {
		return 0, err
	}
	size := object.Size()
	return size, object.Close()
}

// Succeeded reads _SUCCESS; false if the job has not finished. One that is damaged is of a
// job that has finished, and without counts: Finish writes it again.
func (f *Folder) Succeeded(ctx context.Context) (job.Summary, bool, error) {
	var summary job.Summary
	err := f.readJSON(ctx, SuccessName, &summary)
	switch {
	case isMissing(err):
		return summary, false, nil
	case errors.Is(err, storage.ErrDamaged):
		return job.Summary{}, true, nil
	}
	return summary, err == nil, err
}
