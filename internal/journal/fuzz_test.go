package journal

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"longhaul/internal/part/parttest"
	"longhaul/internal/storage/memory"
	"longhaul/job"
)

// fuzzedRange is what the fuzzed journals are of.
var fuzzedRange = job.Range{First: 100, Last: 110}

// sealLines gives each line of a journal, the torn one too, the checksum that fits it, so
// that what is behind the checksum is fuzzed.
func sealLines(data []byte) []byte {
	lines := bytes.Split(bytes.Clone(data), []byte("\n"))
	for _, line := range lines {
		if len(line) > checksumLength && !bytes.HasPrefix(line, []byte(headerName)) {
			putChecksum(line, crc32.Checksum(line[checksumLength:], castagnoli))
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

// simpleLine is an entry by another way.
var simpleLine = regexp.MustCompile(`(?s)^([0-9a-fA-F]{8}) ([+-]?[0-9]+) ([-+?!]) ([+-]?[0-9]+)(?:/([+-]?[0-9]+)/([+-]?[0-9]+))? ([+-]?[0-9]+) (.*)$`)

// legible says whether the numbers of an entry can be held, and the latency as a duration.
func legible(line string) bool {
	found := simpleLine.FindStringSubmatch(line)
	for _, i := range []int{2, 4, 5, 6, 7} {
		if number, err := strconv.ParseInt(found[i], 10, 64); found[i] != "" && err != nil || i == 7 && (number > math.MaxInt64/1000 || number < math.MinInt64/1000) {
			return false
		}
	}
	return true
}

// simple is what a line says.
type simple struct {
	index, attempts, throttled, outage int64
	latency                            time.Duration
	outcome, line                      string
	// at is where the line begins, end where the next one does.
	at, end int
}

// readSimply reads a journal line by line. It says no if the journal is of another version.
func readSimply(data []byte) (entries []simple, known bool) {
	entries = []simple{}
	end := 0
	for n, text := range strings.SplitAfter(string(data), "\n") {
		end += len(text)
		text, whole := strings.CutSuffix(text, "\n")
		if !whole {
			break
		}
		if version := strings.TrimPrefix(text, "longhaul journal "); n == 0 && version != text && version != "1" && regexp.MustCompile(`^[0-9]+$`).MatchString(version) {
			return nil, false
		}
		found := simpleLine.FindStringSubmatch(text)
		if found == nil || strings.ToLower(found[1]) != fmt.Sprintf("%08x", crc32.Checksum([]byte(text[8:]), crc32.MakeTable(crc32.Castagnoli))) {
			continue
		}
		e := simple{outcome: found[3], line: found[8], at: end - 1 - len(found[8]), end: end}
		if !legible(text) {
			continue
		}
		number := func(i int) int64 { n, _ := strconv.ParseInt(found[i], 10, 64); return n }
		e.index, e.attempts, e.throttled, e.outage = number(2), number(4), number(5), number(6)
		e.latency = time.Duration(number(7)) * time.Microsecond
		entries = append(entries, e)
	}
	return entries, true
}

// readEntries reads a journal as the product does.
func readEntries(t *testing.T, data []byte) (entries []simple, err error) {
	t.Helper()
	entries = []simple{}
	for e, err := range Entries(bytes.NewReader(data), "name", int64(len(data))) {
		if err != nil {
			require.Equal(t, job.KindOutput, job.KindOf(err))
			return nil, err
		}
		at := int(e.Offset)
		require.Equal(t, string(data[at:at+len(e.Line)]), string(e.Line), "a merge copies it from there")
		entries = append(entries, simple{
			index: e.Index, attempts: e.Attempts, throttled: e.Throttled, outage: e.Outage, latency: e.Latency,
			outcome: string(e.Outcome), line: string(e.Line), at: at, end: at + len(e.Line) + 1,
		})
	}
	return entries, nil
}

// requireAnswers compares what is answered with a simple reading of all journals.
func requireAnswers(t *testing.T, s *Set, journals ...[]simple) {
	t.Helper()
	answered, err := s.Answered(t.Context(), fuzzedRange)
	require.NoError(t, err)
	first, best := map[int64]simple{}, map[int64]simple{}
	for _, entries := range journals {
		for _, e := range entries {
			if (e.outcome != "+" && e.outcome != "-") || e.index < fuzzedRange.First || e.index >= fuzzedRange.Last {
				continue
			}
			if _, ok := first[e.index]; !ok {
				first[e.index] = e
			}
			if old, ok := best[e.index]; !ok || old.outcome == "-" && e.outcome == "+" {
				best[e.index] = e
			}
		}
	}
	totals := job.Totals{}
	for _, e := range first {
		totals.Attempts, totals.Throttled, totals.Outage = totals.Attempts+e.attempts, totals.Throttled+e.throttled, totals.Outage+e.outage
		if e.outcome == "+" {
			totals.Succeeded++
		} else {
			totals.Failed++
		}
	}
	require.Equal(t, totals, answered.Totals)
	for index := fuzzedRange.First; index < fuzzedRange.Last; index++ {
		_, there := first[index]
		require.Equal(t, there, answered.Has(index), "record %d", index)
	}
	for _, suspect := range answered.Suspects() {
		require.False(t, answered.Has(suspect.Index))
		require.LessOrEqual(t, suspect.Alone, suspect.All)
	}
	names, err := s.Names(t.Context())
	require.NoError(t, err)
	opened, err := s.Open(t.Context(), names)
	require.NoError(t, err)
	given := map[int64]string{}
	require.NoError(t, opened.EachAnswer(fuzzedRange, func(e Entry) error {
		require.NotContains(t, given, e.Index, "a record is given twice")
		given[e.Index] = string(e.Outcome) + string(e.Line)
		return nil
	}))
	require.NoError(t, opened.Close())
	want := map[int64]string{}
	for index, e := range best {
		want[index] = e.outcome + e.line
	}
	require.Equal(t, want, given)
}

// Any bytes of journals: each whole, undamaged line is read, as a simple reading does, and
// nothing else; a record is answered once, and only one of the range. A cut at any byte
// loses only the tail.
func FuzzJournals(f *testing.F) {
	whole := []byte(header)
	for index := int64(98); index < 112; index += 2 {
		whole = appendMark(whole, job.Mark{Index: index, Alone: index%4 == 0})
		whole = appendResult(whole, parttest.Success(index))
		whole = appendResult(appendMark(whole, job.Mark{Index: index + 1, Back: true}), parttest.Failure(index+1))
	}
	throttled := parttest.Failure(104)
	throttled.Throttled, throttled.Outage = 3, 1
	twice := appendResult(appendResult(appendResult([]byte(header), throttled), parttest.Success(104)), parttest.Failure(104))
	for _, seed := range [][]byte{nil, []byte("\n\n"), []byte(header), []byte("longhaul journal 2\n"), []byte("longhaul journal 01\n"), []byte("longhaul journal x\n"), whole, whole[:len(whole)-1], twice} {
		for _, sealed := range []bool{false, true} {
			f.Add(seed, []byte("00000000 104 + 1 1 {}\n00000000 105 ? 1 0 \n"), uint16(len(seed)/2), uint16(0), sealed)
			f.Add([]byte("00000000 -1 - 2/5/1 9223372036854775807 {}\n00000000 100 + 9223372036854775808 1 \n00000000 101 + 1 1\n00000000\t109 + +1 -1 {}\n"), seed, uint16(30), uint16(30_000), sealed)
		}
	}
	f.Fuzz(func(t *testing.T, data, other []byte, cut, longer uint16, sealed bool) {
		// A line that is longer than the buffer of the reader.
		data = append(bytes.TrimSuffix(data, []byte("\n")), bytes.Repeat([]byte("long "), int(longer))...)
		data = append(data, '\n')
		if sealed {
			data, other = sealLines(data), sealLines(other)
		}
		folder, err := memory.New().Folder(t.Context(), "out", true)
		require.NoError(t, err)
		s := NewSet(folder)
		journals := make([][]simple, 0, 2)
		for i, content := range [][]byte{data, other} {
			want, known := readSimply(content)
			got, err := readEntries(t, content)
			require.Equal(t, known, err == nil, "%v", err)
			if !known {
				return
			}
			require.Equal(t, want, got)
			journals = append(journals, want)
			name := s.nameOf(fuzzedRange, "run-1", int32(i), "")
			require.NoError(t, folder.Put(t.Context(), name, func(w io.Writer) error { _, err := w.Write(content); return err }))
		}
		requireAnswers(t, s, journals...)

		at := min(int(cut), len(data))
		left, err := readEntries(t, data[:at])
		require.NoError(t, err)
		lost := slices.IndexFunc(journals[0], func(e simple) bool { return e.end > at })
		if lost < 0 {
			lost = len(journals[0])
		}
		require.Equal(t, journals[0][:lost], left)
	})
}

// A line with the checksum of its content is read only if it says all that an entry has,
// and is the same entry when it is written again. Without this checksum it is none.
func FuzzParseEntry(f *testing.F) {
	throttled := parttest.Failure(104)
	throttled.Throttled, throttled.Outage = 3, 1
	for _, seed := range [][]byte{
		appendResult(nil, parttest.Failure(3)), appendResult(nil, throttled), appendMark(nil, job.Mark{Index: 3, Alone: true}), []byte("00000000 1 + 1 1 {}\n"),
		[]byte("00000000 -1 - 2/5/1 9223372036854775807 \n"), []byte("00000000 1 + 1/2 1 {}\n"), []byte("00000000 1 ++ 1 1 {}\n"), []byte("00000000\t1 + 1 1 {}\n"), []byte("00000000\n"), []byte("0000000G 1 + 1 1 {}\n"),
	} {
		f.Add(seed[:len(seed)-1])
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		sum := fmt.Sprintf("%08x", crc32.Checksum(line[min(checksumLength, len(line)):], crc32.MakeTable(crc32.Castagnoli)))
		if _, ok := parseEntry(line); ok {
			require.Equal(t, sum, strings.ToLower(string(line[:checksumLength])))
		}
		line = sealLines(bytes.ReplaceAll(line, []byte("\n"), []byte(" ")))
		e, ok := parseEntry(line)
		require.Equal(t, simpleLine.Match(line) && !bytes.HasPrefix(line, []byte(headerName)) && legible(string(line)), ok, "%q", line)
		if !ok {
			return
		}
		written := appendEntry(nil, e)
		again, ok := parseEntry(written[:len(written)-1])
		require.True(t, ok)
		require.Equal(t, e, again)
		require.True(t, bytes.HasSuffix(line, append([]byte(" "), e.Line...)))
	})
}
