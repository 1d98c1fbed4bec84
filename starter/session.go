package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"golang.org/x/term"

	"longhaul/internal/connect"
	"longhaul/internal/localserver"
)

// repeatInterval is the wait before something is tried again that failed because
// the local server was away.
const repeatInterval = 200 * time.Millisecond

// session is a run's way to its server: one that was named, or a local one, which
// it keeps alive.
type session struct {
	client client.Client
	// local is nil for a server that was named.
	local              *localserver.Server
	address, namespace string
	// again is what to tell the user when the local server was started again; the
	// display takes it.
	again atomic.Pointer[string]

	// lost is done, with the reason, if the local server cannot be started again.
	lost    context.Context
	endKeep func()
	ended   chan struct{}
}

// openSession finds or starts the server.
func openSession(ctx context.Context, flags connect.Flags, state string, logger *slog.Logger) (*session, error) {
	settings, err := connect.Load(flags, logger)
	if err != nil {
		return nil, err
	}
	s := &session{lost: context.Background(), namespace: cmp.Or(settings.Options.Namespace, client.DefaultNamespace), address: connect.AddressOf(settings.Options)}
	if settings.Named {
		s.client, err = connect.Dial(ctx, settings.Options)
		return s, err
	}
	if s.local, err = localserver.Start(ctx, state, settings.Options); err != nil {
		return nil, err
	}
	s.keep()
	err = s.persist(ctx, func() error {
		s.client, err = connect.Dial(ctx, s.local.ClientOptions())
		return err
	})
	if err != nil {
		return nil, errors.Join(err, s.leave())
	}
	return s, nil
}

// keep watches over the local server, also while the run waits for its last calls.
func (s *session) keep() {
	keeping, endKeep := context.WithCancel(context.Background())
	lost, lose := context.WithCancelCause(context.Background())
	s.lost, s.endKeep, s.ended = lost, endKeep, make(chan struct{})
	go func() {
		defer close(s.ended)
		if err := s.local.Keep(keeping, func() { s.again.Store(diedAt(time.Now())) }); err != nil {
			lose(fmt.Errorf("the local Temporal server has died and cannot be started again: %w; every answer so far is kept, the same command goes on", err))
		}
	}()
}

// diedAt has the time, so that a display shows the next one as another line.
func diedAt(now time.Time) *string {
	text := now.Format(time.TimeOnly) + " the local Temporal server had died; it runs again, and the job goes on"
	return &text
}

// bind is a context that ends with the session's server too.
func (s *session) bind(ctx context.Context) (context.Context, context.CancelFunc) {
	bound, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(s.lost, func() { cancel(context.Cause(s.lost)) })
	return bound, func() { release(); cancel(nil) }
}

// persist does something again for as long as it fails because the local server is
// away: it is being started again.
func (s *session) persist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || s.local == nil || ctx.Err() != nil || !connect.Unreachable(err) {
			return err
		}
		select {
		case <-time.After(repeatInterval):
		case <-s.lost.Done():
			return context.Cause(s.lost)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leave gives the server back: the last user of a local one stops it.
func (s *session) leave() error {
	if s.client != nil {
		s.client.Close()
	}
	if s.local == nil {
		return nil
	}
	s.endKeep()
	<-s.ended
	return s.local.Close()
}

// place is where the user can look at the job.
func (s *session) place(id string) string {
	if s.local == nil {
		return "Temporal server " + s.address
	}
	return fmt.Sprintf("Web UI %s/namespaces/%s/workflows/%s", s.local.UI(), url.PathEscape(s.namespace), url.PathEscape(id))
}

// asker asks on the terminal; nil if there is none.
func asker(cmd *cobra.Command) func(ctx context.Context, question string) (bool, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil
	}
	return func(ctx context.Context, question string) (bool, error) {
		_, _ = io.WriteString(cmd.ErrOrStderr(), question)
		answer := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(in).ReadString('\n')
			answer <- line
		}()
		select {
		case line := <-answer:
			return isYes(line), nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}
