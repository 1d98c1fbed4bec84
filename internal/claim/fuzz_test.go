package claim

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage/memory"
	"longhaul/job"
)

// Whatever a claim and a presence hold: nobody panics, the job of the claim goes on or was
// ended, and another one waits or gets the next epoch.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `{"workflow_id":"mine","run_id":"1","claimed":"2026-01-01T00:00:00Z","duration":"30s","token":"a"}`,
		`{"workflow_id":"other","released":true,"duration":"-1h"}`, `{"renewed":"2026-01-01T00:00:00Z"}`, `{"renewed":7}`, `{"duration":"9999999h","workflow_id":"x"}`,
	} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, claim, present []byte) {
		folder, err := memory.New().Folder(t.Context(), "out", true)
		require.NoError(t, err)
		c := New(folder)
		for name, content := range map[string][]byte{nameOf(1): claim, c.presenceName(1): present} {
			require.NoError(t, folder.Put(t.Context(), name, func(w io.Writer) error { _, err := w.Write(content); return err }))
		}
		if err := c.Confirm(t.Context(), 1); err != nil {
			require.Equal(t, job.KindTakenOver, job.KindOf(err))
		}
		_, err = c.AtWork(t.Context())
		require.NoError(t, err)
		token, held, err := c.Take(t.Context(), Claimant{Owner: Owner{WorkflowID: "asks", RunID: "2"}, Attempt: 1}, time.Minute, ended)
		if err != nil {
			require.Equal(t, job.KindTakenOver, job.KindOf(err))
			return
		}
		require.NotEqual(t, held == nil, token.Epoch == 0)
		if held == nil {
			require.EqualValues(t, 2, token.Epoch)
			require.Equal(t, job.KindTakenOver, job.KindOf(c.Confirm(t.Context(), 1)))
		}
	})
}
