package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func latencies(t *testing.T, micros ...int64) string {
	t.Helper()
	h := hdrhistogram.New(1, int64(time.Hour/time.Microsecond), 2)
	for _, value := range micros {
		require.NoError(t, h.RecordValue(value))
	}
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	require.NoError(t, err)
	return string(encoded)
}

func sample(t *testing.T) job.Facts {
	began := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	facts := job.Facts{
		JobID: "J", Spec: job.DefaultSpec(), Records: 12_000, Started: began, Ended: began.Add(time.Minute),
		Totals:  job.Totals{Succeeded: 11_588, Failed: 412, Attempts: 12_900},
		Latency: latencies(t, 900, 1000, 1100, 5000, 100_000),
		Failures: []job.FailureGroup{
			{Failure: job.CallError{Kind: "http", Status: 422, Message: "postal <code> unknown"}, Count: 400, First: 1031},
			{Failure: job.CallError{Kind: "timeout", Message: "no answer"}, Count: 12, First: 7},
		},
		Changes: []job.Change{{At: began, What: "parallelism", From: "200", To: "10", By: "ann@host"}},
	}
	facts.Spec.Output.URI = "out"
	for i := range 12 {
		from := began.Add(time.Duration(i) * 5 * time.Second)
		facts.Finished = append(facts.Finished, job.Finished{From: from, At: from.Add(4 * time.Second), Records: 1000})
	}
	return facts
}

func write(t *testing.T, facts job.Facts) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, facts))
	return b.String()
}

// One file, no network, and every colour one of the page's, for light and dark.
func TestTheReportIsSelfContained(t *testing.T) {
	t.Parallel()
	html := write(t, sample(t))
	require.NotContains(t, html, "<script")
	require.NotRegexp(t, `(src|href)=`, html)
	require.NotContains(t, regexp.MustCompile(`xmlns(:xlink)?="[^"]*"`).ReplaceAllString(html, ""), "http:")
	require.NotContains(t, html, "rgb(", "a colour that the page does not set")
	require.Equal(t, 3, strings.Count(html, "<svg"))
	for _, text := range []string{
		"12,000", "412", "12,900", "1m0s", "200.0", "parallelism", "ann@host", "postal &lt;code&gt; unknown",
		"http 422", "p50 1.1ms", "2026-01-02 03:00:00 UTC", "prefers-color-scheme: dark",
	} {
		require.True(t, strings.Contains(html, text), text) //nolint:testifylint // the page is long
	}
}

func TestReportsOfLittle(t *testing.T) {
	t.Parallel()
	empty := job.Facts{Spec: job.DefaultSpec()}
	require.Contains(t, write(t, empty), "No record failed.")
	require.NotContains(t, write(t, empty), "<svg")
	one := sample(t)
	one.Finished, one.Failures, one.Changes = one.Finished[:1], nil, nil
	one.Finished[0].At = one.Finished[0].From // at once
	one.Latency = latencies(t, 1)
	html := write(t, one)
	require.Equal(t, 2, strings.Count(html, "<svg"))
	require.NotContains(t, html, "NaN")
	require.NotContains(t, html, "Changes while it ran")
	many := sample(t)
	for i := range 500 {
		many.Failures = append(many.Failures, job.FailureGroup{Failure: job.CallError{Kind: strings.Repeat("k", i), Message: "m"}, Count: 1})
	}
	require.Less(t, len(write(t, many)), 100_000)
}

// What is drawn adds up to what was done.
func TestThroughputAddsUp(t *testing.T) {
	t.Parallel()
	from := time.Unix(0, 0)
	rates := make([]float64, points)
	step := time.Second
	for _, chunk := range []job.Finished{
		{From: from, At: from.Add(10 * time.Second), Records: 100}, {From: from.Add(5 * time.Second), At: from.Add(5 * time.Second), Records: 7},
		{From: from.Add(50 * time.Second), At: from.Add(90 * time.Second), Records: 13},
	} {
		spread(rates, chunk, from, step)
	}
	sum := 0.0
	for _, rate := range rates {
		sum += rate * step.Seconds()
	}
	require.InDelta(t, 120, sum, 1e-9)
}
