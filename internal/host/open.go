package host

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"sync/atomic"
	"time"

	"longhaul/activities"
	"longhaul/calls"
	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/internal/pool"
	"longhaul/internal/storage"
	"longhaul/job"
)

var lookupEnv = os.LookupEnv

// openJob is a job with all that it needs in this process.
type openJob struct {
	activities.Job
	ref    job.Ref
	folder *storage.Folder
	output *output.Folder
	caller calls.Caller
	pool   *pool.Pool
	lease  time.Duration

	users     int
	idleSince time.Time
	// ended is set when the job has finished, stopped when it makes no call any more.
	ended, stopped atomic.Bool
	watcher        *watcher
	ranges         ranges
	limits         limits
	// counted is what was told last of the pool's counts.
	counted job.Totals
	// notify tells the workflow what the pool waits for.
	notify func(ctx context.Context, waiting string) error
}

// source is an input, from a file or a count.
type source interface {
	activities.Input
	io.Closer
}

func (j *jobs) openJob(ref job.Ref) (*openJob, error) {
	folder, err := j.store.Folder(ref.Output, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, job.Errorf(job.KindOutput, ref.Output, "the output folder is gone").
			WithHint("bring it back, or start the job again")
	}
	if err != nil {
		return nil, err
	}
	opened, err := j.fillIn(&openJob{ref: ref, folder: folder, output: output.NewFolder(folder, ref.Output)})
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return opened, nil
}

func (j *jobs) fillIn(o *openJob) (*openJob, error) {
	if err := o.output.Holds(o.ref.Epoch); err != nil {
		return nil, err
	}
	manifest, err := o.output.Manifest()
	if err != nil {
		return nil, err
	}
	if manifest == nil || manifest.JobID != o.ref.JobID {
		return nil, job.Errorf(job.KindOutput, o.ref.Output, "the output folder is not that of job %s", o.ref.JobID).
			WithHint("bring it back, or start the job again")
	}
	spec := manifest.Spec
	caller, err := j.newCaller(spec, manifest.CallID())
	if err != nil {
		return nil, err
	}
	o.caller = caller
	o.pool = pool.New(caller, pool.Settings{Retry: spec.Retry, Outage: spec.Outage, Isolation: j.isolation, Output: o.ref.Output})
	o.lease = spec.HeartbeatTimeout.Std()
	o.Job = activities.Job{
		Folder:   o.output,
		Epoch:    o.ref.Epoch,
		Manifest: *manifest,
		Pool:     o.pool,
		Records:  func(r job.Range) iter.Seq2[job.Record, error] { return j.records(*manifest, o.output, r) },
		Alone:    o.ranges.alone,
		State:    j.State,
		Limit:    o.limits.now,
		Report:   func() error { return writeReport(context.Background(), o.output, *manifest) },

		End:     func() { o.ended.Store(true) },
		Stop:    func() { o.stopped.Store(true) },
		Preview: func(record job.Record) *job.HTTPRequest { return preview(caller, record) },
		Signal: func(ctx context.Context, workflowID, runID, name string) error {
			return j.signal(ctx, workflowID, runID, name)
		},
		NewLatencies: func() activities.Latencies { return output.NewLatencies() },
	}
	o.notify = func(ctx context.Context, waiting string) error { return j.notify(ctx, o, waiting) }
	return o, nil
}

// preview is nil for a call that is not a request.
func preview(caller calls.Caller, record job.Record) *job.HTTPRequest {
	previewer, ok := caller.(calls.Previewer)
	if !ok {
		return nil
	}
	request, err := previewer.Preview(record)
	if err != nil {
		return nil // the record's failure says why
	}
	return request
}

// close gives back the folder, and the caller's processes if it has any.
func (o *openJob) close() error {
	o.pool.Close()
	return errors.Join(o.folder.Close(), o.closeCaller())
}

// closeCaller ends what the caller keeps for further calls.
func (o *openJob) closeCaller() error {
	if closer, ok := o.caller.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// records opens the input and its index for one pass over a range.
func (j *jobs) records(manifest job.Manifest, folder *output.Folder, r job.Range) iter.Seq2[job.Record, error] {
	return func(yield func(job.Record, error) bool) {
		in, err := j.openInput(manifest.Spec.Input)
		if err != nil {
			yield(job.Record{}, err)
			return
		}
		defer in.Close()
		if !manifest.Input.Unchanged(in.Size(), in.ModTime()) {
			yield(job.Record{}, input.Changed(manifest.Spec.Input.URI))
			return
		}
		index, err := folder.Index()
		if err != nil {
			yield(job.Record{}, err)
			return
		}
		defer index.Close()
		in.Records(index, r)(yield)
	}
}

func (j *jobs) openInput(spec job.InputSpec) (source, error) {
	if spec.Count != nil {
		return input.Count(*spec.Count), nil
	}
	object, err := j.store.Open(spec.URI)
	if err != nil {
		return nil, err
	}
	return input.NewFile(object, spec.URI, spec.ResolvedFormat()), nil
}

// readFile reads a small file below the root: a certificate, say.
func (j *jobs) readFile(uri string) ([]byte, error) {
	object, err := j.store.Open(uri)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.NewSectionReader(object, 0, object.Size()))
	return data, errors.Join(err, object.Close())
}
