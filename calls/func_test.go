package calls

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

type item struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func function(t *testing.T, f Function) Caller {
	t.Helper()
	c, err := New(job.CallSpec{Func: &job.FuncSpec{Name: f.Name()}}, Options{Functions: []Function{Func("other", square), f}})
	require.NoError(t, err)
	return c
}

func square(_ context.Context, n int) (int, error) { return n * n, nil }

func TestAFunctionIsCalledByName(t *testing.T) {
	t.Parallel()
	c := function(t, Func("greet", func(_ context.Context, in item) (map[string]string, error) {
		return map[string]string{"hello": in.Name}, nil
	}))
	answer, err := c.Call(t.Context(), record(`{"id":1,"name":"Ann"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"hello":"Ann"}`, string(answer.Output))
}

func TestWhatAFunctionCannotDo(t *testing.T) {
	t.Parallel()
	var failure *job.CallError
	_, err := function(t, Func("greet", func(context.Context, item) (int, error) { return 0, nil })).Call(t.Context(), record(`"text"`))
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "decode", failure.Kind)
	require.False(t, failure.Retry)
	_, err = function(t, Func("chan", func(context.Context, any) (chan int, error) { return nil, nil })).Call(t.Context(), record(`1`))
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "encode", failure.Kind)
	mine := errors.New("mine")
	_, err = function(t, Func("fails", func(context.Context, any) (any, error) { return nil, mine })).Call(t.Context(), record(`1`))
	require.ErrorIs(t, err, mine)
}

func TestAnUnknownFunctionIsNamed(t *testing.T) {
	t.Parallel()
	unknown := job.CallSpec{Func: &job.FuncSpec{Name: "cube"}}
	_, err := New(unknown, Options{Functions: []Function{Func("square", square)}})
	require.EqualError(t, err, `call.func.name: this worker has no function "cube"; it has square`)
	_, err = New(unknown, Options{})
	require.ErrorContains(t, err, `longhaul.Worker(calls.Func("cube", ...))`)
}
