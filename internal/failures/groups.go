package failures

import (
	"cmp"
	"slices"

	"longhaul/job"
)

const (
	// maxGroups bounds the memory: there are messages that differ in every word.
	maxGroups = 1000
	// maxExample bounds the message of an example, in bytes.
	maxExample = 500
)

// key is what makes two failures the same.
type key struct {
	kind, pattern string
	status        int
}

// Groups gathers failed records. When there are very many groups, further ones
// are formed by kind and status alone.
type Groups struct {
	byKey map[key]*job.FailureGroup
}

// NewGroups has none.
func NewGroups() *Groups { return &Groups{byKey: map[key]*job.FailureGroup{}} }

// Add counts a failed record.
func (g *Groups) Add(index int64, failure job.CallError) {
	k := key{failure.Kind, Mask(failure.Message), failure.Status}
	group, known := g.byKey[k]
	if !known && len(g.byKey) >= maxGroups {
		k.pattern = ""
		group, known = g.byKey[k]
	}
	if !known {
		group = &job.FailureGroup{Pattern: k.pattern, First: index + 1}
		g.byKey[k] = group
	}
	group.Count++
	if index < group.First {
		failure.Message = clip(failure.Message, maxExample)
		group.Failure, group.First = failure, index
	}
}

// Sorted returns the groups, the largest first.
func (g *Groups) Sorted() []job.FailureGroup {
	sorted := make([]job.FailureGroup, 0, len(g.byKey))
	for _, group := range g.byKey {
		sorted = append(sorted, *group)
	}
	slices.SortFunc(sorted, func(a, b job.FailureGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.First, b.First))
	})
	return sorted
}
