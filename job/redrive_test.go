package job

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A redrive may change the call, and leaves no trace of itself in job.json.
func TestARedriveMayChangeTheCall(t *testing.T) {
	t.Parallel()
	old := DefaultSpec()
	old.Output.URI, old.Call.Func = "out", &FuncSpec{Name: "a"}
	m := Manifest{JobID: "J", Spec: old}
	changed := old
	changed.Call.Func = &FuncSpec{Name: "b"}
	require.ErrorContains(t, m.Accepts(changed, m.Input, true), "another call")
	changed.Redrive = &RedriveSpec{}
	require.NoError(t, m.Accepts(changed, m.Input, true))
	require.Equal(t, "J", m.CallID())
	next := m.ContinueWith(changed, m.Input, 0)
	require.Nil(t, next.Spec.Redrive)
	require.Equal(t, "J-1", next.CallID(), "another call, another idempotency key")
	require.Equal(t, "J-1", next.ContinueWith(changed, m.Input, 0).CallID(), "the same call, the same key")
}
