package output

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/output/outputtest"
	"longhaul/internal/part/parttest"
	"longhaul/internal/storage/memory"
	"longhaul/job"
)

func bytesOf(content []byte) func(io.Writer) error {
	return func(w io.Writer) error { _, err := w.Write(content); return err }
}

// Whatever stands in the place of a commit: the flush of a batch whose answers are there
// ends with its part, or with the commit that was there if that is one of the batch.
func FuzzCommit(f *testing.F) {
	right := `{"batch":0,"first":0,"last":2,"succeeded":2,"failed":0,"attempts":2,"part":{"name":"part-000000.jsonl","bytes":0,"sha256":"` +
		`0000000000000000000000000000000000000000000000000000000000000000"},"committed":"2026-01-01T00:00:00Z"}`
	for _, seed := range []string{"", "{}", "null", "[1]", right, right[:len(right)-1], `{"batch":0,"first":-1,"last":1}`, `{"last":9223372036854775807}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		store, err := memory.New().Folder(t.Context(), "out", true)
		require.NoError(t, err)
		folder := NewFolder(store)
		folder = folder.Under(outputtest.Claim(t, folder.Claims))
		r := job.Range{Last: 2}
		batch := job.Batch{Range: r, Journals: []job.JournalRef{outputtest.Write(t, folder.Journals, r, 1, parttest.Success(0), parttest.Success(1))}}
		require.NoError(t, store.Put(t.Context(), CommitName(0), bytesOf(content)))
		there, readErr := folder.Commit(t.Context(), 0)
		flushed, err := folder.Flush(t.Context(), batch)
		require.NoError(t, err)
		require.Empty(t, flushed.Lost)
		require.Equal(t, r, flushed.Range)
		require.EqualValues(t, 2, flushed.Done())
		if readErr == nil && there.Range == r {
			return // what it says of its part is for verify
		}
		object, err := store.Open(t.Context(), PartName(0))
		require.NoError(t, err)
		data, err := io.ReadAll(io.NewSectionReader(object, 0, object.Size()))
		require.NoError(t, err)
		require.Equal(t, parttest.Lines(parttest.Success(0), parttest.Success(1)), string(data))
	})
}

// Whatever stands in control.json: a change can be written, and is what is read then.
func FuzzControl(f *testing.F) {
	for _, seed := range []string{"", "{}", "null", `{"epoch":1,"run":"r","version":3,"changes":[{}]}`, `{"version":"x"}`, `{"shares":[{"lane":-1}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		store, err := memory.New().Folder(t.Context(), "out", true)
		require.NoError(t, err)
		folder := NewFolder(store)
		folder = folder.Under(outputtest.Claim(t, folder.Claims))
		require.NoError(t, store.Put(t.Context(), controlName, bytesOf(content)))
		if _, err := folder.Control(t.Context()); err != nil {
			require.Equal(t, job.KindOutput, job.KindOf(err))
		}
		change := job.Control{Epoch: 1, RunID: "new run", Version: 1, Paused: true, Changes: []job.Change{{What: "state", To: "paused"}}}
		require.NoError(t, folder.PutControl(t.Context(), change))
		control, err := folder.Control(t.Context())
		require.NoError(t, err)
		require.True(t, control.Paused || control.RunID != "new run" || control.Version > 1)
		require.LessOrEqual(t, len(control.Changes), maxChanges)
	})
}
