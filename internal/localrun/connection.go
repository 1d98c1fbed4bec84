package localrun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"

	"longhaul/internal/connect"
	"longhaul/internal/localserver"
)

// retryInterval is the wait before something is tried again that failed because
// the local server was away.
const retryInterval = 200 * time.Millisecond

// connection is that of a run to its server: one that was named, or a local one, which
// it keeps alive.
type connection struct {
	client client.Client
	// local is nil for a server that was named.
	local              *localserver.Server
	address, namespace string
	// news is for the user when the local server was started again; the
	// display takes it.
	news atomic.Pointer[string]

	// lost is done, with the reason, if the local server cannot be started again.
	lost     context.Context
	stopKeep func()
	ended    chan struct{}
}

// openConnection finds or starts the server.
func openConnection(ctx context.Context, profile connect.Profile, state string) (c *connection, err error) {
	c = &connection{lost: context.Background(), namespace: namespaceOf(profile), address: connect.AddressOf(profile.Options)}
	if profile.Named {
		c.client, err = connect.Dial(ctx, profile.Options)
		return c, err
	}
	if c.local, err = localserver.Start(ctx, state, profile.Options); err != nil {
		return nil, err
	}
	c.keepLocal()
	err = c.retry(ctx, func() error {
		c.client, err = connect.Dial(ctx, c.local.ClientOptions())
		return err
	})
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func namespaceOf(profile connect.Profile) string {
	return cmp.Or(profile.Options.Namespace, client.DefaultNamespace)
}

// keepLocal watches the local server, also while the run waits for its last calls.
func (c *connection) keepLocal() {
	keeping, stopKeep := context.WithCancel(context.Background())
	lost, lose := context.WithCancelCause(context.Background())
	c.lost, c.stopKeep, c.ended = lost, stopKeep, make(chan struct{})
	go func() {
		defer close(c.ended)
		if err := c.local.Keep(keeping, func() { c.news.Store(restartedAt(time.Now())) }); err != nil {
			lose(fmt.Errorf("the local Temporal server has died and cannot be started again: %w; every answer so far is kept, the same command goes on", err))
		}
	}()
}

// restartedAt has the time, so that a display shows the next one as another line.
func restartedAt(now time.Time) *string {
	text := now.Format(time.TimeOnly) + " the local Temporal server had died; it runs again, and the job goes on"
	return &text
}

// bind is a context that ends with the local server too, if it cannot be started again.
func (c *connection) bind(ctx context.Context) (context.Context, context.CancelFunc) {
	bound, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(c.lost, func() { cancel(context.Cause(c.lost)) })
	return bound, func() { release(); cancel(nil) }
}

// retry does something again for as long as it fails because the local server is
// away: it is being started again.
func (c *connection) retry(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || c.local == nil || ctx.Err() != nil || !connect.Unreachable(err) {
			return err
		}
		select {
		case <-time.After(retryInterval):
		case <-c.lost.Done():
			return context.Cause(c.lost)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// close leaves the server: the last user of a local one stops it.
func (c *connection) close() error {
	if c.client != nil {
		c.client.Close()
	}
	if c.local == nil {
		return nil
	}
	c.stopKeep()
	<-c.ended
	return c.local.Close()
}

// location is where the user can look at the job.
func (c *connection) location(id string) string {
	if c.local == nil {
		return "Temporal server " + c.address
	}
	return fmt.Sprintf("Web UI %s/namespaces/%s/workflows/%s", c.local.UI(), url.PathEscape(c.namespace), url.PathEscape(id))
}
