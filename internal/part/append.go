package part

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"longhaul/job"
)

// Append appends the line of a part, or of an errors part, without a line feed. Input and output
// keep their JSON as it came, but for line feeds, which JSON allows only
// between values. A result without its record has no input.
func Append(dst []byte, r job.Result) []byte {
	dst = append(dst, `{"index":`...)
	dst = strconv.AppendInt(dst, r.Index, 10)
	if r.Value != nil {
		dst = append(dst, `,"input":`...)
		dst = AppendValue(dst, r.Value)
	}
	if r.Failure == nil {
		dst = append(dst, `,"output":`...)
		dst = AppendValue(dst, r.Output)
		if r.Status != 0 {
			dst = append(dst, `,"status":`...)
			dst = strconv.AppendInt(dst, int64(r.Status), 10)
		}
	} else {
		dst = append(dst, `,"error":`...)
		dst = appendMarshalled(dst, r.Failure)
	}
	dst = append(dst, `,"attempts":`...)
	dst = strconv.AppendInt(dst, int64(r.Attempts), 10)
	if r.Throttled > 0 {
		dst = strconv.AppendInt(append(dst, `,"throttled":`...), int64(r.Throttled), 10)
	}
	if r.Outage > 0 {
		dst = strconv.AppendInt(append(dst, `,"outage":`...), int64(r.Outage), 10)
	}
	dst = append(dst, `,"latency_ms":`...)
	dst = strconv.AppendFloat(dst, float64(r.Latency.Microseconds())/1000, 'f', -1, 64)
	if r.Failure != nil {
		dst = append(dst, `,"at":"`...)
		dst = r.At.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// AppendValue appends JSON as it stands in a line: without line feeds, and null if
// there is none.
func AppendValue(dst []byte, value json.RawMessage) []byte {
	if len(value) == 0 {
		return append(dst, "null"...)
	}
	if bytes.IndexByte(value, '\n') < 0 && bytes.IndexByte(value, '\r') < 0 {
		return append(dst, value...)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, value) == nil {
		return append(dst, compact.Bytes()...)
	}
	return appendMarshalled(dst, string(value))
}

func appendMarshalled(dst []byte, value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// Strings and CallErrors cannot fail to encode.
	_ = encoder.Encode(value)
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
