package output

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"longhaul/job"
)

// commit reads the commit of a batch; isMissing if the batch is not done.
func (f *Folder) commit(batch int64) (job.Commit, error) {
	var commit job.Commit
	err := f.readJSON(commitName(batch), &commit)
	return commit, err
}

// committed are the numbers of the batches that are done, in order.
func (f *Folder) committed() ([]int64, error) {
	names, err := f.store.List(commitDir)
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, 0, len(names))
	for _, name := range names {
		var number int64
		base := path.Base(name)
		if _, err := fmt.Sscanf(strings.TrimSuffix(base, ".json"), "%d", &number); err == nil && strings.HasSuffix(base, ".json") {
			numbers = append(numbers, number)
		}
	}
	// By name 1000000 comes before 999999.
	slices.Sort(numbers)
	return numbers, nil
}

// CommittedTo is the end of the last batch that is done.
func (f *Folder) CommittedTo() (int64, error) {
	numbers, err := f.committed()
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	commit, err := f.commit(numbers[len(numbers)-1])
	return commit.Last, err
}

// HasSuccess says whether a journal holds the answer of a call that succeeded.
func (f *Folder) HasSuccess() (bool, error) {
	names, err := f.store.List(journalDir)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		err := f.eachEntry(name, func(e entry) error {
			if e.outcome == succeeded {
				return errFound
			}
			return nil
		})
		if errors.Is(err, errFound) {
			return true, nil
		}
		if err != nil && !isMissing(err) {
			return false, err
		}
	}
	return false, nil
}

var errFound = errors.New("found")

// Resume is Checkpoint, but a _SUCCESS that is not true any more, because commits
// were deleted to have batches made anew, goes.
func (f *Folder) Resume(records int64) ([]job.Range, job.Totals, error) {
	ranges, totals, err := f.Checkpoint()
	if err == nil && totals.Done() < records {
		err = f.store.Delete(successName)
	}
	return ranges, totals, err
}

// Checkpoint is what the commits say together: the ranges that are done, merged and
// in order, and their totals.
func (f *Folder) Checkpoint() ([]job.Range, job.Totals, error) {
	var ranges []job.Range
	var totals job.Totals
	numbers, err := f.committed()
	if err != nil {
		return nil, totals, err
	}
	for _, number := range numbers {
		commit, err := f.commit(number)
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
