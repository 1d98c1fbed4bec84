package activities

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"longhaul/internal/pool"
	"longhaul/job"
)

// The server gives an attempt's work to somebody else when no heartbeat has come for the
// heartbeat timeout. So all is counted from when the last acknowledged heartbeat was
// sent, in parts of that timeout.
const (
	// beatAfter is when the next heartbeat is sent: a short activity sends none, because
	// each is a billed action.
	beatAfter = 0.5
	// beatAgainAfter is how soon it is sent again if it is not acknowledged.
	beatAgainAfter = 0.1
	// holdAfter is from when on no call starts.
	holdAfter = 0.8
	// freshFor is how old a task may be, by the clocks of the server and of this machine,
	// to be begun without a heartbeat: the process may have been stopped with it.
	freshFor = 0.2
)

// errNotAcknowledged ends an attempt when the server may have given its work to somebody
// else.
var errNotAcknowledged = errors.New("the server has not acknowledged a heartbeat in time: others may be at work at this")

// heartbeat tells the server that an attempt is at work. Its answer, or that there is
// none, ends the attempt's context; until then it renews the lease to start calls.
type heartbeat struct {
	// lease is nil without a heartbeat timeout: then nobody else gets the work.
	lease   *pool.Lease
	send    func(ctx context.Context, details job.Heartbeat) error
	timeout time.Duration
	// cancel ends the attempt's context. expired is done when others may be at work.
	cancel  context.CancelCauseFunc
	expired context.Context
	expire  context.CancelCauseFunc
	done    atomic.Int64
	waiting atomic.Pointer[func() string]
	pool    atomic.Pointer[pool.Pool]

	// before is what the attempts before this one lacked, lack what this one lacks.
	before *job.Lack
	lack   atomic.Pointer[job.Lack]
	// begun counts attempts, see deaths.go.
	begun atomic.Int32

	// started is when the server gave the task out, by its clock.
	started time.Time

	now     chan struct{}
	answers chan answer
	beating context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

// answer is the server's to one heartbeat.
type answer struct {
	sent time.Time
	err  error
}

// startHeartbeat returns the context for the attempt, which ends when the attempt must.
// If the task is not fresh it returns only when a heartbeat was acknowledged, or the
// context has ended.
func (a *Activities) startHeartbeat(ctx context.Context) (context.Context, *heartbeat) {
	info := activity.GetInfo(ctx)
	working, h := newHeartbeat(ctx, info, a.sender(ctx, info.TaskToken))
	h.before = lackBefore(ctx)
	h.begin(working)
	return working, h
}

func newHeartbeat(ctx context.Context, info activity.Info, send func(context.Context, job.Heartbeat) error) (context.Context, *heartbeat) {
	working, cancel := context.WithCancelCause(ctx)
	// A drain goes on after the attempt's context has ended, and so do the heartbeats.
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	h := &heartbeat{
		timeout: info.HeartbeatTimeout, started: info.StartedTime, cancel: cancel, send: send,
		now: make(chan struct{}, 1), answers: make(chan answer), beating: beating, stop: stop,
	}
	h.expired, h.expire = context.WithCancelCause(beating)
	if h.timeout > 0 {
		h.lease = pool.NewLease()
	}
	return working, h
}

// lose ends the attempt and its calls: others are at work, or may be.
func (h *heartbeat) lose(why error) {
	h.cancel(why)
	h.expire(why)
}

// begin returns when the work may begin, or ctx is done.
func (h *heartbeat) begin(ctx context.Context) {
	if h.timeout <= 0 {
		return
	}
	age := time.Since(h.started)
	acknowledged := time.Now().Add(-max(age, 0))
	begun := make(chan struct{})
	if age.Abs() < h.part(freshFor) {
		h.renew(acknowledged)
		close(begun)
	} else {
		acknowledged = time.Now() // the server knows better; it says so, or not
		h.beat()
	}
	h.running.Go(func() { h.run(acknowledged, begun) })
	select {
	case <-begun:
	case <-ctx.Done():
	}
}

// sender sends heartbeats so that their answer is seen; the SDK's own function hides it.
// Without a server there is nothing to see.
func (a *Activities) sender(attempt context.Context, taskToken []byte) func(context.Context, job.Heartbeat) error {
	client := a.sessions.Client()
	if client == nil {
		return func(_ context.Context, details job.Heartbeat) error {
			activity.RecordHeartbeat(attempt, details)
			return nil
		}
	}
	var asks atomic.Bool
	told := make(chan struct{})
	return func(ctx context.Context, details job.Heartbeat) error {
		err := client.RecordActivityHeartbeat(ctx, taskToken, details)
		if !temporal.IsCanceledError(err) || ctx.Err() != nil {
			return err
		}
		// The SDK reports an activity as canceled only if its own heartbeat was told so.
		if asks.CompareAndSwap(false, true) {
			activity.RecordHeartbeat(attempt, details)
			close(told)
		}
		select {
		case <-told:
		case <-ctx.Done():
		}
		return err
	}
}

func (h *heartbeat) part(of float64) time.Duration { return time.Duration(of * float64(h.timeout)) }

func (h *heartbeat) renew(acknowledged time.Time) { h.lease.Renew(acknowledged.Add(h.part(holdAfter))) }

// run sends heartbeats until they are stopped. It closes begun when the work may begin.
func (h *heartbeat) run(acknowledged time.Time, begun chan struct{}) {
	ctx := h.beating
	expiry := time.AfterFunc(time.Until(acknowledged.Add(h.timeout)), func() { h.lose(errNotAcknowledged) })
	defer expiry.Stop()
	next := time.NewTimer(time.Until(acknowledged.Add(h.part(beatAfter))))
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.now:
			h.sendOne(ctx)
		case <-next.C:
			h.sendOne(ctx)
			next.Reset(h.part(beatAgainAfter))
		case answer := <-h.answers:
			if reason := reasonToEnd(answer.err); reason != nil {
				h.cancel(reason)
			}
			if !isAcknowledged(answer.err) || answer.sent.Before(acknowledged) {
				continue
			}
			acknowledged = answer.sent
			h.renew(acknowledged)
			expiry.Reset(time.Until(acknowledged.Add(h.timeout)))
			next.Reset(time.Until(acknowledged.Add(h.part(beatAfter))))
			select {
			case <-begun:
			default:
				close(begun)
			}
		}
	}
}

// sendOne sends a heartbeat. It does not wait for the answer: if that does not come, the
// next one is sent beside it.
func (h *heartbeat) sendOne(ctx context.Context) {
	details, sent := h.details(), time.Now()
	h.running.Go(func() {
		sending, end := context.WithTimeout(ctx, h.timeout)
		defer end()
		err := h.send(sending, details)
		select {
		case h.answers <- answer{sent, err}:
		case <-ctx.Done():
		}
	})
}

// isAcknowledged says whether the server still counts the attempt as at work, also if it
// wants it to end.
func isAcknowledged(err error) bool {
	var canceled *temporal.CanceledError
	return err == nil || errors.As(err, &canceled) || errors.Is(err, activity.ErrActivityPaused) || errors.Is(err, activity.ErrActivityReset)
}

// reasonToEnd is the answer if it ends the attempt; nil if it does not. An error of the
// connection may pass.
func reasonToEnd(err error) error {
	if err != nil && (isAcknowledged(err) || isLost(err)) {
		return err
	}
	return nil
}

// end stops the heartbeats. None follows it.
func (h *heartbeat) end() {
	h.stop()
	h.running.Wait()
	h.expire(nil)
	h.cancel(nil)
}
