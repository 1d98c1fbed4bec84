package activities

import (
	"sync"
	"time"

	"longhaul/job"
)

// maxReadInputs bounds how many inputs a process remembers.
const maxReadInputs = 100

// readInputs remembers the fingerprints of the inputs whose whole content this process
// has read: each is read once, however often a job that uses it is started or refused.
type readInputs struct {
	mu    sync.Mutex
	found map[readInput]job.Fingerprint
}

// readInput is an input as it was when it was opened.
type readInput struct {
	uri    string
	format job.Format
	size   int64
	// modified is in nanoseconds: a time.Time is no key.
	modified int64
}

func keyOf(spec job.InputSpec, size int64, modified time.Time) readInput {
	return readInput{spec.URI, spec.ResolvedFormat(), size, modified.UnixNano()}
}

// find returns the fingerprint of an input that has this size and time now.
func (r *readInputs) find(spec job.InputSpec, size int64, modified time.Time) (job.Fingerprint, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fingerprint, ok := r.found[keyOf(spec, size, modified)]
	return fingerprint, ok && spec.Count == nil
}

// add remembers an input. When there are too many, all others are forgotten.
func (r *readInputs) add(spec job.InputSpec, fingerprint job.Fingerprint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found == nil || len(r.found) >= maxReadInputs {
		r.found = map[readInput]job.Fingerprint{}
	}
	r.found[keyOf(spec, fingerprint.Size, fingerprint.Modified)] = fingerprint
}
