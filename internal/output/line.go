package output

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"strconv"
	"time"

	"longhaul/job"
)

// A journal's line is
//
//	<crc32c> <index> <+|-> <attempts> <latency in µs> <line of the part>\n
//
// The last field is what will stand in the part (+) or the errors part (-), to
// the byte; the fields before it are what a merge needs to know, so that it
// parses no JSON. The checksum, 8 hex digits, is over all that follows it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const checksumLength = 8

// entry is the head of a journal's line.
type entry struct {
	index     int64
	succeeded bool
	attempts  int64
	latency   int64
	// line is the part's line, without the line feed.
	line []byte
}

func appendEntry(dst []byte, result job.Result) []byte {
	start := len(dst)
	dst = append(dst, "00000000 "...)
	dst = strconv.AppendInt(dst, result.Index, 10)
	if result.Failure == nil {
		dst = append(dst, " + "...)
	} else {
		dst = append(dst, " - "...)
	}
	dst = strconv.AppendInt(dst, int64(result.Attempts), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, result.Latency.Microseconds(), 10)
	dst = append(dst, ' ')
	dst = appendLine(dst, result)
	dst = append(dst, '\n')
	putChecksum(dst[start:], crc32.Checksum(dst[start+checksumLength:len(dst)-1], castagnoli))
	return dst
}

func putChecksum(dst []byte, sum uint32) {
	const digits = "0123456789abcdef"
	for i := checksumLength - 1; i >= 0; i-- {
		dst[i] = digits[sum&15]
		sum >>= 4
	}
}

// parseEntry reads a line without its line feed; false if it is damaged.
func parseEntry(line []byte) (entry, bool) {
	if len(line) <= checksumLength {
		return entry{}, false
	}
	sum, err := strconv.ParseUint(string(line[:checksumLength]), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(line[checksumLength:], castagnoli) {
		return entry{}, false
	}
	rest := line[checksumLength+1:]
	var e entry
	var ok [4]bool
	e.index, rest, ok[0] = cutNumber(rest)
	e.succeeded, rest, ok[1] = cutOutcome(rest)
	e.attempts, rest, ok[2] = cutNumber(rest)
	e.latency, rest, ok[3] = cutNumber(rest)
	e.line = rest
	return e, ok == [4]bool{true, true, true, true}
}

func cutNumber(text []byte) (number int64, rest []byte, ok bool) {
	digits, rest, found := bytes.Cut(text, []byte(" "))
	number, err := strconv.ParseInt(string(digits), 10, 64)
	return number, rest, found && err == nil
}

func cutOutcome(text []byte) (succeeded bool, rest []byte, ok bool) {
	sign, rest, found := bytes.Cut(text, []byte(" "))
	return string(sign) == "+", rest, found && (string(sign) == "+" || string(sign) == "-")
}

// appendLine appends the line of a part or an errors part. Input and output
// keep their JSON as it came, but for line feeds, which JSON allows only
// between values. A result without its record has no input.
func appendLine(dst []byte, r job.Result) []byte {
	dst = append(dst, `{"index":`...)
	dst = strconv.AppendInt(dst, r.Index, 10)
	if r.Value != nil {
		dst = append(dst, `,"input":`...)
		dst = appendValue(dst, r.Value)
	}
	if r.Failure == nil {
		dst = append(dst, `,"output":`...)
		dst = appendValue(dst, r.Output)
	} else {
		dst = append(dst, `,"error":`...)
		dst = appendMarshalled(dst, r.Failure)
	}
	dst = append(dst, `,"attempts":`...)
	dst = strconv.AppendInt(dst, int64(r.Attempts), 10)
	dst = append(dst, `,"latency_ms":`...)
	dst = strconv.AppendFloat(dst, float64(r.Latency.Microseconds())/1000, 'f', -1, 64)
	if r.Failure != nil {
		dst = append(dst, `,"at":"`...)
		dst = r.At.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

func appendValue(dst []byte, value json.RawMessage) []byte {
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
