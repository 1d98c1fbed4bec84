package calls

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

type item struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func function(t *testing.T, f Function) Caller {
	t.Helper()
	spec := job.DefaultFuncSpec()
	spec.Name = f.Name()
	c, err := New(job.CallSpec{Func: &spec}, Options{Functions: []Function{Func("other", square), f}})
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

func TestAFunctionThatStopsAtItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := function(t, Func("waits", func(ctx context.Context, _ any) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})).Call(t.Context(), record(`1`))
		require.Equal(t, &job.CallError{Kind: "timeout", Message: "no answer within 30s", Retry: true}, err)
		require.Equal(t, 30*time.Second, time.Since(began))
	})
}

// Whatever comes too late counts as too late: a good answer, a failure for good.
func TestAFunctionThatIgnoresItsTimeout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		message string
	}{
		"answer":   {nil, "no answer within 30s; it came after 45s"},
		"error":    {errors.New("mine"), "no answer within 30s: mine"},
		"for good": {&job.CallError{Kind: "mine", Message: "no"}, "no answer within 30s: mine: no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answer, err := function(t, Func("late", func(context.Context, any) (int, error) {
					<-time.After(45 * time.Second)
					return 1, c.err
				})).Call(t.Context(), record(`1`))
				require.Equal(t, &job.CallError{Kind: "timeout", Message: c.message, Retry: true}, err)
				require.Empty(t, answer)
			})
		})
	}
}

// Calls that are cut off have not timed out.
func TestAFunctionThatIsCutOff(t *testing.T) {
	t.Parallel()
	ctx, cut := context.WithCancel(t.Context())
	_, err := function(t, Func("cut", func(ctx context.Context, _ any) (any, error) {
		cut()
		<-ctx.Done()
		return nil, ctx.Err()
	})).Call(ctx, record(`1`))
	require.Equal(t, context.Canceled, err)
}

// panics has JSON of its own, which panics.
type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("oh") }

func TestAPanicOfTheFunctionFailsItsRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, f := range []Function{
			Func("panics", func(context.Context, any) (any, error) { panic("oh") }),
			Func("late", func(context.Context, any) (any, error) { <-time.After(time.Minute); panic("oh") }),
			Func("its answer does", func(context.Context, any) (panics, error) { return panics{}, nil }),
		} {
			_, err := function(t, f).Call(t.Context(), record(`1`))
			var failure *job.CallError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, "panic", failure.Kind)
			require.False(t, failure.Retry)
			require.Contains(t, failure.Message, "oh")
			require.Contains(t, failure.Message, "func_test.go", "with the stack")
		}
	})
}

// A kind is a name, and goes through Temporal: a text in its place becomes part of the message.
func TestAKindOfAFunctionIsAName(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]*job.CallError{
		"no_such_customer": {Kind: "no_such_customer", Message: "gone", Status: 404, Retry: true},
		"no customer Ann":  {Kind: "call", Message: "no customer Ann: gone", Status: 404, Retry: true},
		"":                 {Kind: "call", Message: ": gone", Status: 404, Retry: true},
	} {
		c, err := newFunction(job.FuncSpec{Name: "f", Timeout: job.Duration(time.Second)}, []Function{Func("f", func(context.Context, int) (int, error) {
			return 0, &job.CallError{Kind: kind, Message: "gone", Status: 404, Retry: true}
		})})
		require.NoError(t, err)
		_, err = c.Call(t.Context(), record("1"))
		require.Equal(t, want, err, kind)
	}
}
