package failures

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestFailuresAreGrouped(t *testing.T) {
	t.Parallel()
	g := NewGroups()
	for _, index := range rand.Perm(3000) {
		failure := job.CallError{Kind: "http", Status: 404, Message: fmt.Sprintf("customer %d not found", 9000+index)}
		if index%3 == 2 {
			failure = job.CallError{Kind: "timeout", Message: "no answer within 5s"}
		}
		g.Add(int64(index), failure)
	}
	require.Equal(t, []Group{
		{Pattern: "customer # not found", Failure: job.CallError{Kind: "http", Status: 404, Message: "customer 9000 not found"}, Count: 2000, First: 0},
		{Pattern: "no answer within 5s", Failure: job.CallError{Kind: "timeout", Message: "no answer within 5s"}, Count: 1000, First: 2},
	}, g.Sorted())
}

func TestManyMessagesDoNotFillTheMemory(t *testing.T) {
	t.Parallel()
	g := NewGroups()
	word := func(i int64) string { return strings.Repeat(string(rune('a'+i%26)), 1+int(i/26)) }
	for i := range int64(5000) {
		g.Add(i, job.CallError{Kind: "call", Message: word(i)})
	}
	sorted := g.Sorted()
	require.Less(t, len(sorted), maxGroups+2)
	require.Empty(t, sorted[0].Pattern)
	total := int64(0)
	for _, group := range sorted {
		total += group.Count
		require.LessOrEqual(t, len(group.Failure.Message), maxExample)
	}
	require.EqualValues(t, 5000, total)
}

func TestTheRedriveCommands(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Command{
		{"longhaul redrive out --status 401", 7}, {"longhaul redrive out --kind timeout", 3},
	}, Redrives("out", []Group{
		{Failure: job.CallError{Kind: "http", Status: 401}, Count: 5},
		{Failure: job.CallError{Kind: "timeout"}, Count: 3},
		{Failure: job.CallError{Kind: "http", Status: 401}, Count: 2},
	}))
	require.Equal(t, []Command{{`longhaul redrive 'it'\''s' --kind 'a b'`, 1}}, Redrives("it's", []Group{{Failure: job.CallError{Kind: "a b"}, Count: 1}}))
}
