package part

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"math"
	"time"

	"longhaul/job"
)

// Line is a line of a part, or of an errors part.
type Line struct {
	Index int64 `json:"index"`
	// Input is nil if the output has none.
	Input json.RawMessage `json:"input"`
	// Output is the answer; nil if the record has failed.
	Output json.RawMessage `json:"output"`
	// Error is why the record has failed; nil if it has succeeded.
	Error     *job.CallError `json:"error"`
	Attempts  int64          `json:"attempts"`
	Throttled int64          `json:"throttled"`
	Outage    int64          `json:"outage"`
	LatencyMS float64        `json:"latency_ms"`

	// Text is the line without its line feed, valid until the next one is read.
	Text []byte `json:"-"`
}

// Totals counts the record, and the calls that were made for it.
func (l Line) Totals() job.Totals {
	totals := job.Totals{Succeeded: 1, Attempts: l.Attempts, Throttled: l.Throttled, Outage: l.Outage}
	if l.Error != nil {
		totals.Succeeded, totals.Failed = 0, 1
	}
	return totals
}

// Latency is that of the record's last call, to the microsecond.
func (l Line) Latency() time.Duration {
	return time.Duration(math.Round(l.LatencyMS*1000)) * time.Microsecond
}

// Parse reads one line, without its line feed.
func Parse(text []byte) (Line, error) {
	line := Line{Text: text}
	err := json.Unmarshal(text, &line)
	return line, err
}

// Reader reads the lines of a part, in their order.
type Reader struct{ buffered *bufio.Reader }

// NewReader reads a part from its beginning.
func NewReader(r io.Reader) *Reader { return &Reader{bufio.NewReaderSize(r, 64<<10)} }

// errTorn says that the last line does not end.
var errTorn = errors.New("the last line has no line feed")

// Next returns the next line; io.EOF after the last one. Any other error says that
// the part is damaged, or cannot be read.
func (r *Reader) Next() (Line, error) {
	text, err := r.buffered.ReadBytes('\n')
	switch {
	case errors.Is(err, io.EOF) && len(text) > 0:
		return Line{}, errTorn
	case err != nil:
		return Line{}, err
	}
	return Parse(text[:len(text)-1])
}
