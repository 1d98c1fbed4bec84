package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"longhaul/job"
)

// A range whose lane was closed before it was done is worked on again in another
// lane, also when it was among the last, and every batch is flushed once.
func TestAClosedLanesRangeGoesElsewhere(t *testing.T) {
	t.Parallel()
	for _, when := range []func(n int) bool{
		func(n int) bool { return n == 0 }, func(n int) bool { return n%3 == 0 }, func(n int) bool { return n > 5 && n < 30 },
	} {
		w := &world{records: 12_345}
		n := 0
		w.unfinished = func(job.Chunk) bool { n++; return when(n - 1) }
		env := environment(t, w)
		env.ExecuteWorkflow(BulkCall, sleepSpec(), State{})
		require.NoError(t, env.GetWorkflowError())
		require.Len(t, w.batches, 3)
		done := map[job.Range]int{}
		records := int64(0)
		for _, r := range w.finished {
			done[r]++
			records += r.Len()
		}
		require.Len(t, done, len(w.finished), "each once")
		require.EqualValues(t, 12_345, records)
	}
}

// Paused, no chunk starts; settings that are changed count for the next ones.
func TestUpdatesSteerTheDispatch(t *testing.T) {
	t.Parallel()
	w := &world{records: 100_000}
	env := environment(t, w)
	spec := sleepSpec()
	spec.ChunkInterval = job.Duration(10 * time.Second)
	update := func(at time.Duration, name string, tuning job.Tuning, want string) {
		env.RegisterDelayedCallback(func() {
			env.UpdateWorkflow(name, "", &testsuite.TestUpdateCallback{
				OnAccept:   func() { require.Empty(t, want) },
				OnReject:   func(err error) { require.ErrorContains(t, err, want); require.NotEmpty(t, want, err) },
				OnComplete: func(_ any, err error) { require.NoError(t, err) },
			}, tuning)
		}, at)
	}
	ten, none := 10, 0
	var during [2]int
	update(time.Minute, job.UpdateResume, job.Tuning{}, "the job is not paused")
	update(time.Minute, job.UpdatePause, job.Tuning{}, "")
	env.RegisterDelayedCallback(func() { during[0] = len(w.chunks) }, time.Minute+15*time.Second)
	update(2*time.Minute, job.UpdatePause, job.Tuning{}, "is paused already")
	update(2*time.Minute, job.UpdateTune, job.Tuning{Parallelism: &none}, "parallelism: 0 is out of range")
	update(2*time.Minute, job.UpdateTune, job.Tuning{}, "name at least one")
	update(2*time.Minute, job.UpdateTune, job.Tuning{Parallelism: &ten}, "")
	env.RegisterDelayedCallback(func() { during[1] = len(w.chunks) }, time.Hour)
	update(time.Hour, job.UpdateResume, job.Tuning{}, "")
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	require.Positive(t, during[0])
	require.Equal(t, during[0], during[1], "an hour of pause")
	calls := 0
	for _, chunk := range w.chunks[during[1] : during[1]+12] {
		calls += chunk.Grant.Calls
		require.EqualValues(t, 3, chunk.Grant.Version)
	}
	require.Len(t, w.controls, 3)
	require.True(t, w.controls[0].Paused)
	require.False(t, w.controls[2].Paused)
	sum := 0
	for _, grant := range w.controls[1].Grants {
		sum += grant.Calls
	}
	require.Equal(t, 10, sum)
	answer, err := env.QueryWorkflow(job.QueryProgress)
	require.NoError(t, err)
	var p job.Progress
	require.NoError(t, answer.Get(&p))
	require.Equal(t, 10, p.Settings.Parallelism)
	require.Len(t, p.Changes, 3)
	require.Equal(t, "ann", p.Changes[0].By)
}

// A redrive opens the batches with the failures: its percentage is that of the
// whole job.
func TestARedriveIsJudgedByTheWholeJob(t *testing.T) {
	t.Parallel()
	w := &world{records: 100_000, committed: job.Totals{Succeeded: 95_000}}
	w.fails = func(chunk job.Chunk) int64 { return chunk.Len() / 5 }
	spec := sleepSpec()
	spec.Redrive = &job.RedriveSpec{}
	env := environment(t, w)
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError(), "20 % of 5,000 are 1 % of all")
	spec.Redrive = nil
	env = environment(t, w)
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.ErrorContains(t, env.GetWorkflowError(), "max_failures 10% exceeded")
}

// Settings that workers cannot read are written anew, with who changed them, once for all
// chunks that were given out before; and again if that is lost too.
func TestSettingsThatAreLostAreWrittenAnew(t *testing.T) {
	t.Parallel()
	w := &world{records: 50_000}
	spec := sleepSpec()
	spec.Canary, spec.ChunkInterval = 0, 0
	env := environment(t, w)
	parallelism := 7
	w.indexing = func() { env.SignalWorkflow(job.UpdateTune, job.Tuning{Parallelism: &parallelism}) }
	lost := map[int64]int{}
	w.unfinished = func(chunk job.Chunk) bool {
		version := chunk.Grant.Version
		if len(w.controls) == 0 || version > 2 || lost[version] == 3 {
			return false
		}
		lost[version]++
		return true
	}
	w.settingsLost = func(job.Chunk) bool { return true }
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, map[int64]int{1: 3, 2: 3}, lost)
	require.Len(t, w.controls, 3, "that of the change, and one for each version that was lost")
	for _, control := range w.controls {
		require.Len(t, control.Changes, 1)
		require.Equal(t, "parallelism", control.Changes[0].What)
	}
	require.Equal(t, "ann", w.controls[1].Changes[0].By)
	records := int64(0)
	for _, r := range w.finished {
		records += r.Len()
	}
	require.EqualValues(t, 50_000, records)
}

// A change that is made while the input is indexed can be the reason to stop: a redrive
// keeps failures that the new max_failures does not allow.
func TestAChangeWhileIndexingStopsTheJob(t *testing.T) {
	t.Parallel()
	w := &world{records: 100_000, committed: job.Totals{Succeeded: 90_000, Failed: 50}}
	spec := sleepSpec()
	spec.Redrive = &job.RedriveSpec{}
	spec.MaxFailures = job.FailureLimit{Value: 100}
	env := environment(t, w)
	ten := job.FailureLimit{Value: 10}
	w.indexing = func() {
		env.UpdateWorkflow(job.UpdateTune, "", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { require.NoError(t, err) }, OnComplete: func(any, error) {},
		}, job.Tuning{MaxFailures: &ten})
	}
	env.ExecuteWorkflow(BulkCall, spec, State{})
	require.ErrorContains(t, env.GetWorkflowError(), "max_failures 10 exceeded")
	require.Empty(t, w.chunks)
}
