package session

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"longhaul/calls"
	"longhaul/internal/storage"
	"longhaul/job"
)

const (
	// idleLimit is how long a session stays open without an activity, so that chunks
	// that follow find their connections warm.
	idleLimit = 5 * time.Minute
	// closeTimeout bounds the goodbye in the output folder.
	closeTimeout = 10 * time.Second
)

// Options is what the sessions of a process share.
type Options struct {
	Store storage.Store
	// Client is nil without a server, in tests: then nobody is asked or told.
	Client client.Client
	// Calls are the options of all callers but for those that a job sets.
	Calls calls.Options
	// Logger gets what happens to jobs; default none.
	Logger *slog.Logger
}

// Registry has the sessions of a process.
type Registry struct {
	options Options
	server  server

	mu    sync.Mutex
	slots map[job.Ref]*slot
}

// slot is the place of one session. Who has received from turn may use the rest:
// opening and closing a session does I/O, which no other job has to wait for.
type slot struct {
	turn    chan struct{}
	session *Session
	users   int
	// used counts the activities that have come, so that a timer sees whether the
	// session has been used since it was set.
	used int
	// gone: the slot is not in the registry any more.
	gone bool
}

// NewRegistry has no sessions yet.
func NewRegistry(options Options) *Registry {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Registry{options: options, server: server{options.Client}, slots: map[job.Ref]*slot{}}
}

// Store is where inputs and outputs are.
func (r *Registry) Store() storage.Store { return r.options.Store }

// Open opens the session of a job, or finds it open. The function gives it back.
func (r *Registry) Open(ctx context.Context, ref job.Ref) (*Session, func(), error) {
	s, err := r.take(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	defer s.giveTurn()
	if s.session == nil {
		if s.session, err = r.open(ctx, ref); err != nil {
			r.remove(ref, s)
			return nil, nil, err
		}
	}
	if s.users == 0 {
		if err := s.session.keeper.start(ctx); err != nil {
			return nil, nil, err
		}
	}
	s.users++
	s.used++
	return s.session, func() { r.giveBack(ref, s) }, nil
}

// take waits for the turn at a job's slot.
func (r *Registry) take(ctx context.Context, ref job.Ref) (*slot, error) {
	for {
		s := r.slot(ref)
		select {
		case <-s.turn:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !s.gone {
			return s, nil
		}
		s.giveTurn()
	}
}

func (r *Registry) slot(ref job.Ref) *slot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.slots[ref]
	if !ok {
		s = &slot{turn: make(chan struct{}, 1)}
		s.giveTurn()
		r.slots[ref] = s
	}
	return s
}

func (s *slot) giveTurn() { s.turn <- struct{}{} }

// remove takes a slot out of the registry; whoever waits for its turn asks again.
func (r *Registry) remove(ref job.Ref, s *slot) {
	s.gone = true
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.slots, ref)
}

// giveBack is called once for each Open.
func (r *Registry) giveBack(ref job.Ref, s *slot) {
	<-s.turn
	defer s.giveTurn()
	s.users--
	if s.users > 0 {
		return
	}
	s.session.keeper.stop()
	switch {
	case s.session.ended.Load():
		r.close(ref, s)
	case s.session.stopped.Load():
		// Its pool stays: it knows why no call may be made.
		s.session.warn("the connections were not closed", s.session.closeCaller())
	}
	used := s.used
	time.AfterFunc(idleLimit, func() {
		<-s.turn
		defer s.giveTurn()
		if s.used == used && s.users == 0 && !s.gone {
			r.close(ref, s)
		}
	})
}

// close is called with the slot's turn.
func (r *Registry) close(ref job.Ref, s *slot) {
	r.remove(ref, s)
	// Nothing is buffered in a session that is not used.
	s.session.warn("the session was not closed properly", s.session.close())
}

// Close closes all sessions. None may be in use.
func (r *Registry) Close() error {
	r.mu.Lock()
	slots := slices.Collect(maps.Values(r.slots))
	clear(r.slots)
	r.mu.Unlock()
	var errs []error
	for _, s := range slots {
		<-s.turn
		s.gone = true
		if s.session != nil {
			errs = append(errs, s.session.close())
		}
		s.giveTurn()
	}
	return errors.Join(append(errs, r.options.Store.Close())...)
}
