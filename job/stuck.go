package job

import "time"

// StuckCalls are calls that have not returned one second after their timeout, because
// a function ignores its context. They count as calls in flight until they return.
type StuckCalls struct {
	Count int `json:"count"`
	// Record is the index of the record whose call has been made for the longest time,
	// Since is when that call began.
	Record int64     `json:"record"`
	Since  time.Time `json:"since"`
	// Timeout is the spec's call.func.timeout.
	Timeout Duration `json:"timeout"`
}

// With adds those of another worker; nil stands for none.
func (s *StuckCalls) With(other *StuckCalls) *StuckCalls {
	if s == nil {
		return other
	}
	if other == nil {
		return s
	}
	longest := *s
	if other.Since.Before(s.Since) {
		longest = *other
	}
	longest.Count = s.Count + other.Count
	return &longest
}
