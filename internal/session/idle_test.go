package session

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output"
	"longhaul/internal/output/outputtest"
	"longhaul/internal/storage/memory"
	"longhaul/job"
)

// Of many jobs that have been at work here, few stay open, whatever happens in their
// workflows: each keeps connections or programs.
func TestFewIdleSessionsStayOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		registry := NewRegistry(Options{Store: store})
		use := func(i int) func() {
			ref := job.Ref{JobID: strconv.Itoa(i), Output: "out" + strconv.Itoa(i), Epoch: 1}
			folder, err := output.Open(context.Background(), store, ref.Output, true)
			require.NoError(t, err)
			token := outputtest.Claim(t, folder.Claims)
			folder = folder.Under(token)
			ref.Token = token.ID
			spec := job.DefaultSpec()
			spec.Call.Sleep = &job.SleepSpec{}
			require.NoError(t, folder.PutManifest(t.Context(), job.Manifest{Version: job.LayoutVersion, JobID: ref.JobID, Spec: spec}))
			_, release, err := registry.Open(t.Context(), ref)
			require.NoError(t, err)
			return release
		}
		open := func() int {
			registry.mu.Lock()
			defer registry.mu.Unlock()
			return len(registry.entries)
		}
		inUse := use(0)
		for i := range 200 {
			use(i + 1)()
			synctest.Wait()
			require.LessOrEqual(t, open(), maxIdle+1)
		}
		require.Equal(t, maxIdle+1, open())
		inUse()
		<-time.After(2 * idleLimit)
		require.Zero(t, open())
		require.NoError(t, registry.Close())
	})
}
