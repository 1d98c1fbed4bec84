package claim

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/job"
)

// changing is a folder in which something happens just before an object is opened: it is
// a race that was lost.
type changing struct {
	storage.Folder
	before map[string]func() error
	fenced []storage.Token
}

func (c *changing) Open(ctx context.Context, name string) (storage.Object, error) {
	if happens := c.before[name]; happens != nil {
		delete(c.before, name)
		if err := happens(); err != nil {
			return nil, err
		}
	}
	return c.Folder.Open(ctx, name)
}

func (c *changing) Fence(ctx context.Context, token storage.Token) error {
	c.fenced = append(c.fenced, token)
	return c.Folder.Fence(ctx, token)
}

func changingFolder(t *testing.T) *changing {
	t.Helper()
	return &changing{Folder: folder(t, t.TempDir()), before: map[string]func() error{}}
}

// A claim that another claimant deletes while we look was in force no more.
func TestAClaimThatIsDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c := New(f)
	claims(t, c, mine, unknown, 1)
	claims(t, c, other, ended, 2)
	f.before[nameOf(1)] = func() error { return f.Delete(t.Context(), nameOf(1)) }
	claims(t, c, third, ended, 3)
}

// A claim that is replaced while it is confirmed is not in force, and somebody is at work.
func TestAClaimThatIsReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c := New(f)
	claims(t, c, mine, unknown, 1)
	replace := func() error {
		return errors.Join(f.Put(t.Context(), nameOf(2), storage.JSON(Lease{Claimant: Claimant{Owner: other}})), f.Delete(t.Context(), nameOf(1)))
	}
	f.before[nameOf(1)] = replace
	require.Equal(t, job.KindTakenOver, job.KindOf(c.Confirm(t.Context(), 1)))
	require.NoError(t, f.Delete(t.Context(), nameOf(2)))

	claims(t, c, mine, unknown, 1)
	f.before[nameOf(1)] = replace
	atWork, err := c.AtWork(t.Context())
	require.NoError(t, err)
	require.True(t, atWork)
}

// A storage that does not answer confirms nothing, and frees nothing.
func TestAStorageThatDoesNotAnswerConfirmsNothing(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c := New(f)
	claims(t, c, mine, unknown, 1)
	require.NoError(t, c.Enter(t.Context(), 1))
	silent := func() error { return job.Errorf(job.KindStorage, "x", "no answer") }
	f.before[nameOf(1)] = silent
	require.ErrorContains(t, c.Enter(t.Context(), 1), "no answer")
	f.before[c.presenceName(1)] = silent
	_, held, err := c.Take(t.Context(), Claimant{Owner: other}, leaseTime, ended)
	require.ErrorContains(t, err, "no answer")
	require.Nil(t, held)
}

// A presence that is deleted while we look has left; the others have not.
func TestAPresenceThatLeavesMeanwhile(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c, beside := New(f), New(f)
	claims(t, c, mine, unknown, 1)
	require.NoError(t, c.Enter(t.Context(), 1))
	require.NoError(t, beside.Enter(t.Context(), 1))
	for _, leaves := range []*Claims{c, beside} {
		f.before[leaves.presenceName(1)] = func() error { return leaves.Leave(t.Context(), 1) }
		require.WithinDuration(t, time.Now().Add(leaseTime), claims(t, c, other, ended, 0).Until, time.Minute)
		require.NoError(t, leaves.Enter(t.Context(), 1))
	}
	// The last one to lapse counts, in whatever order they are listed.
	old := presence{time.Now().Add(-leaseTime / 2)}
	for _, first := range []*Claims{c, beside} {
		require.NoError(t, f.Put(t.Context(), first.presenceName(1), storage.JSON(old)))
		require.WithinDuration(t, time.Now().Add(leaseTime), claims(t, c, other, ended, 0).Until, time.Minute)
		require.NoError(t, first.Enter(t.Context(), 1))
	}
}

