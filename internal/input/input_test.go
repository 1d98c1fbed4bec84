package input

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"longhaul/job"
)

// memory is an Object of bytes.
type memory struct{ *bytes.Reader }

func (m memory) Close() error       { return nil }
func (m memory) Size() int64        { return m.Reader.Size() }
func (m memory) ModTime() time.Time { return time.Time{} }

func file(content string, name job.Format) *File {
	version := newest(name)
	format, err := formatOf(name, version)
	if err != nil {
		panic(err)
	}
	return &File{object: memory{bytes.NewReader([]byte(content))}, uri: "in", format: format, version: version, step: IndexStep}
}

// indexIn is the index that these bytes are.
func indexIn(b []byte) *Index { return NewIndex(memory{bytes.NewReader(b)}, "out/_longhaul/index") }

// all indexes the content and reads it, through the index.
func all(content string, format job.Format) (values []string, err error) {
	f := file(content, format)
	var index bytes.Buffer
	fingerprint, err := f.Index(context.Background(), &index, func(int64) {})
	if err != nil {
		return nil, err
	}
	values = []string{}
	for record, err := range f.Records(indexIn(index.Bytes()), job.Range{Last: fingerprint.Records}) {
		if err != nil {
			return nil, err
		}
		values = append(values, string(record.Value))
	}
	return values, nil
}

