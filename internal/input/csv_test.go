package input

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/job"
)

func TestCRLFInAQuotedFieldIsKept(t *testing.T) {
	t.Parallel()
	for content, want := range map[string][]string{
		"a,b\r\n\"1\r\n2\",3\r\n":          {`{"a":"1\r\n2","b":"3"}`},
		"a\n\"1\r\n\"\n":                   {`{"a":"1\r\n"}`},
		"a\n\"\r\n\r\n\r\r\n\n\r\"\n":      {`{"a":"\r\n\r\n\r\r\n\n\r"}`},
		"a\n\"x\"\"\r\n\"\"y\"\r\n2\r\n":   {`{"a":"x\"\r\n\"y"}`, `{"a":"2"}`},
		"a\n\"x\r\"\"\ny\"\r\n":            {`{"a":"x\r\"\ny"}`},
		"\"a\r\nb\"\r\n1\r\n":              {`{"a\r\nb":"1"}`},
		"\xef\xbb\xbf\"a\"\r\n\"\r\n\"":    {`{"a":"\r\n"}`},
		"a,b\r\n\"\",\r\n,\"\"\r\n":        {`{"a":"","b":""}`, `{"a":"","b":""}`},
		"a\r\nno quote \r in the middle\n": {`{"a":"no quote \r in the middle"}`},
	} {
		got, err := all(content, job.FormatCSV)
		require.NoError(t, err, "%q", content)
		require.Equal(t, want, got, "%q", content)
	}
}

// A job of version 0.1 goes on as it has begun.
func TestTheFirstVersionOfCSVMakesLineFeeds(t *testing.T) {
	t.Parallel()
	f := file("a\n\"1\r\n2\"\n", job.FormatCSV)
	f.format = csvFormat{}
	for record, err := range f.Records(nil, job.Range{Last: 1}) {
		require.NoError(t, err)
		require.Equal(t, `{"a":"1\n2"}`, string(record.Value))
	}
}

// The result does not depend on how the content comes.
func TestTheDoublerKeepsItsStateBetweenReads(t *testing.T) {
	t.Parallel()
	content := "a\r\n\"\r\n\"\"\r\n\",\"\"\r\n\"\r\n\r\""
	want := "a\r\n\"\r\r\n\"\"\r\r\n\",\"\"\r\n\"\r\r\n\r\""
	d := &crDoubler{source: iotest.OneByteReader(strings.NewReader(content))}
	var got bytes.Buffer
	_, err := got.ReadFrom(iotest.OneByteReader(d))
	require.NoError(t, err)
	require.Equal(t, want, got.String())
	require.EqualValues(t, 3, d.doubled)
	require.NoError(t, iotest.TestReader(&crDoubler{source: strings.NewReader(content)}, []byte(want)))
}

func TestCSVIsCheckedAtTheRightLine(t *testing.T) {
	t.Parallel()
	for content, message := range map[string]string{
		"\n\n\"a\r\nb\",\"\xff\"\r\n": "in: line 4: is not UTF-8",
		"\r\na,\r\n":                  "in: line 2: column 2 of the header has no name",
		"a\r\n\"x\r\ny\"\r\n1,2\r\n":  "in: line 4: the row does not have 1 fields",
		"a\r\n1\r\n\"x\r\ny\r\n":      "in: line 3: extraneous or missing \" in quoted-field; fix the row: a field that holds a quote is put in quotes",
	} {
		_, err := all(content, job.FormatCSV)
		require.ErrorContains(t, err, message)
	}
}

func TestAQuoteThatDoesNotEndIsNamed(t *testing.T) {
	t.Parallel()
	_, err := all("a\n1\n\""+strings.Repeat(strings.Repeat("x", 1<<20)+"\r\n", maxRecordBytes>>20+1), job.FormatCSV)
	require.EqualError(t, err, "in: line 3: the record is longer than 64 MiB; look there for a quote that does not end")
}

// csvRow is a row with the offset at which it, or a blank line before it, begins.
type csvRow struct {
	at     position
	fields []string
}

var errNoCSV = errors.New("not CSV")

