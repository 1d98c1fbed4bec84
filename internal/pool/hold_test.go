package pool

import (
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// While answers cannot be written, no call starts, and the pool says why.
func TestNoCallStartsWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s starts
		p := newPool(&s, retries)
		p.Join(job.LaneGrant{Calls: 2}, nil)
		full := fmt.Errorf("_longhaul/journal/x: %w", syscall.ENOSPC)
		p.Hold(full)
		p.Hold(full) // two chunks
		began := time.Now()
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context(), t.Context(), How{}, records(10), &results{}) }()
		<-time.After(time.Minute)
		require.Equal(t, &job.Wait{Reason: job.WaitDisk, Since: began, Last: "no space left on device"}, p.Wait())
		require.Contains(t, p.Waiting(), "waiting for disk since")
		p.Hold(nil)
		<-time.After(time.Minute)
		require.Empty(t, s.at)
		p.Hold(nil)
		require.NoError(t, <-ended)
		require.Nil(t, p.Wait())
		require.Empty(t, p.Waiting())
	})
}