// An attempt that was replaced is not let in again, not for a moment: another process may
// have its token.
func TestAnAttemptThatWasReplacedIsNotLetIn(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c := New(f)
	take := func(owner Owner, attempt int32) error {
		_, _, err := c.Take(t.Context(), Claimant{Owner: owner, Attempt: attempt}, leaseTime, ended)
		return err
	}
	require.NoError(t, take(mine, 2))
	require.Equal(t, job.KindTakenOver, job.KindOf(take(mine, 1)), "a late start of the first one")
	require.NoError(t, take(mine, 3))
	f.fenced = nil
	require.Equal(t, job.KindTakenOver, job.KindOf(take(mine, 2)))
	require.NoError(t, take(other, 1))
	require.Len(t, f.fenced, 1, "the other's")
	require.Equal(t, job.KindTakenOver, job.KindOf(take(mine, 3)))
	require.Len(t, f.fenced, 1)
}

// A claim that cannot be read has an owner that nobody can ask about.
func TestADamagedClaimHoldsTheFolderByItself(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c := New(f)
	require.NoError(t, f.Put(t.Context(), nameOf(1), storage.JSON("damage")))
	held := claims(t, c, other, ended, 0)
	require.True(t, held.Damaged)
	require.WithinDuration(t, time.Now().Add(damagedFor.Std()), held.Until, 10*time.Second)
	require.NoError(t, f.Put(t.Context(), nameOf(1), storage.JSON(Lease{Claimant: Claimant{Owner: mine}, Duration: -1})))
	require.True(t, claims(t, c, other, ended, 0).Damaged, "a lease of less than nothing")
}

// Two namespaces may have workflows of the same name: that one runs says nothing about the
// other.
func TestANamespaceIsPartOfAnOwner(t *testing.T) {
	t.Parallel()
	c := New(changingFolder(t))
	claims(t, c, Owner{Namespace: "a", WorkflowID: "w", RunID: "1"}, running, 1)
	require.True(t, claims(t, c, Owner{Namespace: "b", WorkflowID: "w", RunID: "2"}, running, 0).Running)
}

// The owner that asks again leaves those at work who are.
func TestAskingAgainKeepsThePresences(t *testing.T) {
	t.Parallel()
	c := New(changingFolder(t))
	claims(t, c, mine, unknown, 1)
	require.NoError(t, c.Enter(t.Context(), 1))
	claims(t, c, mine, unknown, 1)
	names, err := c.presences(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, []string{c.presenceName(1)}, names)
	epochs, err := c.epochs(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int64{1}, epochs, "a presence is no claim")
}

// A millionth claim is later than those before it.
func TestEpochsAreInOrderOfNumber(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c := New(f)
	for _, epoch := range []int64{999_999, 1_000_000} {
		require.NoError(t, f.Put(t.Context(), nameOf(epoch), storage.JSON(Lease{Claimant: Claimant{Owner: mine}})))
	}
	epoch, err := c.Epoch(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1_000_000, epoch)
}

// Who has lost the folder does not end its successor's claim, or its own once more.
func TestOnlyTheClaimInForceIsReleased(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c := New(f)
	claims(t, c, mine, unknown, 1)
	claims(t, c, other, ended, 2)
	require.Equal(t, job.KindTakenOver, job.KindOf(c.Release(t.Context(), storage.Token{Epoch: 1}, nil)))
	lease, err := c.lease(t.Context(), 1)
	require.NoError(t, err)
	require.False(t, lease.Released)
	_, err = c.lease(t.Context(), 3)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Nothing is written under a claim that was released, also by who has released it.
func TestAReleaseEndsTheWrites(t *testing.T) {
	t.Parallel()
	f := changingFolder(t)
	c := New(f)
	token, _, err := c.Take(t.Context(), Claimant{Owner: mine}, leaseTime, unknown)
	require.NoError(t, err)
	require.NoError(t, c.Release(t.Context(), token, nil))
	require.Equal(t, job.KindTakenOver, job.KindOf(f.Fenced(token).Put(t.Context(), "x", storage.JSON(1))))
}

// Nobody is at work in a folder that was never claimed.
func TestNobodyIsAtWorkWithoutAClaim(t *testing.T) {
	t.Parallel()
	atWork, err := New(changingFolder(t)).AtWork(t.Context())
	require.NoError(t, err)
	require.False(t, atWork)
}
