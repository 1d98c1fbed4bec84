package activities

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/job"
)

// leaseTimeouts is how many heartbeat timeouts a lease lasts without renewal.
const leaseTimeouts = 3

// claimInterval is how often a waiting job asks again for the folder.
const claimInterval = time.Second

// IndexInput takes the output folder, reads the input once and checks every
// record, and says what there is to do. Everything that can be wrong with a
// spec or an input is found here, before the first call.
func (a *Activities) IndexInput(ctx context.Context, spec job.Spec) (job.Plan, error) {
	beat := startHeartbeat(ctx)
	defer beat.end()
	plan, err := a.indexInput(ctx, spec, beat)
	return plan, atTheEdge(ctx, err)
}

func (a *Activities) indexInput(ctx context.Context, spec job.Spec, beat *heartbeat) (plan job.Plan, err error) {
	if err := spec.Validate(); err != nil {
		return plan, err
	}
	p, err := a.jobs.Prepare(spec)
	if err != nil {
		return plan, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := checkFirst(p); err != nil {
		return plan, err
	}
	folder, err := p.Output()
	if err != nil {
		return plan, err
	}
	epoch, err := a.claim(ctx, folder, spec, beat)
	if err != nil {
		return plan, err
	}
	manifest, err := adopt(ctx, p.Input, folder, spec, beat)
	if err != nil {
		if job.KindOf(err).Permanent() {
			err = errors.Join(err, folder.Release(epoch))
		}
		return plan, err
	}
	committed, totals, err := folder.Checkpoint()
	return job.Plan{
		Ref:     job.Ref{Output: spec.Output.URI, JobID: manifest.JobID, Epoch: epoch},
		Records: manifest.Input.Records, BatchRecords: spec.BatchRecords(),
		Committed: committed, Totals: totals,
	}, err
}

// checkFirst finds a template that names a missing field.
func checkFirst(p *Preparation) error {
	for record, err := range p.Input.Records(nil, job.Range{First: 0, Last: 1}) {
		if job.KindOf(err) == job.KindInput && err != nil {
			return nil // empty, or broken: indexing tells, with the line
		}
		if err != nil {
			return err
		}
		return p.Check(record)
	}
	return nil
}

// claim waits until the folder is ours, and says what it waits for.
func (a *Activities) claim(ctx context.Context, folder Claims, spec job.Spec, beat *heartbeat) (int64, error) {
	info := activity.GetInfo(ctx)
	owner := job.Owner{Namespace: info.Namespace, WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID}
	ended := func(owner job.Owner) bool { return a.jobs.Ended(ctx, owner) }
	for said := false; ; {
		epoch, held, err := folder.Claim(owner, leaseTimeouts*spec.HeartbeatTimeout.Std(), ended)
		if err != nil || epoch > 0 {
			beat.waiting.Store("")
			return epoch, err
		}
		if !said {
			said = true
			word := fmt.Sprintf("waiting for the output folder %s: workflow %s writes there, its lease runs out at %s unless renewed",
				spec.Output.URI, held.WorkflowID, held.Expires().Format(time.TimeOnly))
			activity.GetLogger(ctx).Warn(word)
			beat.waiting.Store(word)
			beat.beat(ctx)
		}
		select {
		case <-time.After(claimInterval):
		case <-activity.GetWorkerStopChannel(ctx):
			return 0, errWorkerStops
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// adopt makes the folder this job's, or finds that it is already: then the
// input is not read again if its size and time are the same.
func adopt(ctx context.Context, input Input, folder NewFolder, spec job.Spec, beat *heartbeat) (*job.Manifest, error) {
	manifest, err := folder.Manifest()
	if err != nil {
		return nil, err
	}
	if err := folder.Sweep(); err != nil {
		return nil, err
	}
	if manifest == nil {
		manifest = &job.Manifest{Version: job.LayoutVersion, JobID: newJobID(), Created: time.Now().UTC()}
		manifest.Input, err = index(ctx, input, beat, folder.PutIndex)
	} else {
		manifest.Input, err = accept(ctx, input, spec, *manifest, beat)
	}
	if err != nil {
		return nil, err
	}
	manifest.Spec = spec
	return manifest, folder.PutManifest(*manifest)
}

// accept refuses a folder that belongs to another spec or another input. It
// returns the input's fingerprint as it is now.
func accept(ctx context.Context, input Input, spec job.Spec, manifest job.Manifest, beat *heartbeat) (now job.Fingerprint, err error) {
	now = manifest.Input
	counted := spec.Input.Count != nil || manifest.Spec.Input.Count != nil
	if counted || !now.Unchanged(input.Size(), input.ModTime()) {
		// The old index stays: it is overwritten by no other job's.
		if now, err = index(ctx, input, beat, discard); err != nil {
			return now, err
		}
	}
	return now, manifest.Accepts(spec, now)
}

func discard(write func(io.Writer) error) error { return write(io.Discard) }

func index(ctx context.Context, input Input, beat *heartbeat, put func(func(io.Writer) error) error) (job.Fingerprint, error) {
	var fingerprint job.Fingerprint
	err := put(func(w io.Writer) (err error) {
		fingerprint, err = input.Index(ctx, w, beat.done.Store)
		return err
	})
	return fingerprint, err
}

// newJobID is random, so that idempotency keys of two jobs never meet.
func newJobID() string { return rand.Text() }
