package job

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	fields := []string{"parallelism", "chunk_size", "chunk_interval", "batch_size", "rate"}
	for name, want := range map[string]string{
		"chunksize": "chunk_size", "chunkSize": "chunk_size", "chunk-interval": "chunk_interval", "paralelism": "parallelism",
		"rat": "rate", "colour": "", "": "",
	} {
		require.Equal(t, want, nearest(name, fields), name)
	}
	require.Equal(t, 3, editDistance("kitten", "sitting"))
}

func TestFailureLimit(t *testing.T) {
	t.Parallel()
	count, percent := FailureLimit{Value: 2}, FailureLimit{Value: 10, Percent: true}
	require.False(t, count.Exceeded(2, 2))
	require.True(t, count.Exceeded(3, 1000))
	require.False(t, percent.Exceeded(0, 0))
	require.False(t, percent.Exceeded(10, 100))
	require.True(t, percent.Exceeded(11, 100))
	require.True(t, FailureLimit{}.Exceeded(1, 1), "0 allows none")
}

func TestAnErrorSaysWhatWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	err := error(Errorf(KindInput, "in.csv: line 3", "broken: %w", errors.New("quote")).WithHint("fix line %d", 3))
	require.EqualError(t, err, "in.csv: line 3: broken: quote; fix line 3")
	require.Equal(t, KindInput, KindOf(fmt.Errorf("index: %w", err)))
	require.Equal(t, KindUnknown, KindOf(errors.New("disk")))
	require.False(t, KindUnknown.Permanent())
	require.False(t, KindStorage.Permanent())
	require.True(t, KindTakenOver.Permanent())
}

func TestWhichFolderAJobMayGoOnIn(t *testing.T) {
	t.Parallel()
	spec := DefaultSpec()
	spec.Input.URI, spec.Output.URI = "a.csv", "out"
	call := DefaultHTTPSpec()
	call.URL, call.Headers = "http://x", map[string]string{"A": "1", "B": "2"}
	spec.Call.HTTP = &call
	m := Manifest{Spec: spec, Input: Fingerprint{Records: 10, SHA256: "abc"}}

	same := spec
	other := call
	other.Timeout, other.MaxResponseBytes = Duration(time.Hour), 1
	same.Call.HTTP = &other
	same.Parallelism, same.Rate, same.ChunkInterval, same.Retry.MaximumAttempts = 1, 5, 0, 1
	same.ChunkSize, same.BatchSize = 500, 10
	require.NoError(t, m.Accepts(same, m.Input, true), "pace and limits may differ")

	for want, change := range map[string]func(*Spec, *Fingerprint){
		"another input":                          func(_ *Spec, f *Fingerprint) { f.SHA256 = "abd" },
		"10 records":                             func(_ *Spec, f *Fingerprint) { f.Records = 11 },
		"input.format csv, not lines":            func(s *Spec, _ *Fingerprint) { s.Input.Format = FormatLines },
		"chunk_size × batch_size = 5000 records": func(s *Spec, _ *Fingerprint) { s.BatchSize = 6 },
		"output.include_input true, not false":   func(s *Spec, _ *Fingerprint) { s.Output.IncludeInput = false },
		"another call":                           func(s *Spec, _ *Fingerprint) { s.Call = CallSpec{Sleep: &SleepSpec{}} },
		"with another call":                      func(s *Spec, _ *Fingerprint) { h := call; h.URL = "http://y"; s.Call.HTTP = &h },
		"job with another call":                  func(s *Spec, _ *Fingerprint) { h := call; h.Headers = nil; s.Call.HTTP = &h },
	} {
		s, f := spec, m.Input
		change(&s, &f)
		err := m.Accepts(s, f, true)
		require.ErrorContains(t, err, want)
		require.Equal(t, KindOutput, KindOf(err))
	}
	renewed := call
	renewed.Headers = map[string]string{"A": "1", "b": "2", "Authorization": "Bearer new"}
	same.Call.HTTP = &renewed
	require.NoError(t, m.Accepts(same, m.Input, true), "another key asks for the same answers")
	fresh := m.Spec
	fresh.Call = CallSpec{Sleep: &SleepSpec{}}
	require.NoError(t, m.Accepts(fresh, m.Input, false), "no answer depends on the call yet")
}

func TestRanges(t *testing.T) {
	t.Parallel()
	r := Range{First: 10, Last: 20}
	require.True(t, r.Overlaps(Range{First: 19, Last: 30}))
	require.False(t, r.Overlaps(Range{First: 20, Last: 30}))
	require.Equal(t, "records 10-19", r.String())
	require.Equal(t, "record 7", Range{First: 7, Last: 8}.String())
}

// A percentage of few records means nothing yet; a count is judged at once.
func TestWhenFailuresAreTooMany(t *testing.T) {
	t.Parallel()
	percent, count := FailureLimit{Value: 10, Percent: true}, FailureLimit{Value: 10}
	require.False(t, percent.Exceeded(99, 99))
	require.True(t, percent.Exceeded(11, 100))
	require.False(t, percent.Exceeded(10, 100))
	require.True(t, count.Exceeded(11, 11))
	require.False(t, count.Exceeded(10, 10))
}
