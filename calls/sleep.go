package calls

import (
	"context"
	"time"

	"longhaul/job"
)

// sleeper waits and answers its input.
type sleeper struct{ duration time.Duration }

func (s sleeper) Call(ctx context.Context, record job.Record) (job.Answer, error) {
	timer := time.NewTimer(s.duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return job.Answer{Output: record.Value}, nil
	case <-ctx.Done():
		return job.Answer{}, context.Cause(ctx)
	}
}
