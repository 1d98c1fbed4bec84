package activities_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"longhaul/job"
)

func httpSpec(uri, url string) job.Spec {
	spec := sleepSpec(uri)
	call := job.DefaultHTTPSpec()
	call.URL = url
	spec.Call = job.CallSpec{HTTP: &call}
	return spec
}

func TestAnInputThatChangesIsNoticed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.jsonl", "1\n2\n")
	plan, err := s.index(sleepSpec("in.jsonl"))
	require.NoError(t, err)
	s.write("in.jsonl", "1\n2\n3\n")
	_, err = s.process(plan.Ref, job.Chunk{Range: job.Range{Last: 2}, Grant: job.LaneGrant{Calls: 1}})
	requireKind(t, err, job.KindInput, "in.jsonl: the input has changed since it was indexed")
}

// A chunk calls only what no journal has, from whatever attempt or run.
func TestAChunkCallsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var calls atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, calls.Add(1)) }))
	t.Cleanup(api.Close)
	s.write("in.txt", strings.Repeat("x\n", 10))
	spec := httpSpec("in.txt", api.URL+"/{{.}}")
	plan, err := s.index(spec)
	require.NoError(t, err)
	first, err := s.process(plan.Ref, job.Chunk{Range: job.Range{First: 2, Last: 6}, Grant: job.LaneGrant{Calls: 3}})
	require.NoError(t, err)
	require.EqualValues(t, 4, calls.Load())
	whole, err := s.process(plan.Ref, job.Chunk{Range: job.Range{First: 0, Last: 10}, Grant: job.LaneGrant{Calls: 3}})
	require.NoError(t, err)
	require.EqualValues(t, 10, calls.Load())
	require.EqualValues(t, 10, whole.Succeeded)
	require.Contains(t, whole.Journals, first.Journals[0])
	again, err := s.process(plan.Ref, job.Chunk{Range: job.Range{First: 0, Last: 10}, Grant: job.LaneGrant{Calls: 3}})
	require.NoError(t, err)
	require.EqualValues(t, 10, calls.Load(), "all is there")
	require.Equal(t, whole.Totals, again.Totals)
}

// When the worker stops, calls in flight end and are kept, and the rest is for
// another attempt.
func TestAChunkStopsWithItsWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := make(chan struct{})
	var calls atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 3 {
			close(stop)
		}
		fmt.Fprint(w, 1)
	}))
	t.Cleanup(api.Close)
	s.write("in.txt", strings.Repeat("x\n", 5000))
	spec := httpSpec("in.txt", api.URL+"/{{.}}")
	plan, err := s.index(spec)
	require.NoError(t, err)
	s.env.SetWorkerStopChannel(stop)
	_, err = s.process(plan.Ref, job.Chunk{Range: job.Range{Last: 5000}, Grant: job.LaneGrant{Calls: 1}})
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, "WorkerStops", application.Type())
	require.False(t, application.NonRetryable())
	made := calls.Load()
	require.Less(t, made, int32(5000))

	opened, done, err := s.jobs.Open(t.Context(), plan.Ref)
	require.NoError(t, err)
	defer done()
	answered, err := opened.Output.Journals.Answered(t.Context(), job.Range{Last: 5000})
	require.NoError(t, err)
	require.EqualValues(t, made, answered.Done(), "every call that was made is kept")
}

func TestAJobThatWasTakenOverStops(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.txt", "x\n")
	plan, err := s.index(sleepSpec("in.txt"))
	require.NoError(t, err)
	opened, done, err := s.jobs.Open(t.Context(), plan.Ref)
	require.NoError(t, err)
	folder, err := s.jobs.Store().Folder(t.Context(), "out", false)
	require.NoError(t, err)
	require.NoError(t, folder.Put(t.Context(), "_longhaul/owner/000002.json", func(w io.Writer) error {
		_, err := w.Write([]byte("{}"))
		return err
	}))
	require.NoError(t, folder.Close())
	<-opened.TakenOver().Done()
	done()
	_, err = s.process(plan.Ref, job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}})
	requireKind(t, err, job.KindTakenOver, "taken over by another job")
}

// An attempt that sees the journal of a later one ends, and cuts off its calls.
func TestASupersededAttemptEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	called, gone := make(chan struct{}), make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(called)
		<-r.Context().Done()
		close(gone)
	}))
	t.Cleanup(api.Close)
	s.write("in.txt", "x\n")
	plan, err := s.index(httpSpec("in.txt", api.URL+"/{{.}}"))
	require.NoError(t, err)
	ended := make(chan error)
	go func() {
		_, err := s.process(plan.Ref, job.Chunk{Range: job.Range{Last: 1}, Grant: job.LaneGrant{Calls: 1}})
		ended <- err
	}()
	<-called
	journals, err := filepath.Glob(filepath.Join(s.root, "out/_longhaul/journal/*/*-1.*.journal"))
	require.NoError(t, err)
	require.Len(t, journals, 1)
	later := regexp.MustCompile(`-1\.[^.]*\.journal$`).ReplaceAllString(journals[0], "-2.OTHER.journal")
	require.NoError(t, os.WriteFile(later, []byte("longhaul journal 1\n"), 0o644))
	require.ErrorContains(t, <-ended, "a later attempt is at work at this")
	<-gone
}

// A chunk whose settings cannot be read makes no call: the job may be paused.
func TestAChunkThatDoesNotKnowTheSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("in.txt", "1\n2\n3\n")
	plan, err := s.index(sleepSpec("in.txt"))
	require.NoError(t, err)
	s.write("out/_longhaul/control.json", `{"paused": `)
	chunk := job.Chunk{Range: job.Range{Last: 3}, Grant: job.LaneGrant{Calls: 3}}
	receipt, err := s.process(plan.Ref, chunk)
	require.NoError(t, err)
	require.Equal(t, job.Receipt{Range: chunk.Range, Pool: receipt.Pool, Unfinished: true, SettingsLost: true}, receipt)

	changes := []job.Change{{What: "paused", From: "true", To: "false", By: "ann"}}
	_, err = s.env.ExecuteActivity(s.act.SteerJob, plan.Ref, job.Control{Epoch: plan.Epoch, Version: 2, Grants: []job.LaneGrant{{Calls: 3}}, Changes: changes}, job.Request{})
	require.NoError(t, err)
	receipt, err = s.process(plan.Ref, chunk)
	require.NoError(t, err)
	require.EqualValues(t, 3, receipt.Succeeded)
}
