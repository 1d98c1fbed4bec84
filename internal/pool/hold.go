package pool

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"longhaul/job"
)

// Hold starts no call as long as the answers of a chunk cannot be written: more answers
// would only be held in memory. It is called with nil when they are written.
func (p *Pool) Hold(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.holds--
		p.grantTokens()
		return
	}
	if p.holds == 0 {
		p.heldSince = time.Now()
	}
	p.holds++
	p.heldBy = err
	var reason syscall.Errno
	if errors.As(err, &reason) { // the journal's name tells nobody anything
		p.heldBy = reason
	}
}

// disk is the wait for the disk; nil if there is none. It is called with the lock.
func (p *Pool) disk() *job.Wait {
	if p.holds == 0 {
		return nil
	}
	return &job.Wait{Reason: job.WaitDisk, Since: p.heldSince, Last: p.heldBy.Error()}
}

// waitingForDisk says what is waited for.
func (p *Pool) waitingForDisk() string {
	return fmt.Sprintf("waiting for disk since %s: answers cannot be written (%v); they are held, and no call starts until they are",
		p.heldSince.Local().Format(time.TimeOnly), p.heldBy)
}
