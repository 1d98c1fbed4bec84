package connect

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The waits between two tries to reach a server that is not there yet.
const (
	firstWait   = 500 * time.Millisecond
	longestWait = 15 * time.Second
)

// WaitForServer dials until a server answers, and logs every try that fails. The
// timeout bounds it; 0 waits until ctx is done. A server that refuses is not
// waited for.
func WaitForServer(ctx context.Context, options client.Options, timeout time.Duration, logger *slog.Logger) (client.Client, error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errWaitedLongEnough)
		defer cancel()
	}
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier = firstWait, longestWait, 2
	var last error
	c, err := backoff.Retry(ctx, func() (client.Client, error) {
		c, err := Dial(ctx, options)
		var none *NoServerError
		if err != nil && !errors.As(err, &none) {
			return nil, backoff.Permanent(err)
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		return c, err
	}, backoff.WithBackOff(waits), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, next time.Duration) {
		logger.Warn("no Temporal server answers yet", "address", AddressOf(options), "error", Reason(err), "next_try", next.Round(10*time.Millisecond))
	}))
	if errors.Is(err, errWaitedLongEnough) {
		return nil, last
	}
	return c, err
}

var errWaitedLongEnough = errors.New("no Temporal server has answered in time")

// Unreachable says whether an error means that no server was reached, or that one
// is not ready: it may be there later.
func Unreachable(err error) bool {
	var unavailable *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	var network net.Error
	if errors.As(err, &unavailable) || errors.As(err, &late) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	code := status.Code(errors.Unwrap(err))
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// Reason is an error of a connection in a few words.
func Reason(err error) string {
	var none *NoServerError
	if errors.As(err, &none) {
		err = none.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	text := err.Error()
	for _, front := range []string{`desc = "`, "desc = ", "failed reaching server: ", "transport: ", "Error while dialing: ", "dial tcp "} {
		if _, rest, ok := strings.Cut(text, front); ok {
			text = strings.TrimSuffix(rest, `"`)
		}
	}
	return text
}
