package activities

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"longhaul/job"
)

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
	// Before the claim, so that a job that is refused takes nothing away from
	// the one whose folder it is.
	if manifest, err := folder.Manifest(); err != nil {
		return plan, err
	} else if manifest == nil && spec.Redrive != nil {
		return plan, job.Errorf(job.KindOutput, spec.Output.URI, "there is nothing to redrive: no job has written here").
			WithHint("name the output folder of a job that has failed records")
	} else if manifest != nil {
		if _, err := accept(ctx, p.Input, folder, spec, *manifest, beat); err != nil {
			return plan, err
		}
	}
	epoch, err := a.claim(ctx, folder, spec, beat)
	if err != nil {
		return plan, err
	}
	leave, err := attend(folder, epoch, spec.HeartbeatTimeout.Std())
	if err != nil {
		return plan, err
	}
	defer func() { err = errors.Join(err, leave()) }()
	found, err := folder.Manifest()
	if err != nil {
		return plan, err
	}
	manifest, err := adopt(ctx, p.Input, folder, epoch, spec, beat)
	if err != nil {
		if kind := job.KindOf(err); kind.Permanent() && kind != job.KindTakenOver {
			err = errors.Join(err, folder.Release(epoch))
		}
		return plan, err
	}
	plan, err = planOf(ctx, folder, epoch, spec, *manifest)
	plan.New = found == nil
	return plan, err
}

// planOf opens again what is to be called again, and says what there is to do.
func planOf(ctx context.Context, folder NewFolder, epoch int64, spec job.Spec, manifest job.Manifest) (plan job.Plan, err error) {
	plan = job.Plan{
		Ref:     job.Ref{Output: spec.Output.URI, JobID: manifest.JobID, Epoch: epoch},
		Records: manifest.Records(), BatchRecords: spec.BatchRecords(),
	}
	chosen, err := calledAgain(folder, spec)
	if err != nil {
		return plan, err
	}
	failures, batches, err := folder.Reopen(ctx, epoch, chosen, plan.Records, plan.BatchRecords)
	if err != nil {
		return plan, err
	}
	if err := folder.GoOn(); err != nil {
		return plan, err
	}
	if plan.Committed, plan.Totals, err = folder.Resume(plan.Records); err != nil {
		return plan, err
	}
	plan.Partial = fewMissing(batches, spec.ChunkSize)
	if spec.Redrive != nil {
		plan.Redriven, plan.Kept = failures, plan.Totals
		for _, batch := range batches {
			plan.Kept.Succeeded += batch.Len() - batch.Missing
		}
	}
	plan.Proven, err = hasSuccess(folder)
	return plan, err
}

// calledAgain says which failures are. Those of a job that has not finished all are:
// it was stopped, and its user has changed something since, or hopes that somebody
// else has.
func calledAgain(folder NewFolder, spec job.Spec) (func(job.CallError) bool, error) {
	if spec.Redrive != nil {
		return spec.Redrive.Chooses, nil
	}
	_, finished, err := folder.Succeeded()
	return func(job.CallError) bool { return !finished }, err
}

// maxPartial bounds the plan, which goes through Temporal.
const maxPartial = 5000

// fewMissing leaves out batches with so many records to call that they are worth
// several chunks.
func fewMissing(batches []job.Partial, chunkSize int64) []job.Partial {
	var few []job.Partial
	for _, batch := range batches {
		if batch.Missing <= chunkSize && len(few) < maxPartial {
			few = append(few, batch)
		}
	}
	return few
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

// adopt makes the folder this job's, or finds that it is already: then the
// input is not read again if its size and time are the same.
func adopt(ctx context.Context, input Input, folder NewFolder, epoch int64, spec job.Spec, beat *heartbeat) (*job.Manifest, error) {
	manifest, err := folder.Manifest()
	if err != nil {
		return nil, err
	}
	if err := folder.Sweep(); err != nil {
		return nil, err
	}
	if manifest == nil {
		fresh := job.Manifest{Version: job.LayoutVersion, JobID: newJobID(), Created: time.Now().UTC(), Spec: spec}
		fresh.Input, err = index(ctx, input, beat, fenced(folder, epoch))
		if err == nil {
			manifest, err = folder.CreateManifest(epoch, fresh)
		}
		if err != nil {
			return nil, err
		}
	}
	now, err := accept(ctx, input, folder, spec, *manifest, beat)
	if err != nil {
		return nil, err
	}
	done, err := folder.CommittedTo()
	if err != nil {
		return nil, err
	}
	next := manifest.Goes(spec, now, done)
	return &next, folder.PutManifest(epoch, next)
}

// fenced writes the index, unless the folder was taken over meanwhile.
func fenced(folder NewFolder, epoch int64) func(func(io.Writer) error) error {
	return func(write func(io.Writer) error) error {
		return folder.PutIndex(func(w io.Writer) error {
			if err := write(w); err != nil {
				return err
			}
			return folder.Holds(epoch)
		})
	}
}

// accept refuses a folder that belongs to another spec or another input. It
// returns the input's fingerprint as it is now.
func accept(ctx context.Context, input Input, folder NewFolder, spec job.Spec, manifest job.Manifest, beat *heartbeat) (now job.Fingerprint, err error) {
	now = manifest.Input
	same := spec.Input.Count == nil && spec.Input.URI == manifest.Spec.Input.URI && now.Unchanged(input.Size(), input.ModTime())
	if !same {
		// The old index stays: if the content is the same, so is the index.
		if now, err = index(ctx, input, beat, discard); err != nil {
			return now, err
		}
	}
	succeeded, err := hasSuccess(folder)
	if err != nil {
		return now, err
	}
	return now, manifest.Accepts(spec, now, succeeded)
}

// hasSuccess says whether a call of the folder's job has succeeded.
func hasSuccess(folder NewFolder) (bool, error) {
	_, totals, err := folder.Checkpoint()
	if err != nil || totals.Succeeded > 0 {
		return totals.Succeeded > 0, err
	}
	return folder.HasSuccess()
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
