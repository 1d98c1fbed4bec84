package job

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAFunctionHasATimeout(t *testing.T) {
	t.Parallel()
	const spec = `{"input":{"count":1},"output":{"uri":"o"},"call":{"func":{`
	require.Empty(t, problemsOf(t, spec+`"name":"f"}}}`))
	require.Empty(t, problemsOf(t, spec+`"name":"f","timeout":"1ms"}}}`))
	require.Equal(t, "call.func.timeout: 0s is out of range; give 1ms or more", problemsOf(t, spec+`"name":"f","timeout":"0s"}}}`))
	require.Equal(t, "call.func.name: is missing", problemsOf(t, spec+`"timeout":"1s"}}}`))
	require.Contains(t, problemsOf(t, spec+`"name":"f","timeouts":"1s"}}}`), "did you mean timeout?")
}

// Histories, job.json and programs from before there was a timeout have none.
func TestTheTimeoutOfAFunctionHasADefault(t *testing.T) {
	t.Parallel()
	var before, now FuncSpec
	require.NoError(t, json.Unmarshal([]byte(`{"name":"f"}`), &before))
	require.Equal(t, Duration(30*time.Second), before.Timeout)
	data, err := json.Marshal(FuncSpec{Name: "f"})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &now))
	require.Equal(t, before, now)
	longer := before
	longer.Timeout *= 2
	require.Equal(t, CallSpec{Func: &before}.identity(), CallSpec{Func: &longer}.identity(), "a job may go on with another one")
}

func TestStuckCallsAddUp(t *testing.T) {
	t.Parallel()
	early, late := &StuckCalls{Count: 1, Record: 7, Since: time.Unix(1, 0)}, &StuckCalls{Count: 2, Record: 3, Since: time.Unix(2, 0)}
	both := &StuckCalls{Count: 3, Record: 7, Since: time.Unix(1, 0)}
	require.Equal(t, both, early.With(late))
	require.Equal(t, both, late.With(early))
	var none *StuckCalls
	require.Equal(t, late, none.With(late))
	require.Equal(t, late, late.With(none))
}
