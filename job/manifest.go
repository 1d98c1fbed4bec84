package job

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// LayoutVersion is the version of the output folder's layout that this code
// reads and writes.
const LayoutVersion = 1

// Manifest is _longhaul/job.json: which job the folder belongs to.
type Manifest struct {
	Version int         `json:"version"`
	JobID   string      `json:"job_id"`
	Created time.Time   `json:"created"`
	Spec    Spec        `json:"spec"`
	Input   Fingerprint `json:"input"`
	// Calls counts how often a redrive has changed the call.
	Calls int `json:"calls,omitempty"`
	// Limit is how many of the input's records the job has; 0 for all.
	Limit int64 `json:"limit,omitempty"`
}

// Records is how many records the job has.
func (m Manifest) Records() int64 {
	if m.Limit > 0 {
		return min(m.Limit, m.Input.Records)
	}
	return m.Input.Records
}

// ContinueWith returns the manifest of a job that goes on with another spec and input; done
// is how many records, from the first one on, it has at least.
func (m Manifest) ContinueWith(on Spec, input Fingerprint, done int64) Manifest {
	m.Limit = 0
	if on.Input.Limit > 0 {
		m.Limit = max(on.Input.Limit, done)
	}
	if m.Spec.Call.identity() != on.Call.identity() {
		m.Calls++
	}
	on.Redrive, on.Sample = nil, nil
	input.FormatVersion = m.Input.FormatVersion
	m.Spec, m.Input = on, input
	return m
}

// CallID begins the idempotency keys: the same after every resume and for a
// redrive with the same call, another one for another call.
func (m Manifest) CallID() string {
	if m.Calls == 0 {
		return m.JobID
	}
	return fmt.Sprintf("%s-%d", m.JobID, m.Calls)
}

// Fingerprint tells one input from another.
type Fingerprint struct {
	// Records is N.
	Records int64 `json:"records"`
	// Size in bytes and time of the last change; zero for a count.
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified,omitzero"`
	// SHA256 is that of the whole content, in hex.
	SHA256 string `json:"sha256,omitempty"`
	// IndexStep: the index holds the position of every record divisible by it.
	IndexStep int64 `json:"index_step,omitempty"`
	// IndexSHA256 is the digest of the index, in hex; empty for a count, and in a job of
	// version 0.1.
	IndexSHA256 string `json:"index_sha256,omitempty"`
	// FormatVersion says how the format makes records of the content; 0 is that of
	// Longhaul 0.1. A job keeps the one that it began with.
	FormatVersion int `json:"format_version,omitempty"`
}

// Unchanged says whether size and time are still the same: the quick check.
func (f Fingerprint) Unchanged(size int64, modified time.Time) bool {
	return f.Size == size && f.Modified.Equal(modified)
}

// Accepts says whether a job with this spec and input may go on in a folder
// with this manifest: everything that the answers depend on must be the same.
// Parallelism, pace, retry and limits may differ, and so may the call as long as
// none has succeeded.
func (m Manifest) Accepts(spec Spec, input Fingerprint, succeeded bool) error {
	if m.Input.Records != input.Records || m.Input.SHA256 != input.SHA256 {
		return m.Spec.refuse("another input (%d records, sha256 %.12s; now %d records, sha256 %.12s)",
			m.Input.Records, orNone(m.Input.SHA256), input.Records, orNone(input.SHA256))
	}
	return m.Spec.sameAnswers(spec, succeeded)
}

// AsksTheSame says whether the other spec asks for the same answers, of the same
// input by name, in the same folder.
func (s Spec) AsksTheSame(other Spec) error {
	sameCount := s.Input.Count == nil && other.Input.Count == nil ||
		s.Input.Count != nil && other.Input.Count != nil && *s.Input.Count == *other.Input.Count
	if s.Input.URI != other.Input.URI || !sameCount {
		return s.refuse("another input")
	}
	return s.sameAnswers(other, true)
}

// sameAnswers compares all that the answers depend on but the input.
func (s Spec) sameAnswers(other Spec, succeeded bool) error {
	switch {
	case s.Input.ResolvedFormat() != other.Input.ResolvedFormat():
		return s.refuse("input.format %s, not %s", s.Input.ResolvedFormat(), other.Input.ResolvedFormat())
	case s.Output.IncludeInput != other.Output.IncludeInput:
		return s.refuse("output.include_input %t, not %t", s.Output.IncludeInput, other.Output.IncludeInput)
	case s.BatchRecords() != other.BatchRecords():
		return s.refuse("parts of chunk_size × batch_size = %d records, not %d", s.BatchRecords(), other.BatchRecords())
	case succeeded && other.Redrive == nil && s.Call.identity() != other.Call.identity():
		return s.refuse("another call")
	}
	return nil
}

func (s Spec) refuse(format string, args ...any) error {
	return Errorf(KindOutput, s.Output.URI, "this output folder belongs to a job with "+format, args...).
		WithHint("use the spec and input that it was begun with, or another output.uri")
}

// identity is the same for calls that give the same answers: it is made of all
// settings but those that only bound a call, and does not depend on how they
// are written.
func (c CallSpec) identity() string {
	switch {
	case c.HTTP != nil:
		return c.HTTP.identity()
	case c.Exec != nil:
		return fmt.Sprintf("exec %q", c.Exec.Command)
	case c.Func != nil:
		return fmt.Sprintf("func %q", c.Func.Name)
	case c.Sleep != nil:
		return "sleep"
	default:
		return ""
	}
}

func (h *HTTPSpec) identity() string {
	// Names of headers do not depend on case (RFC 9110, 5.1).
	headers := make(map[string]string, len(h.Headers))
	for name, value := range h.Headers {
		if !HoldsSecret(name) { // another key asks for the same answers
			headers[strings.ToLower(name)] = value
		}
	}
	null := SelectNull("")
	if h.Select != "" {
		null = cmp.Or(h.SelectNull, SelectNullFail)
	}
	// fmt prints maps in key order.
	return fmt.Sprintf("http %q %q %q %q %q %q %q", h.EffectiveMethod(), h.URL, headers, h.Body.identity(),
		h.Select, null, h.FailIf)
}

func orNone(digest string) string {
	if digest == "" {
		return "none"
	}
	return digest
}

// PartDigest names a file of the output with its digest.
type PartDigest struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Commit is _longhaul/commits/NNNNNN.json: it says that a batch is done.
type Commit struct {
	Batch int64 `json:"batch"`
	Range
	Totals
	Part PartDigest `json:"part"`
	// Errors is nil if no record failed.
	Errors *PartDigest `json:"errors,omitempty"`
	// Latency is an HdrHistogram of microseconds in its V2 compressed encoding.
	Latency string `json:"latency,omitempty"`
	// Finished are the batch's chunks.
	Finished  []ChunkTiming `json:"finished,omitempty"`
	Committed time.Time     `json:"committed"`
}
