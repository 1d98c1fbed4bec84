package calls

import (
	"context"
	"encoding/json"
	"time"

	"longhaul/job"
)

// sleeper waits and answers its input.
type sleeper struct{ duration time.Duration }

func (s sleeper) Call(ctx context.Context, record job.Record) (json.RawMessage, error) {
	timer := time.NewTimer(s.duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return record.Value, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
