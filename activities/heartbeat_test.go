package activities

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"longhaul/internal/claim"
	"longhaul/internal/session"
	"longhaul/job"
)

const timeout = 10 * time.Second

// beating is a heartbeat of a task that the server started age ago, to a server that
// answers as told.
func beating(t *testing.T, age time.Duration, server func(ctx context.Context, sent int) error) (context.Context, *heartbeat) {
	t.Helper()
	var sent atomic.Int32
	ctx, h := newHeartbeat(t.Context(), activity.Info{HeartbeatTimeout: timeout, StartedTime: time.Now().Add(-age)},
		func(ctx context.Context, _ job.Heartbeat) error { return server(ctx, int(sent.Add(1))) })
	h.begin(ctx)
	t.Cleanup(h.end)
	return ctx, h
}

// A connection that is silent, or fails, ends the starts of calls before the timeout, and
// the work at it. Until then the heartbeat is sent again and again.
func TestWithoutAnAcknowledgementTheWorkEnds(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]func(context.Context) error{
		"silent":  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"refused": func(context.Context) error { return serviceerror.NewUnavailable("connection refused") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var sent atomic.Int32
				ctx, h := beating(t, 0, func(ctx context.Context, n int) error {
					if sent.Store(int32(n)); n == 1 {
						return nil
					}
					return server(ctx)
				})
				defer h.end()
				<-time.After(12 * time.Second) // the one at 5 s was acknowledged
				require.NoError(t, ctx.Err())
				require.True(t, h.lease.Valid(time.Now()))
				<-time.After(1500 * time.Millisecond)
				require.False(t, h.lease.Valid(time.Now()), "8 s after it was sent")
				require.NoError(t, ctx.Err())
				<-time.After(2 * time.Second)
				require.ErrorIs(t, context.Cause(ctx), errNotAcknowledged)
				require.Error(t, h.expired.Err(), "10 s after it was sent")
				require.Greater(t, sent.Load(), int32(4))
			})
		})
	}
}

// The answer counts from when its heartbeat was sent, however late it comes.
func TestALateAcknowledgement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, h := beating(t, 0, func(context.Context, int) error {
			<-time.After(4 * time.Second)
			return nil
		})
		defer h.end()
		<-time.After(10 * time.Minute)
		require.NoError(t, ctx.Err(), "a slow server is no reason to end")
	})
}

// An answer that overtakes an earlier one counts: the earlier one tells of an earlier time.
func TestAnAcknowledgementThatIsOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, h := beating(t, 0, func(ctx context.Context, n int) error {
			switch n {
			case 1: // sent at 5 s, answered at 9.5 s
				<-time.After(4500 * time.Millisecond)
			case 2: // sent at 6 s, answered at once
			default:
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		defer h.end()
		<-time.After(13500 * time.Millisecond)
		require.True(t, h.lease.Valid(time.Now()), "until 6 s + 8 s")
		<-time.After(time.Second)
		require.False(t, h.lease.Valid(time.Now()))
	})
}

// A short activity sends no heartbeat; a long one each half of the timeout.
func TestHowManyHeartbeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		ctx, h := beating(t, time.Second, func(_ context.Context, n int) error { sent.Store(int32(n)); return nil })
		defer h.end()
		<-time.After(3 * time.Second)
		require.Zero(t, sent.Load())
		<-time.After(time.Minute)
		require.EqualValues(t, 12, sent.Load())
		require.NoError(t, ctx.Err())
		require.True(t, h.lease.Valid(time.Now()))
	})
}

// A task that lay in a process that was stopped is begun only when the server says so.
func TestATaskThatIsNotFresh(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"old": 3 * time.Second, "very old": time.Hour, "of another clock": -3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx, h := beating(t, age, func(context.Context, int) error { <-time.After(time.Second); return nil })
				require.Equal(t, time.Second, time.Since(began))
				require.NoError(t, ctx.Err())
				require.True(t, h.lease.Valid(time.Now()))
				h.end()

				ctx, h = beating(t, age, func(context.Context, int) error { return serviceerror.NewNotFound("activity not found") })
				require.True(t, isLost(context.Cause(ctx)))
				require.False(t, h.lease.Valid(time.Now()))
				h.end()

				began = time.Now()
				ctx, h = beating(t, age, func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() })
				require.Equal(t, timeout, time.Since(began))
				require.ErrorIs(t, context.Cause(ctx), errNotAcknowledged)
				h.end()
			})
		})
	}
}

// An attempt that is asked to end goes on with its heartbeats until it has: the server
// counts it as at work. If they stop being acknowledged then, its calls are cut off.
func TestHeartbeatsOfADrain(t *testing.T) {
	t.Parallel()
	for _, asked := range []error{temporal.NewCanceledError(), activity.ErrActivityPaused, activity.ErrActivityReset} {
		testHeartbeatsOfADrain(t, asked)
	}
}

