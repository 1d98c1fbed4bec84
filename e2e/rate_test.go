package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"

	"longhaul/job"
)

// arrivals notes when calls reach the API.
type arrivals struct {
	*httptest.Server
	mu sync.Mutex
	at []time.Time
}

func newArrivals(t *testing.T) *arrivals {
	t.Helper()
	a := &arrivals{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.at = append(a.at, time.Now())
		_, _ = w.Write([]byte("1"))
	}))
	t.Cleanup(a.Close)
	return a
}

// most is how many arrive in a second at most.
func (a *arrivals) most() int {
	most := 0
	for i := range a.at {
		last := i
		for last < len(a.at) && a.at[last].Sub(a.at[i]) < time.Second {
			last++
		}
		most = max(most, last-i)
	}
	return most
}

// The workers share the rate, and use it. Starts are exact (internal/pool tests
// that on a clock of its own); here they are seen where they arrive, on a machine
// that is busy with other tests: what was late comes together with what is on time.
func TestTwoWorkersShareTheRate(t *testing.T) {
	t.Parallel()
	const records, rate = 1000, 50
	api := newArrivals(t)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, 100)
	spec.Rate = rate
	finishJob(t, startJob(t, shared, id, spec))
	require.Len(t, api.at, records)
	// At the end one worker may have nothing left to use its share for.
	used := float64(records/2) / api.at[records/2].Sub(api.at[0]).Seconds() / rate
	t.Logf("%.1f %% of the rate, at most %d in a second", 100*used, api.most())
	require.LessOrEqual(t, api.most(), rate*11/10)
	require.Greater(t, used, 0.9)
}

func TestOneCallInTwoSeconds(t *testing.T) {
	t.Parallel()
	api := newArrivals(t)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, 5, 100)
	spec.Rate = 0.5
	finishJob(t, startJob(t, shared, id, spec))
	for i := 1; i < len(api.at); i++ {
		require.InDelta(t, 2, api.at[i].Sub(api.at[i-1]).Seconds(), 0.3)
	}
}

// A reset forgets what the old run has done after its point. A grant that it has used a
// moment ago is no fresh one for the new run, whose workers have to let it cool down.
func TestNoGrantIsFreshAfterAReset(t *testing.T) {
	t.Parallel()
	const records, rate = 600, 50
	api := newCountingAPI(t, records, time.Millisecond, 200)
	root, id := t.TempDir(), newID(t)
	startWorker(t, shared, root, id)
	spec := httpSpec(api.URL, records, 100)
	spec.Rate, spec.ChunkSize, spec.BatchSize = rate, 20, 2
	startJob(t, shared, id, spec)
	api.await(t, 200)
	out, code := runCommand(t, root, os.Getenv("TEMPORAL_CLI"), "workflow", "reset", "--address", shared.local.Address(), "--workflow-id", id,
		"--event-id", secondTask(t, id), "--reason", "test")
	require.Zero(t, code, out)
	run := shared.GetWorkflow(t.Context(), id, "")
	finishJob(t, run)
	require.Zero(t, api.repeated(t))
	history, granted := shared.GetWorkflowHistory(t.Context(), id, run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT), 0
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		scheduled := event.GetActivityTaskScheduledEventAttributes()
		if scheduled.GetActivityType().GetName() != "ProcessChunk" {
			continue
		}
		var ref job.Ref
		var chunk job.Chunk
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(scheduled.GetInput(), &ref, &chunk))
		if chunk.Grant.RunID == run.GetRunID() {
			granted++
			require.False(t, chunk.Grant.Fresh, "%+v", chunk)
		}
	}
	require.Positive(t, granted)
}
