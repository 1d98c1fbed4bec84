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

func neverEnded(job.Owner) bool { return false }

func TestAClaimIsKeptUntilItIsFree(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	mine, other := job.Owner{WorkflowID: "mine", RunID: "1"}, job.Owner{WorkflowID: "other", RunID: "2"}
	epoch, _, err := f.Claim(mine, leaseTime, neverEnded)
	require.NoError(t, err)
	require.EqualValues(t, 1, epoch)
	epoch, _, err = f.Claim(mine, leaseTime, neverEnded)
	require.NoError(t, err)
	require.EqualValues(t, 1, epoch, "the same owner asks again")

	epoch, held, err := f.Claim(other, leaseTime, neverEnded)
	require.NoError(t, err)
	require.Zero(t, epoch)
	require.Equal(t, mine, held.Owner)

	epoch, _, err = f.Claim(other, leaseTime, func(owner job.Owner) bool { return owner == mine })
	require.NoError(t, err)
	require.EqualValues(t, 2, epoch, "at once when the owner has ended")
	require.Equal(t, job.KindTakenOver, job.KindOf(f.Holds(1)))
	require.Equal(t, job.KindTakenOver, job.KindOf(f.Renew(1)))
	require.NoError(t, f.Holds(2))

	require.NoError(t, f.Release(2))
	epoch, _, err = f.Claim(mine, leaseTime, neverEnded)
	require.NoError(t, err)
	require.EqualValues(t, 3, epoch, "at once when it was released")
}

func TestALeaseLapsesUnlessItIsRenewed(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	mine, other := job.Owner{WorkflowID: "mine"}, job.Owner{WorkflowID: "other"}
	_, _, err := f.Claim(mine, leaseTime, neverEnded)
	require.NoError(t, err)
	old := func(lease *job.Lease) { lease.Renewed = time.Now().Add(-2 * leaseTime) }
	require.NoError(t, f.update(1, old))
	require.NoError(t, f.Renew(1))
	epoch, _, err := f.Claim(other, leaseTime, neverEnded)
	require.NoError(t, err)
	require.Zero(t, epoch, "renewed")
	require.NoError(t, f.update(1, old))
	epoch, _, err = f.Claim(other, leaseTime, neverEnded)
	require.NoError(t, err)
	require.EqualValues(t, 2, epoch, "lapsed")
}

func TestOneOfManyClaimantsWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			f := open(t, dir)
			epoch, _, err := f.Claim(job.Owner{WorkflowID: string(rune('a' + i))}, leaseTime, neverEnded)
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
