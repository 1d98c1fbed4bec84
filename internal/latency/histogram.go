// Package latency is the histogram that receipts and commits carry.
package latency

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram has latencies in microseconds, from 1 to an hour, to two digits. It is
// not safe for concurrent use.
type Histogram struct{ counts *hdrhistogram.Histogram }

const (
	longest = int64(time.Hour / time.Microsecond)
	digits  = 2
)

// New is empty.
func New() *Histogram { return &Histogram{hdrhistogram.New(1, longest, digits)} }

// Record adds one. One beyond the range counts as its end.
func (h *Histogram) Record(latency time.Duration) {
	_ = h.counts.RecordValue(min(max(latency.Microseconds(), 1), longest))
}

// Merge adds an encoded histogram. One that cannot be read counts as none: it only
// informs.
func (h *Histogram) Merge(encoded string) {
	if other, err := hdrhistogram.Decode([]byte(encoded)); err == nil {
		h.counts.Merge(other)
	}
}

// Encode gives HdrHistogram's V2 compressed encoding, in base64.
func (h *Histogram) Encode() string {
	// Compressing into memory cannot fail.
	encoded, _ := h.counts.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	return string(encoded)
}
