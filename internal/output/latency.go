package output

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies is a histogram of microseconds, from 1 to an hour, to two digits.
type Latencies struct{ histogram *hdrhistogram.Histogram }

const (
	maxLatency    = int64(time.Hour / time.Microsecond)
	latencyDigits = 2
)

// NewLatencies is empty.
func NewLatencies() *Latencies {
	return &Latencies{hdrhistogram.New(1, maxLatency, latencyDigits)}
}

// Record adds one. One beyond the range counts as its end.
func (l *Latencies) Record(latency time.Duration) {
	_ = l.histogram.RecordValue(min(max(latency.Microseconds(), 1), maxLatency))
}

// Encode gives HdrHistogram's V2 compressed encoding, in base64.
func (l *Latencies) Encode() string {
	// Compressing into memory cannot fail.
	encoded, _ := l.histogram.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	return string(encoded)
}
