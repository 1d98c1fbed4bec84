package journal

import (
	"bytes"
	"hash/crc32"
	"strconv"
	"time"

	"longhaul/internal/part"
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

// Outcome is what an entry is about.
type Outcome byte

// The outcomes: two of a record, two of a mark.
const (
	Succeeded Outcome = '+'
	Failed    Outcome = '-'
	trying    Outcome = '?'
	tried     Outcome = '!'
)

// Entry is a journal's line.
type Entry struct {
	Index   int64
	Outcome Outcome
	// Attempts, Throttled and Outage count the calls, as in job.Result.
	Attempts, Throttled, Outage int64
	// Latency is that of the record's last call, to the microsecond.
	Latency time.Duration
	// Line is the part's line, without a line feed. In an entry that was read it is
	// valid until the next one is read.
	Line []byte
}

// FromLine is the entry of a line that has been in a part.
func FromLine(line part.Line) Entry {
	e := Entry{
		Index: line.Index, Outcome: Succeeded, Latency: line.Latency(), Line: line.Text,
		Attempts: line.Attempts, Throttled: line.Throttled, Outage: line.Outage,
	}
	if line.Error != nil {
		e.Outcome = Failed
	}
	return e
}

// Totals counts the record, and the calls that were made for it.
func (e Entry) Totals() job.Totals {
	totals := job.Totals{Succeeded: 1, Attempts: e.Attempts, Throttled: e.Throttled, Outage: e.Outage}
	if e.Outcome == Failed {
		totals.Succeeded, totals.Failed = 0, 1
	}
	return totals
}

// IsMark says that the entry is no result.
func (e Entry) IsMark() bool { return e.Outcome == trying || e.Outcome == tried }

// mark is what a mark's entry says.
func (e Entry) mark() job.Mark {
	return job.Mark{Index: e.Index, Back: e.Outcome == tried, Alone: e.Attempts == 1}
}

func appendResult(dst []byte, result job.Result) []byte {
	start := len(dst)
	e := Entry{
		Index: result.Index, Outcome: Succeeded, Latency: result.Latency,
		Attempts: int64(result.Attempts), Throttled: int64(result.Throttled), Outage: int64(result.Outage),
	}
	if result.Failure != nil {
		e.Outcome = Failed
	}
	dst = appendHead(dst, e)
	dst = part.Append(dst, result)
	return seal(dst, start)
}

func appendMark(dst []byte, mark job.Mark) []byte {
	start := len(dst)
	e := Entry{Index: mark.Index, Outcome: trying}
	if mark.Back {
		e.Outcome = tried
	}
	if mark.Alone {
		e.Attempts = 1
	}
	return seal(appendHead(dst, e), start)
}

// appendEntry appends an entry whose line is there already.
func appendEntry(dst []byte, e Entry) []byte {
	start := len(dst)
	return seal(append(appendHead(dst, e), e.Line...), start)
}

// appendHead leaves room for the checksum.
func appendHead(dst []byte, e Entry) []byte {
	dst = append(dst, "00000000 "...)
	dst = strconv.AppendInt(dst, e.Index, 10)
	dst = append(dst, ' ', byte(e.Outcome), ' ')
	dst = strconv.AppendInt(dst, e.Attempts, 10)
	if e.Throttled > 0 || e.Outage > 0 {
		dst = strconv.AppendInt(append(dst, '/'), e.Throttled, 10)
		dst = strconv.AppendInt(append(dst, '/'), e.Outage, 10)
	}
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, e.Latency.Microseconds(), 10)
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
func parseEntry(line []byte) (Entry, bool) {
	if len(line) <= checksumLength || line[checksumLength] != ' ' {
		return Entry{}, false
	}
	sum, err := strconv.ParseUint(string(line[:checksumLength]), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(line[checksumLength:], castagnoli) {
		return Entry{}, false
	}
	rest := line[checksumLength+1:]
	var e Entry
	var microseconds int64
	var ok [4]bool
	e.Index, rest, ok[0] = cutNumber(rest)
	e.Outcome, rest, ok[1] = cutOutcome(rest)
	rest, ok[2] = cutCalls(rest, &e)
	microseconds, rest, ok[3] = cutNumber(rest)
	e.Latency, e.Line = time.Duration(microseconds)*time.Microsecond, rest
	ok[3] = ok[3] && e.Latency.Microseconds() == microseconds
	return e, ok == [4]bool{true, true, true, true}
}

func cutNumber(text []byte) (number int64, rest []byte, ok bool) {
	digits, rest, found := bytes.Cut(text, []byte(" "))
	number, err := strconv.ParseInt(string(digits), 10, 64)
	return number, rest, found && err == nil
}

func cutCalls(text []byte, e *Entry) (rest []byte, ok bool) {
	field, rest, found := bytes.Cut(text, []byte(" "))
	numbers := []*int64{&e.Attempts, &e.Throttled, &e.Outage}
	fields := bytes.Split(field, []byte("/"))
	if !found || len(fields) != 1 && len(fields) != len(numbers) {
		return rest, false
	}
	for i, digits := range fields {
		var err error
		if *numbers[i], err = strconv.ParseInt(string(digits), 10, 64); err != nil {
			return rest, false
		}
	}
	return rest, true
}

func cutOutcome(text []byte) (o Outcome, rest []byte, ok bool) {
	sign, rest, found := bytes.Cut(text, []byte(" "))
	if !found || len(sign) != 1 {
		return 0, rest, false
	}
	switch o = Outcome(sign[0]); o {
	case Succeeded, Failed, trying, tried:
		return o, rest, true
	default:
		return 0, rest, false
	}
}
