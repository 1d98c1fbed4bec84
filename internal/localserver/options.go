package localserver

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// reconnectDelay bounds the wait between two tries to reach a local server again.
const reconnectDelay = time.Second

// clientOptions are the options for a server of our own: without TLS and keys, and
// with a dialer that looks up the address each time, because a server that was
// started again may have had to take another port.
func clientOptions(dir string, options client.Options) client.Options {
	options.ConnectionOptions.TLS, options.Credentials = nil, nil
	options.Namespace = cmp.Or(options.Namespace, client.DefaultNamespace)
	if options.Logger == nil {
		options.Logger = log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	}
	quick := backoff.DefaultConfig
	quick.BaseDelay, quick.MaxDelay = pollInterval, reconnectDelay
	options.ConnectionOptions.DialOptions = append([]grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: quick, MinConnectTimeout: answerTimeout}),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			now, err := readAddresses(dir)
			if err != nil {
				return nil, err
			}
			if now.Address == "" {
				return nil, errors.New("no local server was started yet")
			}
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", now.Address)
		}),
	}, options.ConnectionOptions.DialOptions...)
	return options
}
