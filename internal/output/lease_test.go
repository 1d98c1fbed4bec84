package output

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

const leaseTime = time.Hour

func unknown(job.Owner) job.OwnerState { return job.OwnerUnknown }
func running(job.Owner) job.OwnerState { return job.OwnerRunning }
func ended(job.Owner) job.OwnerState   { return job.OwnerEnded }

var mine, other = job.Owner{WorkflowID: "mine", RunID: "1"}, job.Owner{WorkflowID: "other", RunID: "2"}

// claims expects an epoch; 0 if the folder is held.
func claims(t *testing.T, f *Folder, owner job.Owner, state func(job.Owner) job.OwnerState, want int64) *job.Held {
	t.Helper()
	epoch, held, err := f.Claim(owner, leaseTime, state)
	require.NoError(t, err)
	require.Equal(t, want, epoch)
	return held
}

// ago makes a claim, or the folder's presence, that long old.
func ago(t *testing.T, f *Folder, epoch int64, d time.Duration) {
	t.Helper()
	lease, err := f.lease(epoch)
	require.NoError(t, err)
	lease.Claimed = time.Now().Add(-d)
	require.NoError(t, f.store.Put(claimName(epoch), writeJSON(lease)))
}

func TestAClaimIsKeptUntilItIsFree(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	claims(t, f, mine, unknown, 1)
	claims(t, f, mine, unknown, 1) // the same owner asks again
	require.Equal(t, mine, claims(t, f, other, unknown, 0).Owner)
	require.True(t, claims(t, f, other, running, 0).Running)

	claims(t, f, other, ended, 2) // at once when the owner has ended
	require.Equal(t, job.KindTakenOver, job.KindOf(f.Holds(1)))
	require.Equal(t, job.KindTakenOver, job.KindOf(f.Enter(1)))
	require.NoError(t, f.Holds(2))

	require.NoError(t, f.Release(2))
	claims(t, f, mine, running, 3) // at once when it was released
}

func TestAClaimLapsesUnlessSomebodyIsAtWork(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	claims(t, f, mine, unknown, 1)
	ago(t, f, 1, 2*leaseTime)
	claims(t, f, other, running, 0) // however old: the server says that it runs
	require.NoError(t, f.Enter(1))
	require.WithinDuration(t, time.Now().Add(leaseTime), claims(t, f, other, unknown, 0).Until, time.Minute)
	require.NoError(t, f.store.Put(f.presenceName(1), writeJSON(presence{time.Now().Add(-2 * leaseTime)})))
	claims(t, f, other, unknown, 2)
	names, err := f.presences(1)
	require.NoError(t, err)
	require.Empty(t, names)
}

// A workflow that was terminated leaves calls in flight behind.
func TestAnEndedOwnersWorkersMustHaveLeft(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	claims(t, f, mine, unknown, 1)
	require.NoError(t, f.Enter(1))
	claims(t, f, other, ended, 0)
	require.NoError(t, f.Release(1))
	claims(t, f, other, ended, 0)
	require.NoError(t, f.Leave(1))
	claims(t, f, other, ended, 2)
}

func TestOneOfManyClaimantsWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			f := open(t, dir)
			epoch, _, err := f.Claim(job.Owner{WorkflowID: string(rune('a' + i))}, leaseTime, unknown)
			if err != nil {
				t.Error(err)
			}
			if epoch > 0 {
				won.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
}
