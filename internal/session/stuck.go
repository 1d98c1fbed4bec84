package session

import (
	"time"

	"longhaul/job"
)

// ownTimeout is that of calls that nobody can end but they themselves: a function may
// ignore its context. All other calls end with their timeout, and have none here.
func ownTimeout(call job.CallSpec) time.Duration {
	if call.Func == nil {
		return 0
	}
	return call.Func.Timeout.Std()
}

// logStuck is called by the pool for each call that does not return, and when it has.
func (s *Session) logStuck(record int64, since time.Time, returned bool) {
	timeout, took := s.Manifest.Spec.Call.Func.Timeout, time.Since(since).Round(time.Millisecond)
	if returned {
		s.logger.Info("the call that was stuck has returned", "record", record, "for", took, "timeout", timeout)
		return
	}
	s.logger.Warn("call is stuck: the function has not returned after its timeout", "record", record, "for", took, "timeout", timeout)
}
