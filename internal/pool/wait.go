package pool

import (
	"time"

	"longhaul/job"
)

// Wait is what the calls wait for; nil if they are made.
func (p *Pool) Wait() *job.Wait {
	p.mu.Lock()
	disk := p.disk()
	p.mu.Unlock()
	if disk != nil {
		return disk
	}
	if wait := p.outage.wait(); wait != nil {
		return wait
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !time.Now().Before(p.brakedUntil) {
		return nil
	}
	return &job.Wait{Reason: job.WaitThrottled, Since: p.brakedSince, Until: p.brakedUntil}
}

// Waiting is Wait as a sentence; empty if calls are made.
func (p *Pool) Waiting() string {
	p.mu.Lock()
	held := ""
	if p.holds > 0 {
		held = p.waitingForDisk()
	}
	p.mu.Unlock()
	if held != "" {
		return held
	}
	if text := p.outage.waiting(); text != "" {
		return text
	}
	if wait := p.Wait(); wait != nil {
		return "throttled by the API: it asks to wait until " + wait.Until.Local().Format(time.TimeOnly)
	}
	return ""
}
