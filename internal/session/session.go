package session

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"longhaul/calls"
	"longhaul/internal/output"
	"longhaul/internal/pool"
	"longhaul/internal/storage"
	"longhaul/job"
)

// Session is one job under one claim, with all that it needs in this process.
type Session struct {
	Ref      job.Ref
	Manifest job.Manifest
	Output   *output.Folder
	Pool     *pool.Pool

	store  storage.Store
	server server
	logger *slog.Logger
	caller calls.Caller
	keeper *keeper
	ranges ranges
	// lack is why this process cannot make the job's calls; nil if it can.
	lack error
	able atomic.Bool
	// ended is set when the job has finished, stopped when it makes no call any more.
	ended, stopped atomic.Bool
	index          *indexState
}

func (r *Registry) open(ctx context.Context, ref job.Ref) (*Session, error) {
	folder, manifest, err := r.Folder(ctx, ref)
	if err != nil {
		return nil, err
	}
	s, err := r.newSession(ctx, ref, folder, manifest)
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return s, nil
}

// Folder opens the output folder of a job, and says what it holds.
func (r *Registry) Folder(ctx context.Context, ref job.Ref) (*output.Folder, *job.Manifest, error) {
	folder, err := output.Open(ctx, r.options.Store, ref.Output, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, job.Errorf(job.KindOutput, ref.Output, "the output folder is gone").OfWorker().
			WithHint("restore it, or start the job again")
	}
	if err != nil {
		return nil, nil, err
	}
	manifest, err := folder.Manifest(ctx)
	if err == nil && (manifest == nil || manifest.JobID != ref.JobID) {
		err = job.Errorf(job.KindOutput, ref.Output, "the output folder is not that of job %s", ref.JobID).OfWorker().
			WithHint("restore it, or start the job again")
	}
	if err != nil {
		return nil, nil, errors.Join(err, folder.Close())
	}
	return folder, manifest, nil
}

func (r *Registry) newSession(ctx context.Context, ref job.Ref, folder *output.Folder, manifest *job.Manifest) (*Session, error) {
	// After the job's id: below a wrong root the claims are another job's.
	folder, err := enter(ctx, folder, ref)
	if err != nil {
		return nil, err
	}
	spec := manifest.Spec
	caller, lack, err := r.callerOrLack(*manifest)
	if err != nil {
		return nil, err
	}
	s := &Session{
		Ref: ref, Manifest: *manifest, Output: folder, caller: caller, lack: lack, store: r.options.Store, server: r.server,
		index: newIndexState(), logger: r.options.Logger.With("job_id", ref.JobID, "output", ref.Output, "epoch", ref.Epoch),
	}
	s.Pool = pool.New(caller, pool.Options{
		Retry: spec.Retry, Outage: spec.Outage, Output: ref.Output, Timeout: ownTimeout(spec.Call), Stuck: s.logStuck,
	})
	s.Output.Journals.OnHold(s.hold)
	s.Output.Journals.GroupBy(spec.BatchRecords())
	s.keeper = newKeeper(s)
	s.logger.Info("job opened", "records", manifest.Records(), "call", spec.Call.String())
	return s, nil
}

// enter is the folder for the writes of the job's claim, unless that has ended.
func enter(ctx context.Context, folder *output.Folder, ref job.Ref) (*output.Folder, error) {
	token := storage.Token{Epoch: ref.Epoch, ID: ref.Token}
	if ref.Token == "" { // a job that Longhaul 0.1 has begun
		if err := folder.Claims.Fence(ctx, token); err != nil {
			return nil, err
		}
	}
	return folder.Under(token), folder.Claims.Confirm(ctx, ref.Epoch)
}

// NewCaller makes the caller of a spec. The call id begins the idempotency keys.
func (r *Registry) NewCaller(spec job.Spec, callID string) (calls.Caller, error) {
	options := r.options.Calls
	options.CallID, options.Parallelism = callID, spec.Parallelism
	options.ReadFile = func(uri string) ([]byte, error) { return readFile(context.Background(), r.options.Store, uri) }
	caller, err := calls.New(spec.Call, options)
	if err == nil {
		err = r.checkEnv(spec)
	}
	return caller, err
}

// readFile reads a small file below the root: a certificate, say.
func readFile(ctx context.Context, store storage.Store, uri string) ([]byte, error) {
	object, err := store.Open(ctx, uri)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(storage.NewReader(object))
	return data, errors.Join(err, object.Close())
}

// IsCommitted says whether the batch of the records is done.
func (s *Session) IsCommitted(ctx context.Context, r job.Range) (bool, error) {
	commit, err := s.Output.Commit(ctx, r.First/s.Manifest.Spec.BatchRecords())
	if errors.Is(err, fs.ErrNotExist) || job.KindOf(err) == job.KindOutput { // the flush replaces a damaged one
		return false, nil
	}
	return err == nil && commit.First <= r.First && r.Last <= commit.Last, err
}

// Exclusive waits until no other attempt in this process works at a record of the range:
// one that the server has given up may still wait for its last calls.
func (s *Session) Exclusive(ctx context.Context, r job.Range) (done func(), err error) {
	return s.ranges.exclusive(ctx, r)
}

// TakenOver is done when another job has the output folder.
func (s *Session) TakenOver() context.Context { return s.keeper.takenOver }

// PresentUntil is until when others can see that this process is at work in the folder. It
// grows with each renewal.
func (s *Session) PresentUntil() time.Time { return *s.keeper.presentUntil.Load() }

// Waiting says what the session's calls wait for, or that its output folder cannot
// be used now; empty if calls are made.
func (s *Session) Waiting() string {
	if waiting := s.Pool.Waiting(); waiting != "" {
		return waiting
	}
	return s.keeper.trouble()
}

// Bottleneck is what has kept the pool from being faster in the last seconds.
func (s *Session) Bottleneck() job.Bottleneck { return s.keeper.bottlenecks.now() }

// Preview is the request that is made for a record, without its secrets; nil if the
// call is not a request.
func (s *Session) Preview(record job.Record) *job.HTTPRequest {
	previewer, ok := s.caller.(calls.Previewer)
	if !ok {
		return nil
	}
	request, err := previewer.Preview(record)
	if err != nil {
		return nil // the record's failure says why
	}
	return request
}

// End says that the job has finished: the session is closed when nobody uses it any
// more.
func (s *Session) End() { s.ended.Store(true) }

// Stop says that the job makes no call any more, although a chunk may still come: the
// session keeps no connections then.
func (s *Session) Stop() { s.stopped.Store(true) }

// close gives back the folder, and what the caller keeps.
func (s *Session) close() error {
	s.Pool.Close()
	err := errors.Join(s.Output.Close(), s.closeCaller())
	s.logger.Info("job closed")
	return err
}

// closeCaller ends what the caller keeps for further calls.
func (s *Session) closeCaller() error {
	if closer, ok := s.caller.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

func (s *Session) warn(message string, err error) {
	if err != nil {
		s.logger.Warn(message, "error", err)
	}
}
