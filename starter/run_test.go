package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/display"
	"longhaul/job"
)

// The end of a run: at most ten groups, and the last line is the command to give.
func TestTheEndOfARunWithFailures(t *testing.T) {
	t.Parallel()
	failures := someFailures()
	for i := range 15 {
		failures = append(failures, job.CallError{Kind: "call", Message: strings.Repeat("x", i+1)})
	}
	var b bytes.Buffer
	uri := failedOutput(t, failures...)
	summary := job.Summary{Output: uri, Records: 10_000, Totals: job.Totals{Failed: int64(len(failures))}}
	require.NoError(t, display.Summary(&b, job.DefaultSpec(), summary, time.Second))
	require.Equal(t, 10, strings.Count(b.String(), " × "))
	require.Contains(t, b.String(), "and 8 more groups: longhaul failures "+uri)
	require.True(t, strings.HasSuffix(b.String(), "to call 2 failed records again:\n  longhaul redrive "+uri+" --status 404\n"), b.String())
}
