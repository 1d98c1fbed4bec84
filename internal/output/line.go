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
// parses no JSON. The checksum, 8 hex digits, is over all that follows it. Attempts
// are such as 2, or 2/5/1 with calls that were throttled or fell into an outage.
//
// A mark has ? when a call begins and ! when it has come back without a result;
// for the number of attempts it has 1 if the call is alone in its process, else
// 0, and nothing for the line.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const checksumLength = 8

// outcome is what a journal's line is about.
type outcome byte

const (
	succeeded outcome = '+'
	failed    outcome = '-'
	trying    outcome = '?'
	tried     outcome = '!'
)

// entry is a journal's line.
type entry struct {
	index   int64
	outcome outcome
	calls   calls
	// latency in microseconds.
	latency int64
	// line is the part's line, without the line feed.
	line []byte
}

// calls are those that were made for a record, as in job.Result.
type calls struct{ attempts, throttled, outage int64 }

func appendResult(dst []byte, result job.Result) []byte {
	start := len(dst)
	e := entry{index: result.Index, outcome: succeeded, latency: result.Latency.Microseconds()}
	e.calls = calls{int64(result.Attempts), int64(result.Throttled), int64(result.Outage)}
	if result.Failure != nil {
		e.outcome = failed
	}
	dst = appendHead(dst, e)
	dst = appendLine(dst, result)
	return seal(dst, start)
}

func appendMark(dst []byte, mark job.Mark) []byte {
	start := len(dst)
	e := entry{index: mark.Index, outcome: trying}
	if mark.Back {
		e.outcome = tried
	}
	if mark.Alone {
		e.calls.attempts = 1
	}
	return seal(appendHead(dst, e), start)
}

// appendEntry writes an entry whose line is there already.
func appendEntry(dst []byte, e entry) []byte {
	start := len(dst)
	return seal(append(appendHead(dst, e), e.line...), start)
}

// appendHead leaves room for the checksum.
func appendHead(dst []byte, e entry) []byte {
	dst = append(dst, "00000000 "...)
	dst = strconv.AppendInt(dst, e.index, 10)
	dst = append(dst, ' ', byte(e.outcome), ' ')
	dst = strconv.AppendInt(dst, e.calls.attempts, 10)
	if e.calls.throttled > 0 || e.calls.outage > 0 {
		dst = strconv.AppendInt(append(dst, '/'), e.calls.throttled, 10)
		dst = strconv.AppendInt(append(dst, '/'), e.calls.outage, 10)
	}
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, e.latency, 10)
	return append(dst, ' ')
}

// seal ends the line that begins at start.
func seal(dst []byte, start int) []byte {
	putChecksum(dst[start:], crc32.Checksum(dst[start+checksumLength:], castagnoli))
	return append(dst, '\n')
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
	e.outcome, rest, ok[1] = cutOutcome(rest)
	e.calls, rest, ok[2] = cutCalls(rest)
	e.latency, rest, ok[3] = cutNumber(rest)
	e.line = rest
	return e, ok == [4]bool{true, true, true, true}
}

func cutNumber(text []byte) (number int64, rest []byte, ok bool) {
	digits, rest, found := bytes.Cut(text, []byte(" "))
	number, err := strconv.ParseInt(string(digits), 10, 64)
	return number, rest, found && err == nil
}

func cutCalls(text []byte) (c calls, rest []byte, ok bool) {
	field, rest, found := bytes.Cut(text, []byte(" "))
	numbers := []*int64{&c.attempts, &c.throttled, &c.outage}
	parts := bytes.Split(field, []byte("/"))
	if !found || len(parts) != 1 && len(parts) != len(numbers) {
		return c, rest, false
	}
	for i, part := range parts {
		var err error
		if *numbers[i], err = strconv.ParseInt(string(part), 10, 64); err != nil {
			return c, rest, false
		}
	}
	return c, rest, true
}

func cutOutcome(text []byte) (o outcome, rest []byte, ok bool) {
	sign, rest, found := bytes.Cut(text, []byte(" "))
	if !found || len(sign) != 1 {
		return 0, rest, false
	}
	switch o = outcome(sign[0]); o {
	case succeeded, failed, trying, tried:
		return o, rest, true
	default:
		return 0, rest, false
	}
}

// isMark says that the entry is no result.
func (e entry) isMark() bool { return e.outcome == trying || e.outcome == tried }

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
