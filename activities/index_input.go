package activities

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"go.temporal.io/sdk/activity"

	"longhaul/calls"
	"longhaul/internal/input"
	"longhaul/internal/output"
	"longhaul/internal/storage"
	"longhaul/job"
)

// IndexInput takes the output folder, reads the input once and checks every
// record, and says what there is to do. Everything that can be wrong with a
// spec or an input is found here, before the first call.
func (a *Activities) IndexInput(ctx context.Context, spec job.Spec) (job.Plan, error) {
	ctx, beat := a.startHeartbeat(ctx)
	defer beat.end()
	plan, err := a.indexInput(ctx, spec, beat)
	if err != nil {
		beat.ended(ctx)
	}
	return plan, a.toTemporal(ctx, beat, spec.CapabilityTimeout, err)
}

func (a *Activities) indexInput(ctx context.Context, spec job.Spec, beat *heartbeat) (plan job.Plan, err error) {
	if err := spec.Validate(); err != nil {
		return plan, err
	}
	if err := a.sessions.Admits(activity.GetInfo(ctx).WorkflowExecution.ID); err != nil {
		return plan, err
	}
	if err := a.sessions.AdmitsSpec(spec); err != nil {
		return plan, err
	}
	caller, err := a.sessions.NewCaller(spec, "")
	if err != nil {
		return plan, err
	}
	in, err := input.Open(ctx, a.sessions.Store(), spec.Input)
	if err != nil {
		return plan, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := beat.begins(ctx); err != nil {
		return plan, err
	}
	if err := checkFirst(in, caller); err != nil {
		return plan, err
	}
	folder, err := output.Open(ctx, a.sessions.Store(), spec.Output.URI, true)
	if err != nil {
		return plan, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	beat.able(ctx)
	s := &source{Input: in, spec: spec.Input, beat: beat, read: &a.read}
	if err := refuseEarly(ctx, s, folder, spec); err != nil {
		return plan, err
	}
	token, err := a.claim(ctx, folder.Claims, spec.Output.URI, spec.HeartbeatTimeout.Std(), beat)
	if err != nil {
		return plan, err
	}
	leave, err := attend(ctx, folder.Claims, token.Epoch, spec.HeartbeatTimeout.Std())
	if err != nil {
		return plan, err
	}
	defer func() { err = errors.Join(err, leave()) }()
	return takeAndPlan(ctx, s, folder.Under(token), token, spec)
}

// refuseEarly refuses before the claim, so that a job that is refused takes nothing
// away from the one whose folder it is.
func refuseEarly(ctx context.Context, s *source, folder *output.Folder, spec job.Spec) error {
	manifest, err := folder.Manifest(ctx)
	switch {
	case err != nil:
		return err
	case manifest != nil:
		_, err := s.accept(ctx, folder, spec, *manifest)
		return err
	case spec.Redrive != nil:
		return job.Errorf(job.KindOutput, spec.Output.URI, "there is nothing to redrive: no job has written here").
			WithHint("name the output folder of a job that has failed records")
	}
	return nil
}

// checkFirst finds a template that names a missing field.
func checkFirst(in input.Input, caller calls.Caller) error {
	checker, ok := caller.(calls.Checker)
	admitter, admits := caller.(calls.Admitter)
	if !ok && !admits {
		return nil
	}
	for record, err := range in.Records(nil, job.Range{First: 0, Last: 1}) {
		if err != nil && job.KindOf(err) == job.KindInput {
			return nil // empty, or broken: indexing tells, with the line
		}
		if err != nil {
			return err
		}
		if admits {
			err = admitter.Admit(record)
		}
		if err == nil && ok {
			err = checker.Check(record)
		}
		return err
	}
	return nil
}

// takeAndPlan makes the folder this job's, and plans the work. A job that is refused gives
// its claim back.
func takeAndPlan(ctx context.Context, s *source, folder *output.Folder, token storage.Token, spec job.Spec) (plan job.Plan, err error) {
	found, err := folder.Manifest(ctx)
	if err != nil {
		return plan, err
	}
	manifest, err := adopt(ctx, s, folder, spec, found)
	if err != nil {
		if kind := job.KindOf(err); kind.Permanent() && kind != job.KindTakenOver {
			err = errors.Join(err, folder.Claims.Release(ctx, token, nil))
		}
		return plan, err
	}
	plan, err = planOf(ctx, folder, token, spec, *manifest)
	plan.New = found == nil
	if err == nil {
		activity.GetLogger(ctx).Info("job planned", "job_id", plan.JobID, "output", plan.Output, "epoch", token.Epoch, "new", plan.New,
			"records", plan.Records, "done", plan.Totals.Done(), "failed", plan.Totals.Failed, "called_again", plan.Redriven)
	}
	return plan, err
}

// adopt makes the folder this job's, or finds that it is already.
func adopt(ctx context.Context, s *source, folder *output.Folder, spec job.Spec, found *job.Manifest) (*job.Manifest, error) {
	if found == nil {
		fresh := job.Manifest{Version: job.LayoutVersion, JobID: newJobID(), Created: time.Now().UTC(), Spec: spec}
		fresh.Spec.Sample = nil
		err := folder.PutIndex(ctx, func(w io.Writer) (err error) {
			fresh.Input, err = s.index(ctx, w)
			return err
		})
		if err == nil {
			found, err = folder.CreateManifest(ctx, fresh)
		}
		if err != nil {
			return nil, err
		}
	}
	now, err := s.accept(ctx, folder, spec, *found)
	if err == nil {
		now, err = s.repairIndex(ctx, folder, now)
	}
	if err != nil {
		return nil, err
	}
	done, err := folder.CommittedTo(ctx)
	if err != nil {
		return nil, err
	}
	next := found.ContinueWith(spec, now, done)
	return &next, folder.PutManifest(ctx, next)
}

// newJobID is random, so that idempotency keys of two jobs never meet.
func newJobID() string { return rand.Text() }
