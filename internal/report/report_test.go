package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"

	"longhaul/internal/failures"
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

var began = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func sample(t *testing.T) Facts {
	t.Helper()
	facts := Facts{
		JobID: "J", Spec: job.DefaultSpec(), Records: 12_000, Started: began, Ended: began.Add(time.Minute),
		State:   State{Name: Finished},
		Totals:  job.Totals{Succeeded: 11_588, Failed: 412, Attempts: 12_900, Throttled: 70, Outage: 30},
		Latency: latencies(t, 900, 1000, 1100, 5000, 100_000),
		Failures: []failures.Group{
			{Pattern: `postal code "#" unknown`, Failure: job.CallError{Kind: "http", Status: 422, Message: `postal code "<7>" unknown`}, Count: 400, First: 1031},
			{Pattern: "no answer", Failure: job.CallError{Kind: "timeout", Message: "no answer"}, Count: 12, First: 7},
		},
		Changes: []job.Change{
			{At: began.Add(20 * time.Second), What: "parallelism", From: "200", To: "10", By: "ann@host"},
			{At: began.Add(30 * time.Second), What: "paused", From: "false", To: "true"},
			{At: began.Add(33 * time.Second), What: "paused", From: "true", To: "false"},
		},
	}
	facts.Spec.Output.URI = "out"
	facts.Spec.Call.HTTP = &job.HTTPSpec{URL: `{{env "API"}}/customers/{{.id | urlquery}}?key=secret`}
	for i := range 12 {
		from := began.Add(time.Duration(i) * 5 * time.Second)
		facts.Finished = append(facts.Finished, job.ChunkTiming{From: from, At: from.Add(5 * time.Second), Records: 1000})
	}
	return facts
}

func write(t *testing.T, facts Facts) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, facts))
	return b.String()
}

// contains does not print the page, which is long.
func contains(t *testing.T, html string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		require.True(t, strings.Contains(html, text), text) //nolint:testifylint // the page is long
	}
}

// One file, no network, and every colour one of the page's, for light and dark.
func TestTheReportIsSelfContained(t *testing.T) {
	t.Parallel()
	html := write(t, sample(t))
	require.NotContains(t, html, "<script")
	require.NotRegexp(t, `(src|href)=`, html)
	require.NotContains(t, regexp.MustCompile(`xmlns(:xlink)?="[^"]*"`).ReplaceAllString(html, ""), "http:")
	require.NotContains(t, html, "rgb", "a colour that the page does not set")
	require.Equal(t, 3*len(sizes), strings.Count(html, "<svg"))
	require.NotContains(t, html, "secret")
	contains(t, html,
		"<title>11,588 of 12,000 records succeeded: GET $API/customers/{id}?…</title>",
		"12,000", "412", "13,000", "3.4%", "57 s", "paused 3.0 s", "211", "parallelism 200→10", "ann@host",
		"postal code &#34;#&#34; unknown", "such as: postal code &#34;&lt;7&gt;&#34; unknown", "first: record 1031",
		"longhaul redrive out --status 422  # 400 records", "longhaul redrive out --kind timeout  # 12 records",
		"400 (3.3%)", "http 422", "p50 1.1 ms", "2026-01-02 03:00:00 UTC", "prefers-color-scheme: dark",
		"refused for now (throttled)", "lost to an outage", "logarithmic",
	)
}

// What an API or a record says is text, wherever it stands.
func TestARecordBringsNoScriptIntoTheReport(t *testing.T) {
	t.Parallel()
	const evil = `</title></style></svg><script>alert(1)</script><img src=x onerror=alert(1)>`
	facts := sample(t)
	facts.JobID, facts.Spec.Output.URI, facts.Spec.Input.URI = evil, evil, evil
	facts.Spec.Call.HTTP.URL = "http://x/" + evil
	facts.State = State{Stopped, evil}
	for i := range facts.Failures {
		facts.Failures[i] = failures.Group{Pattern: evil, Failure: job.CallError{Kind: evil, Message: evil}, Count: 1}
	}
	facts.Changes[0].By, facts.Changes[0].What, facts.Changes[0].To = evil, evil, evil
	html := write(t, facts)
	require.NotContains(t, html, "<script")
	require.NotContains(t, html, "<img")
	require.Contains(t, html, "&lt;script", "it is shown")
}