func TestGoodInput(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5<<20)
	for name, c := range map[string]struct {
		format  job.Format
		content string
		want    []string
	}{
		"jsonl":                  {job.FormatJSONL, "{\"a\":1}\n[2]\n\"s\"\n4\nnull\n", []string{`{"a":1}`, `[2]`, `"s"`, `4`, `null`}},
		"jsonl as it came":       {job.FormatJSONL, "{ \"a\" : 1.00 }\n", []string{`{ "a" : 1.00 }`}},
		"jsonl, no newline":      {job.FormatJSONL, "1\n2", []string{"1", "2"}},
		"jsonl, CRLF":            {job.FormatJSONL, "1\r\n2\r\n", []string{"1", "2"}},
		"jsonl, BOM":             {job.FormatJSONL, "\xef\xbb\xbf1\n2\n", []string{"1", "2"}},
		"jsonl, blank lines":     {job.FormatJSONL, "\n1\n  \n\r\n2\n\n", []string{"1", "2"}},
		"jsonl, empty":           {job.FormatJSONL, "", []string{}},
		"jsonl, BOM only":        {job.FormatJSONL, "\xef\xbb\xbf", []string{}},
		"jsonl, 5 MB line":       {job.FormatJSONL, "1\n\"" + long + "\"\n2\n", []string{"1", `"` + long + `"`, "2"}},
		"lines":                  {job.FormatLines, "a\n\"b\" <c>\n\nd", []string{`"a"`, `"\"b\" <c>"`, `""`, `"d"`}},
		"lines, CRLF and BOM":    {job.FormatLines, "\xef\xbb\xbfa\r\nb\r\n", []string{`"a"`, `"b"`}},
		"lines, empty":           {job.FormatLines, "", []string{}},
		"csv":                    {job.FormatCSV, "id,name\n1,Ann\n2,\"Bo, \"\"B\"\"\"\n", []string{`{"id":"1","name":"Ann"}`, `{"id":"2","name":"Bo, \"B\""}`}},
		"csv, BOM and CRLF":      {job.FormatCSV, "\xef\xbb\xbfid,name\r\n1,Ann\r\n", []string{`{"id":"1","name":"Ann"}`}},
		"csv, quoted newline":    {job.FormatCSV, "id,text\n1,\"a\nb\"\n2,c", []string{`{"id":"1","text":"a\nb"}`, `{"id":"2","text":"c"}`}},
		"csv, blank lines":       {job.FormatCSV, "id\n\n1\n\n2\n", []string{`{"id":"1"}`, `{"id":"2"}`}},
		"csv, header only":       {job.FormatCSV, "id,name\n", []string{}},
		"csv, header, no end":    {job.FormatCSV, "id,name", []string{}},
		"csv, empty":             {job.FormatCSV, "", []string{}},
		"csv, column order kept": {job.FormatCSV, "b,a\n1,2\n", []string{`{"b":"1","a":"2"}`}},
		"csv, 5 MB field":        {job.FormatCSV, "a,b\n" + long + ",1\n2,3\n", []string{`{"a":"` + long + `","b":"1"}`, `{"a":"2","b":"3"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := all(c.content, c.format)
			require.NoError(t, err)
			require.Len(t, got, len(c.want))
			for i := range got {
				same := c.want[i] == got[i] // Equal would print 5 MB
				require.True(t, same, "record %d: %.100s", i, got[i])
				require.True(t, json.Valid([]byte(got[i])))
			}
		})
	}
}

func TestBadInputIsNamedByLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format           job.Format
		content, message string
	}{
		"broken JSON":         {job.FormatJSONL, "1\n\n{\"a\":\n", "in: line 3: broken JSON: unexpected end of JSON input"},
		"two values":          {job.FormatJSONL, "1 2\n", "in: line 1: broken JSON"},
		"jsonl not UTF-8":     {job.FormatJSONL, "1\n\"\xe4\"\n", "in: line 2: is not UTF-8"},
		"lines not UTF-8":     {job.FormatLines, "a\nb\n\xff\n", "in: line 3: is not UTF-8"},
		"UTF-16":              {job.FormatLines, "\xff\xfea\x00\n\x00", "iconv -f UTF-16"},
		"too few fields":      {job.FormatCSV, "a,b\n1,2\n3\n", "in: line 3: the row does not have 2 fields"},
		"too many fields":     {job.FormatCSV, "a,b\n\"x\ny\",2\n3,4,5\n", "in: line 4: the row does not have 2 fields"},
		"stray quote":         {job.FormatCSV, "a\n1\n2\"3\n", "in: line 3: bare \""},
		"unclosed quote":      {job.FormatCSV, "a\n\"1\n", "in: line 2: extraneous or missing \""},
		"csv not UTF-8":       {job.FormatCSV, "a,b\n1,2\n3,\xe4\n", "in: line 3: is not UTF-8"},
		"header not UTF-8":    {job.FormatCSV, "a,\xe4\n", "in: line 1: is not UTF-8"},
		"header names twice":  {job.FormatCSV, "a,b,a\n", `in: line 1: columns 1 and 3 of the header have the same name`},
		"header without name": {job.FormatCSV, "a,,c\n", "in: line 1: column 2 of the header has no name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := all(c.content, c.format)
			require.ErrorContains(t, err, c.message)
			require.Equal(t, job.KindInput, job.KindOf(err))
		})
	}
}

// Records of any range are the same as that range of all records.
func TestAnyRangeCanBeRead(t *testing.T) {
	t.Parallel()
	formats := []job.Format{job.FormatJSONL, job.FormatCSV, job.FormatLines}
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom(formats).Draw(t, "format")
		n := rapid.IntRange(0, 3*IndexStep+5).Draw(t, "records")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
		var content strings.Builder
		if rapid.Bool().Draw(t, "BOM") {
			content.Write(byteOrderMark)
		}
		if format == job.FormatCSV {
			content.WriteString("a" + end)
		}
		for i := range n {
			if format != job.FormatLines && i%7 == 3 {
				content.WriteString(end)
			}
			if format == job.FormatCSV && i%5 == 2 {
				fmt.Fprintf(&content, "\"%d\n \"\"x\"\"\"%s", i, end)
			} else {
				fmt.Fprintf(&content, "%d%s", i, end)
			}
		}
		every, err := all(content.String(), format)
		require.NoError(t, err)
		require.Len(t, every, n)

		f := file(content.String(), format)
		var index bytes.Buffer
		_, err = f.Index(context.Background(), &index, func(int64) {})
		require.NoError(t, err)
		first := rapid.IntRange(0, n).Draw(t, "first")
		last := rapid.IntRange(first, n).Draw(t, "last")
		next := first
		for record, err := range f.Records(indexIn(index.Bytes()), job.Range{First: int64(first), Last: int64(last)}) {
			require.NoError(t, err)
			require.EqualValues(t, next, record.Index)
			require.Equal(t, every[next], string(record.Value))
			next++
		}
		require.Equal(t, last, next)
	})
}

func TestAShorterFileIsAChangedOne(t *testing.T) {
	t.Parallel()
	var errs []error
	for _, err := range file("1\n", job.FormatJSONL).Records(nil, job.Range{Last: 2}) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 2)
	require.ErrorContains(t, errs[1], "has changed since it was indexed")
}

func TestFingerprintTellsContentsApart(t *testing.T) {
	t.Parallel()
	of := func(content string) string {
		f, err := file(content, job.FormatJSONL).Index(t.Context(), io.Discard, func(int64) {})
		require.NoError(t, err)
		return f.SHA256
	}
	first := of("1\n2\n")
	require.Equal(t, first, of("1\n2\n"))
	require.NotEqual(t, first, of("1\n3\n"), "of the same length")
}

func TestIndexingIsCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := file("1\n", job.FormatJSONL).Index(ctx, io.Discard, func(int64) {})
	require.ErrorIs(t, err, context.Canceled)
}

func TestCount(t *testing.T) {
	t.Parallel()
	var values []string
	for record, err := range Count(5).Records(nil, job.Range{First: 3, Last: 9}) {
		require.NoError(t, err)
		values = append(values, string(record.Value))
	}
	require.Equal(t, []string{"3", "4"}, values)
}
