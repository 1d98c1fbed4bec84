package output

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestFailuresAreGrouped(t *testing.T) {
	t.Parallel()
	f, _ := claimed(t)
	for number := range int64(3) {
		r := job.Range{First: number * 1000, Last: number*1000 + 1000}
		results := make([]job.Result, 0, r.Len())
		for i := r.First; i < r.Last; i++ {
			result := failure(i)
			switch {
			case number == 1:
				result = success(i)
			case i%4 == 0:
				result.Failure = &job.CallError{Kind: "http", Status: 422, Message: "postal code unknown"}
			case i%4 == 1:
				result.Failure = &job.CallError{Kind: "call", Message: fmt.Sprintf("no item %d", i)}
			}
			results = append(results, result)
		}
		_, err := f.Flush(t.Context(), 1, job.Batch{Range: r, Number: number, Journals: []job.JournalRef{write(t, f, r, 1, results...)}})
		require.NoError(t, err)
	}
	groups, err := f.Failures()
	require.NoError(t, err)
	require.Equal(t, job.FailureGroup{Failure: job.CallError{Kind: "http", Status: 503, Message: "over <loaded>"}, Count: 1000, First: 2}, groups[0])
	require.Equal(t, job.FailureGroup{Failure: job.CallError{Kind: "http", Status: 422, Message: "postal code unknown"}, Count: 500, First: 0}, groups[1])
	require.Equal(t, "no item 1", groups[2].Failure.Message)
	total := int64(0)
	for _, group := range groups {
		total += group.Count
	}
	require.EqualValues(t, 2000, total)
}

func TestManyMessagesDoNotFillTheMemory(t *testing.T) {
	t.Parallel()
	groups := map[groupKey]*job.FailureGroup{}
	for i := range int64(5000) {
		count(groups, i, job.CallError{Kind: "call", Message: strconv.FormatInt(i, 10)})
	}
	require.Len(t, groups, maxGroups+1)
	rest := groups[groupKey{kind: "call"}]
	require.EqualValues(t, 5000-maxGroups, rest.Count)
	require.EqualValues(t, maxGroups, rest.First)
}