func TestTheVerdict(t *testing.T) {
	t.Parallel()
	facts := sample(t)
	facts.State = State{Name: Running}
	facts.Records, facts.Journaled = 20_000, job.Totals{Succeeded: 500}
	contains(t, write(t, facts), "<title>Running: 12,000 of 20,000 records done: GET", "500 records are in no part yet", "500 records that are in no part yet are not on the curve")
	facts.State = State{Name: Stopped, Why: "max_failures 1% was exceeded"}
	contains(t, write(t, facts), "<title>Stopped (max_failures 1% was exceeded): 12,000 of 20,000 records done")
	facts.State.Why = ""
	contains(t, write(t, facts), "<title>Stopped: 12,000 of 20,000")
	facts.State.Name, facts.Failed = Finished, 0
	contains(t, write(t, facts), "<title>All 20,000 records succeeded")
}

func TestTheCallInTheTitle(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://a.example/{{.}}":                           "GET https://a.example/{record}",
		"https://a.example/{{. | urlquery}}/x":              "GET https://a.example/{record}/x",
		`https://a.example/{{index . "Full Name"}}`:         "GET https://a.example/{Full Name}",
		"{{env `B`}}/{{.a.b}}/{{printf \"%d\" .c}}":         "GET $B/{a.b}/{…}",
		"https://a.example/" + strings.Repeat("long/", 100): "GET https://a.example/" + strings.Repeat("long/", 19) + "lo…",
	} {
		require.Equal(t, want, callOf(job.CallSpec{HTTP: &job.HTTPSpec{URL: url}}))
	}
	require.Equal(t, "python3 slow.py", callOf(job.CallSpec{Exec: &job.ExecSpec{Command: []string{"python3", "slow.py"}}}))
	require.Equal(t, "function f", callOf(job.CallSpec{Func: &job.FuncSpec{Name: "f"}}))
}

func TestReportsOfLittle(t *testing.T) {
	t.Parallel()
	empty := Facts{Spec: job.DefaultSpec()}
	require.Contains(t, write(t, empty), "No record failed.")
	require.NotContains(t, write(t, empty), "<svg")
	one := sample(t)
	one.Finished, one.Failures, one.Changes = one.Finished[:1], nil, nil
	one.Finished[0].At = one.Finished[0].From // at once
	one.Latency = latencies(t, 1)
	html := write(t, one)
	require.Equal(t, 2*len(sizes), strings.Count(html, "<svg"))
	require.NotContains(t, html, "NaN")
	require.NotContains(t, html, "Changes while it ran")
	many := sample(t)
	for i := range 500 {
		many.Failures = append(many.Failures, failures.Group{Failure: job.CallError{Kind: strings.Repeat("k", i), Message: "m"}, Count: 1})
		many.Changes = append(many.Changes, job.Change{At: began.Add(time.Duration(i) * 100 * time.Millisecond), What: "rate", To: "1"})
	}
	require.Less(t, len(write(t, many)), 400_000)
}

func TestEarlierRuns(t *testing.T) {
	t.Parallel()
	facts := sample(t)
	facts.Earlier = []job.EarlierRun{{
		Ended: began.Add(-72 * time.Hour), Why: "all calls failed", Totals: job.Totals{Failed: 100, Attempts: 1100, Throttled: 5},
		Finished: []job.ChunkTiming{{From: began.Add(-72*time.Hour - 30*time.Second), At: began.Add(-72 * time.Hour), Records: 1000}},
	}}
	contains(t, write(t, facts), "Earlier runs", "all calls failed", "1,105", "14,105", "of records that were called again since", "idle 3 d", "1 min 27 s", "Long times without calls are left out of the axis.")
}

// The latencies that are beyond p0.1 and p99.9 do not stretch the axis.
func TestTheLatencyAxisIsTrimmed(t *testing.T) {
	t.Parallel()
	values := make([]int64, 0, 10_001)
	for i := range int64(10_000) {
		values = append(values, 100_000+i)
	}
	histogram, err := hdrhistogram.Decode([]byte(latencies(t, append(values, 3_000_000_000, 1)...)))
	require.NoError(t, err)
	counted, marks := buckets(histogram, 32)
	require.GreaterOrEqual(t, counted[0].Lower, 99*time.Millisecond)
	require.LessOrEqual(t, counted[31].Lower, 160*time.Millisecond)
	sum := int64(0)
	for _, b := range counted {
		sum += b.Count
	}
	require.EqualValues(t, 10_002, sum, "none is left out")
	require.EqualValues(t, 1, counted[31].Count)
	require.Equal(t, "p50", marks[0].Name)
}
