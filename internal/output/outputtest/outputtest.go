// Package outputtest makes what output folders hold, for tests, on a real disk.
package outputtest

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/claim"
	"longhaul/internal/journal"
	"longhaul/internal/storage"
	"longhaul/internal/storage/local"
	"longhaul/job"
)

// Lease is how long claims last.
const Lease = time.Hour

// T is a test, or one run of a property.
type T interface {
	require.TestingT
	Context() context.Context
}

// Folder is one of a disk.
func Folder(t T, dir string) storage.Folder {
	folder, err := local.Unconfined(dir, "_longhaul/unfinished").Folder(t.Context(), ".", true)
	require.NoError(t, err)
	return folder
}

// Claim takes a folder whose earlier owners have ended, for a new one.
func Claim(t T, claims *claim.Claims) storage.Token {
	ended := func(context.Context, claim.Owner) (claim.State, time.Time, error) {
		return claim.Ended, time.Time{}, nil
	}
	token, _, err := claims.Take(t.Context(), claim.Claimant{Owner: claim.Owner{WorkflowID: rand.Text()}}, Lease, ended)
	require.NoError(t, err)
	require.Positive(t, token.Epoch)
	return token
}

// Write makes a sealed journal of the range with these results.
func Write(t T, journals *journal.Set, r job.Range, attempt int32, results ...job.Result) job.JournalRef {
	w, err := journals.Create(t.Context(), r, "run", attempt)
	require.NoError(t, err)
	for _, result := range results {
		require.NoError(t, w.Append(result))
	}
	ref, err := w.Seal()
	require.NoError(t, err)
	return ref
}
