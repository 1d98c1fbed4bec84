package output

import (
	"cmp"
	"slices"

	"longhaul/job"
)

// maxGroups bounds the memory: messages that hold an id are all different.
const maxGroups = 1000

// groupKey is what makes two failures the same.
type groupKey struct {
	kind, message string
	status        int
}

// Failures groups the failed records of all committed batches by kind, status
// and message, the largest group first. When there are very many messages, the
// later ones are grouped without.
func (f *Folder) Failures() ([]job.FailureGroup, error) {
	groups := map[groupKey]*job.FailureGroup{}
	numbers, err := f.committed()
	if err != nil {
		return nil, err
	}
	for _, number := range numbers {
		commit, err := f.commit(number)
		if err != nil {
			return nil, err
		}
		if commit.Errors == nil {
			continue
		}
		err = f.eachLine(commit.Errors.Name, true, func(line keptLine) error {
			count(groups, line.Index, *line.Error)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sorted := make([]job.FailureGroup, 0, len(groups))
	for _, group := range groups {
		sorted = append(sorted, *group)
	}
	slices.SortFunc(sorted, func(a, b job.FailureGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.First, b.First))
	})
	return sorted, nil
}

func count(groups map[groupKey]*job.FailureGroup, index int64, failure job.CallError) {
	key := groupKey{failure.Kind, failure.Message, failure.Status}
	group, known := groups[key]
	if !known && len(groups) >= maxGroups {
		failure.Message, key.message = "", ""
		group, known = groups[key]
	}
	if !known {
		group = &job.FailureGroup{Failure: failure, First: index}
		groups[key] = group
	}
	group.Count++
	group.First = min(group.First, index)
}