// readCSV is another reader of CSV, byte by byte and without any library.
func readCSV(s string) (rows []csvRow, err error) {
	i := 0
	if strings.HasPrefix(s, string(byteOrderMark)) {
		i = len(byteOrderMark)
	}
	lineEnd := func() int { // its length at i, or -1
		switch rest := s[i:]; {
		case rest == "" || rest[0] == '\n':
			return min(1, len(rest))
		case rest == "\r":
			return 1
		case strings.HasPrefix(rest, "\r\n"):
			return 2
		}
		return -1
	}
	for at := i; i < len(s); {
		if n := lineEnd(); n >= 0 {
			i += n
			continue
		}
		row := csvRow{at: position(at)}
		for {
			var field strings.Builder
			if i < len(s) && s[i] == '"' {
				for i++; ; i++ {
					if i >= len(s) {
						return nil, errNoCSV
					}
					if s[i] == '"' {
						i++
						if i >= len(s) || s[i] != '"' {
							break
						}
					}
					field.WriteByte(s[i])
				}
			} else {
				for ; lineEnd() < 0 && s[i] != ','; i++ {
					if s[i] == '"' {
						return nil, errNoCSV
					}
					field.WriteByte(s[i])
				}
			}
			row.fields = append(row.fields, field.String())
			if n := lineEnd(); n >= 0 {
				i += n
				break
			}
			if s[i] != ',' {
				return nil, errNoCSV
			}
			i++
		}
		rows = append(rows, row)
		at = i
	}
	return rows, nil
}

// recordsOf makes the records of rows, as the format must.
func recordsOf(rows []csvRow) (values []string, at []position, err error) {
	values = []string{}
	seen := map[string]bool{}
	for n, row := range rows {
		if len(row.fields) != len(rows[0].fields) || slices.ContainsFunc(row.fields, func(f string) bool { return !utf8.ValidString(f) }) {
			return nil, nil, errNoCSV
		}
		value := make([]string, 0, len(row.fields))
		for i, field := range row.fields {
			if n == 0 && (field == "" || seen[field]) {
				return nil, nil, errNoCSV
			}
			seen[field] = true
			value = append(value, string(appendEncoded(nil, rows[0].fields[i]))+":"+string(appendEncoded(nil, field)))
		}
		if n > 0 {
			values = append(values, "{"+strings.Join(value, ",")+"}")
			at = append(at, row.at)
		}
	}
	return values, at, nil
}

// positions are those of all records.
func positions(f *File) (at []position, err error) {
	f.step = 1
	var index bytes.Buffer
	if _, err := f.Index(context.Background(), &index, func(int64) {}); err != nil {
		return nil, err
	}
	x := indexIn(index.Bytes())
	for entry := range int64(index.Len() / entryBytes) {
		p, err := x.at(entry)
		if err != nil {
			return nil, err
		}
		at = append(at, p)
	}
	return at, nil
}

// Rows that were written come back, each from where it was written.
func TestCSVIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "é", "\"", ",", "\r\n", "\n", "\r", " ", "\u2028", strings.Repeat("x", 4096)}), 0, 6)
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
		columns := rapid.IntRange(1, 4).Draw(t, "columns")
		var content strings.Builder
		if rapid.Bool().Draw(t, "BOM") {
			content.Write(byteOrderMark)
		}
		count := rapid.IntRange(1, 13).Draw(t, "rows")
		rows := make([]csvRow, 1, count)
		for i := range columns {
			rows[0].fields = append(rows[0].fields, strconv.Itoa(i)+strings.Join(pieces.Draw(t, "name"), ""))
		}
		for range count - 1 {
			var row csvRow
			for range columns {
				row.fields = append(row.fields, strings.Join(pieces.Draw(t, "field"), ""))
			}
			rows = append(rows, row)
		}
		for n := range rows {
			rows[n].at = position(content.Len())
			if n > 0 && rapid.IntRange(0, 4).Draw(t, "blank") == 0 {
				content.WriteString(end)
			}
			for i, field := range rows[n].fields {
				if i > 0 {
					content.WriteByte(',')
				}
				if columns == 1 && field == "" || strings.ContainsAny(field, "\",\r\n") || rapid.Bool().Draw(t, "quoted") {
					field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
				}
				content.WriteString(field)
			}
			if n < len(rows)-1 || rapid.Bool().Draw(t, "ends") {
				content.WriteString(end)
			}
		}
		want, at, err := recordsOf(rows)
		require.NoError(t, err)
		got, err := all(content.String(), job.FormatCSV)
		require.NoError(t, err)
		require.Equal(t, want, got)
		gotAt, err := positions(file(content.String(), job.FormatCSV))
		require.NoError(t, err)
		require.Equal(t, at, gotAt)
		for _, value := range got {
			require.True(t, json.Valid([]byte(value)))
		}
		other, err := readCSV(content.String())
		require.NoError(t, err)
		require.Equal(t, rows[1:], other[1:], "the other reader agrees")
	})
}
