package activities_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// run gives the activities of a site another workflow run than the test environment's,
// which is always the same.
type run struct {
	interceptor.WorkerInterceptorBase
	number atomic.Int64
	// attempt is that of all activities; 0 for that of the environment.
	attempt atomic.Int32
}

func (r *run) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &inbound{interceptor.ActivityInboundInterceptorBase{Next: next}, r}
}

type inbound struct {
	interceptor.ActivityInboundInterceptorBase
	run *run
}

func (i *inbound) Init(next interceptor.ActivityOutboundInterceptor) error {
	return i.Next.Init(&outbound{interceptor.ActivityOutboundInterceptorBase{Next: next}, i.run})
}

type outbound struct {
	interceptor.ActivityOutboundInterceptorBase
	run *run
}

func (o *outbound) GetInfo(ctx context.Context) activity.Info {
	info := o.Next.GetInfo(ctx)
	info.WorkflowExecution.RunID = fmt.Sprintf("run-%d", o.run.number.Load())
	if attempt := o.run.attempt.Load(); attempt > 0 {
		info.Attempt = attempt
	}
	return info
}
