package inspect

import (
	"context"
	"maps"
	"slices"

	"longhaul/internal/failures"
	"longhaul/job"
)

// Failures are the failed records of a job, together.
type Failures struct {
	// Records is N.
	Records int64
	// Failed counts all that failed, Chosen those that were asked for, and
	// Journaled how many of these are in no part yet.
	Failed, Chosen, Journaled int64
	// AtWork: a worker is at work in the folder.
	AtWork bool
	// Groups are those of the chosen, the largest first.
	Groups []failures.Group
	// Kinds are all that there are, chosen or not, in the order of their names.
	Kinds []string
}

// Failures groups the failed records that fit, and gives each of them to use.
func (f *Folder) Failures(ctx context.Context, chosen job.RedriveSpec, use func(Failed) error) (Failures, error) {
	found := Failures{Records: f.Manifest.Records()}
	groups, kinds := failures.NewGroups(), map[string]bool{}
	err := f.eachFailed(ctx, func(failed Failed) error {
		found.Failed++
		kinds[failed.Error.Kind] = true
		if !chosen.Chooses(failed.Error) {
			return nil
		}
		found.Chosen++
		if failed.Journaled {
			found.Journaled++
		}
		groups.Add(failed.Index, failed.Error)
		return use(failed)
	})
	if err != nil {
		return found, err
	}
	found.Groups, found.Kinds = groups.Sorted(), slices.Sorted(maps.Keys(kinds))
	found.AtWork, err = f.Claims.AtWork(ctx)
	return found, err
}
