package failures

import (
	"cmp"
	"slices"
	"strings"

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

// Group is the records that failed in the same way.
type Group struct {
	// Pattern is their message, with # for numbers, ids and quoted values unless
	// all are the same; empty for messages that were too many to tell apart.
	Pattern string
	// Failure is that of the first record.
	Failure job.CallError
	// Count is how many; First is the lowest index among them.
	Count, First int64
}

// Name is the kind and, if there is one, the status.
func (g Group) Name() string { return g.Failure.Name() }

// Groups gathers failed records. When there are very many groups, further ones
// are formed by kind and status alone.
type Groups struct {
	byKey map[key]*group
}

type group struct {
	Group
	// differ: not all messages are the same, so there is something to mask.
	differ bool
}

// NewGroups has none.
func NewGroups() *Groups { return &Groups{byKey: map[key]*group{}} }

// Add counts a failed record.
func (g *Groups) Add(index int64, failure job.CallError) {
	k := key{failure.Kind, Mask(failure.Message), failure.Status}
	of, known := g.byKey[k]
	if !known && len(g.byKey) >= maxGroups {
		k.pattern = ""
		of, known = g.byKey[k]
	}
	failure.Message = clip(failure.Message, maxExample)
	if !known {
		of = &group{Group: Group{Pattern: k.pattern, Failure: failure, First: index}}
		g.byKey[k] = of
	}
	of.Count++
	of.differ = of.differ || failure.Message != of.Failure.Message
	if index < of.First {
		of.Failure, of.First = failure, index
	}
}

// Sorted returns the groups, the largest first.
func (g *Groups) Sorted() []Group {
	sorted := make([]Group, 0, len(g.byKey))
	for _, of := range g.byKey {
		if !of.differ {
			of.Pattern = clip(strings.Join(strings.Fields(of.Failure.Message), " "), maxMask)
		}
		sorted = append(sorted, of.Group)
	}
	slices.SortFunc(sorted, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.First, b.First))
	})
	return sorted
}
