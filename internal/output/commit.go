package output

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"longhaul/internal/storage"
	"longhaul/job"
)

// Commit reads the commit of a batch; fs.ErrNotExist if the batch is not done. One that
// contradicts itself is damaged, and an error that names it.
func (f *Folder) Commit(ctx context.Context, batch int64) (job.Commit, error) {
	commit, _, err := f.commitContent(ctx, batch)
	return commit, err
}

// commitContent is Commit, and returns the object's content.
func (f *Folder) commitContent(ctx context.Context, batch int64) (commit job.Commit, content []byte, err error) {
	content, err = storage.ReadJSONContent(ctx, f.store, CommitName(batch), &commit)
	switch {
	case errors.Is(err, storage.ErrDamaged):
		err = damagedCommit(batch, "it is not what was written")
	case err == nil:
		err = checkCommit(commit, batch)
	}
	return commit, content, err
}

func checkCommit(commit job.Commit, batch int64) error {
	failed := commit.Errors != nil
	switch {
	case commit.Batch != batch:
		return damagedCommit(batch, "it says batch %d", commit.Batch)
	case commit.First < 0 || commit.Len() <= 0:
		return damagedCommit(batch, "it covers %s", commit.Range)
	case commit.Succeeded < 0 || commit.Failed < 0 || commit.Done() != commit.Len():
		return damagedCommit(batch, "it counts %d records in %s", commit.Done(), commit.Range)
	case failed != (commit.Failed > 0):
		return damagedCommit(batch, "it counts %d failures, and its errors part does not fit that", commit.Failed)
	case !isDigest(commit.Part, PartName(batch)), failed && !isDigest(*commit.Errors, ErrorsName(batch)):
		return damagedCommit(batch, "its parts are not those of the batch")
	}
	return nil
}

func isDigest(d job.PartDigest, name string) bool {
	sum, err := hex.DecodeString(d.SHA256)
	return d.Name == name && d.Bytes >= 0 && err == nil && len(sum) == sha256.Size
}

func damagedCommit(batch int64, format string, args ...any) error {
	return job.Errorf(job.KindOutput, CommitName(batch), "is damaged: "+format, args...).
		WithHint("restore it from a copy; or delete it and start the job again: it makes the calls of this batch again")
}

// Committed are the numbers of the batches that are done, in order.
func (f *Folder) Committed(ctx context.Context) ([]int64, error) {
	entries, err := f.store.List(ctx, commitDir)
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, 0, len(entries))
	for _, entry := range entries {
		if number, ok := NumberIn(entry.Name, commitDir, ".json"); ok {
			numbers = append(numbers, number)
		}
	}
	// By name 1000000 comes before 999999.
	slices.Sort(numbers)
	return numbers, nil
}

// NumberIn is the number of the batch in an object's name, between its prefix and its
// suffix.
func NumberIn(name, prefix, suffix string) (number int64, ok bool) {
	digits, found := strings.CutSuffix(strings.TrimPrefix(name, prefix), suffix)
	number, err := strconv.ParseInt(digits, 10, 64)
	return number, found && err == nil && number >= 0
}

// CommittedTo is the end of the last batch that is done.
func (f *Folder) CommittedTo(ctx context.Context) (int64, error) {
	numbers, err := f.Committed(ctx)
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	commit, err := f.Commit(ctx, numbers[len(numbers)-1])
	return commit.Last, err
}

// Resume is Checkpoint, but a _SUCCESS that is not true any more, because commits
// were deleted to have batches made anew, goes.
func (f *Folder) Resume(ctx context.Context, records int64) ([]job.Range, job.Totals, error) {
	ranges, totals, err := f.Checkpoint(ctx)
	if err == nil && totals.Done() < records {
		err = f.store.Delete(ctx, SuccessName)
	}
	return ranges, totals, err
}

// Checkpoint is what the commits say together: the ranges that are done, merged and
// in order, and their totals.
func (f *Folder) Checkpoint(ctx context.Context) ([]job.Range, job.Totals, error) {
	var ranges []job.Range
	var totals job.Totals
	numbers, err := f.Committed(ctx)
	if err != nil {
		return nil, totals, err
	}
	for _, number := range numbers {
		commit, err := f.Commit(ctx, number)
		if err != nil {
			return nil, totals, err
		}
		totals = totals.Add(commit.Totals)
		if n := len(ranges); n > 0 && ranges[n-1].Last == commit.First {
			ranges[n-1].Last = commit.Last
		} else {
			ranges = append(ranges, commit.Range)
		}
	}
	return ranges, totals, nil
}
