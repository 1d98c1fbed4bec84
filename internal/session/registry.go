package session

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"longhaul/calls"
	"longhaul/internal/output"
	"longhaul/internal/storage"
	"longhaul/job"
)

const (
	// idleLimit is how long a session stays open without an activity, so that chunks
	// that follow find their connections warm.
	idleLimit = 5 * time.Minute
	// maxIdle is how many sessions stay open so: each keeps connections, or programs.
	maxIdle = 4
	// closeTimeout bounds the removal of the presence from the output folder.
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
	// Own is the only job that the process works for; nil for all.
	Own *OwnJob
	// Alone says that no other worker will take what this one cannot do.
	Alone bool
}

// Registry has the sessions of a process.
type Registry struct {
	options Options
	server  server

	mu      sync.Mutex
	entries map[job.Ref]*entry
	// idle are those that nobody uses, the one that has been idle longest first.
	idle []job.Ref
}

// entry is one session. Who has received from lock may use the rest: opening and closing a session does I/O, which no other job has to wait for.
type entry struct {
	lock    chan struct{}
	session *Session
	users   int
	// used counts the activities that have come, so that a timer sees whether the
	// session has been used since it was set.
	used int
	// gone: the entry is not in the registry any more.
	gone bool
}

// NewRegistry has no sessions yet.
func NewRegistry(options Options) *Registry {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Own != nil {
		options.Store = ownStore{options.Store, options.Own}
	}
	return &Registry{options: options, server: server{options.Client}, entries: map[job.Ref]*entry{}}
}

// Client is nil without a server.
func (r *Registry) Client() client.Client { return r.options.Client }

// Store is where inputs and outputs are.
func (r *Registry) Store() storage.Store { return r.options.Store }

// Open opens the session of a job, or finds it open. The function gives it back.
func (r *Registry) Open(ctx context.Context, ref job.Ref) (*Session, func(), error) {
	s, err := r.take(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	defer s.unlock()
	fresh := s.session == nil
	if fresh {
		if s.session, err = r.open(ctx, ref); err != nil {
			r.remove(ref, s)
			return nil, nil, err
		}
	}
	if s.users == 0 {
		if err := s.session.keeper.start(ctx); err != nil {
			if fresh { // nobody would close it
				r.close(ref, s)
			}
			return nil, nil, err
		}
	}
	s.users++
	s.used++
	r.busy(ref)
	return s.session, func() { r.giveBack(ref, s) }, nil
}

// Finished is the summary of a job that has finished under this claim; nil if it has not.
func (r *Registry) Finished(ctx context.Context, ref job.Ref) (*job.Summary, error) {
	folder, err := output.Open(ctx, r.options.Store, ref.Output, false)
	if err != nil {
		return nil, err
	}
	summary, err := folder.Claims.Finished(ctx, ref.Epoch)
	if summary != nil && summary.JobID != ref.JobID {
		summary = nil // it is another folder
	}
	return summary, errors.Join(err, folder.Close())
}

// take waits for the lock of a job's entry.
func (r *Registry) take(ctx context.Context, ref job.Ref) (*entry, error) {
	for {
		s := r.entry(ref)
		select {
		case <-s.lock:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !s.gone {
			return s, nil
		}
		s.unlock()
	}
}

func (r *Registry) entry(ref job.Ref) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.entries[ref]
	if !ok {
		s = &entry{lock: make(chan struct{}, 1)}
		s.unlock()
		r.entries[ref] = s
	}
	return s
}

func (s *entry) unlock() { s.lock <- struct{}{} }

// remove takes an entry out of the registry; whoever waits for its lock asks again.
func (r *Registry) remove(ref job.Ref, s *entry) {
	s.gone = true
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.entries, ref)
	r.idle = slices.DeleteFunc(r.idle, func(idle job.Ref) bool { return idle == ref })
}

// busy takes a session from the idle ones.
func (r *Registry) busy(ref job.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle = slices.DeleteFunc(r.idle, func(idle job.Ref) bool { return idle == ref })
}

// idled adds a session to the idle ones, and returns the one to close for it, if any.
func (r *Registry) idled(ref job.Ref) (oldest job.Ref, of *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.idle = append(r.idle, ref); len(r.idle) <= maxIdle {
		return oldest, nil
	}
	oldest = r.idle[0]
	return oldest, r.entries[oldest]
}

// giveBack is called once for each Open.
func (r *Registry) giveBack(ref job.Ref, s *entry) {
	<-s.lock
	defer s.unlock()
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
	if s.gone {
		return
	}
	used := s.used
	time.AfterFunc(idleLimit, func() {
		r.closeIf(ref, s, func() bool { return s.used == used })
	})
	if oldest, of := r.idled(ref); of != nil {
		go r.closeIf(oldest, of, func() bool { return true }) // it has another lock
	}
}

// closeIf closes a session that nobody uses.
func (r *Registry) closeIf(ref job.Ref, s *entry, asked func() bool) {
	<-s.lock
	defer s.unlock()
	if s.users == 0 && !s.gone && s.session != nil && asked() {
		r.close(ref, s)
	}
}

// close is called with the entry's lock.
func (r *Registry) close(ref job.Ref, s *entry) {
	r.remove(ref, s)
	// Nothing is buffered in a session that is not used.
	s.session.warn("the session was not closed properly", s.session.close())
}

// Close closes all sessions. None may be in use.
func (r *Registry) Close() error {
	r.mu.Lock()
	refs := slices.SortedFunc(maps.Keys(r.entries), func(a, b job.Ref) int {
		return cmp.Or(cmp.Compare(a.Output, b.Output), cmp.Compare(a.Epoch, b.Epoch))
	})
	entries := make([]*entry, 0, len(refs))
	for _, ref := range refs {
		entries = append(entries, r.entries[ref])
	}
	clear(r.entries)
	r.mu.Unlock()
	var errs []error
	for _, s := range entries {
		<-s.lock
		s.gone = true
		if s.session != nil {
			errs = append(errs, s.session.close())
		}
		s.unlock()
	}
	return errors.Join(append(errs, r.options.Store.Close())...)
}