func testHeartbeatsOfADrain(t *testing.T, asked error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		ctx, h := beating(t, 0, func(ctx context.Context, _ int) error {
			if silent.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return asked
		})
		defer h.end()
		calls, end := callsOf(ctx, h.expired, claim.Owner{}, &folder{takenOver: t.Context()})
		defer end()
		<-time.After(time.Hour)
		require.ErrorIs(t, context.Cause(ctx), asked)
		require.NoError(t, h.expired.Err(), "the server counts it as at work")
		require.Equal(t, mayDrain(asked), calls.Err() == nil)
		silent.Store(true)
		<-time.After(timeout + time.Second)
		require.ErrorIs(t, context.Cause(h.expired), errNotAcknowledged)
		require.Error(t, calls.Err())
	})
}

// folder is what a session knows of its folder, in these tests.
type folder struct {
	takenOver context.Context //nolint:containedctx // as the session has it
	ended     bool
	until     atomic.Pointer[time.Time]
}

func (f *folder) TakenOver() context.Context              { return f.takenOver }
func (f *folder) Ended(context.Context, claim.Owner) bool { return f.ended }
func (f *folder) PresentUntil() time.Time                 { return *f.until.Load() }

func (f *folder) renew(until time.Time) { f.until.Store(&until) }

// Calls of a workflow that has ended are nobody else's: they have the time that they
// need, as long as others can see that they are made. Those of a chunk that somebody else has
// are cut off at once.
func TestCallsAfterTheAttemptIsLost(t *testing.T) {
	t.Parallel()
	for _, ended := range []bool{true, false} {
		for _, end := range []string{"taken over", "absent"} {
			synctest.Test(t, func(t *testing.T) {
				ctx, h := beating(t, 0, func(context.Context, int) error { return serviceerror.NewNotFound("no such activity") })
				defer h.end()
				takenOver, take := context.WithCancel(t.Context())
				defer take()
				f := &folder{takenOver: takenOver, ended: ended}
				f.renew(time.Now().Add(2 * timeout))
				calls, done := callsOf(ctx, h.expired, claim.Owner{}, f)
				defer done()
				<-time.After(timeout/2 + time.Second)
				require.True(t, isLost(context.Cause(ctx)))
				require.Equal(t, ended, calls.Err() == nil)
				f.renew(time.Now().Add(time.Hour + time.Minute))
				<-time.After(time.Hour)
				require.Equal(t, ended, calls.Err() == nil)
				if end == "taken over" {
					take()
					synctest.Wait()
				} else {
					<-time.After(time.Minute + time.Second)
				}
				require.Error(t, calls.Err())
				if ended && end == "absent" {
					require.ErrorIs(t, context.Cause(calls), errAbsent)
				}
			})
		}
	}
}

// What an activity waits for is told at once.
func TestAHeartbeatAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := make(chan job.Heartbeat, 1)
		ctx, h := newHeartbeat(t.Context(), activity.Info{HeartbeatTimeout: timeout, StartedTime: time.Now()},
			func(_ context.Context, details job.Heartbeat) error { told <- details; return errors.New("may pass") })
		h.begin(ctx)
		defer h.end()
		h.done.Add(7)
		h.waitsFor(func() string { return "the folder" })
		h.beat()
		require.Equal(t, job.Heartbeat{Done: 7, Waiting: "the folder"}, <-told)
	})
}

// cancelingClient is of a server that asks every activity to end.
type cancelingClient struct{ client.Client }

func (cancelingClient) RecordActivityHeartbeat(context.Context, []byte, ...any) error {
	return temporal.NewCanceledError()
}

// The SDK reports an attempt as canceled only if it knows that the server has asked for it:
// it is told once, also if many heartbeats are answered so.
func TestTheSDKLearnsOfACancellation(t *testing.T) {
	t.Parallel()
	a := New(session.NewRegistry(session.Options{Client: cancelingClient{}}))
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	told := make(chan job.Heartbeat, 10)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var heartbeat job.Heartbeat
		require.NoError(t, details.Get(&heartbeat))
		told <- heartbeat
	})
	beat := func(ctx context.Context) error {
		send := a.sender(ctx, activity.GetInfo(ctx).TaskToken)
		for range 3 {
			require.True(t, temporal.IsCanceledError(send(ctx, job.Heartbeat{Done: 7})))
		}
		return nil
	}
	env.RegisterActivity(beat)
	_, err := env.ExecuteActivity(beat)
	require.NoError(t, err)
	select {
	case heartbeat := <-told:
		require.EqualValues(t, 7, heartbeat.Done)
	case <-time.After(10 * time.Second):
		require.Fail(t, "it was not told")
	}
	require.Empty(t, told)
}
