package input

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// fuzzStep makes many index entries of few records.
const fuzzStep = 3

// fuzzRanges bounds how many ranges of one content are read.
const fuzzRanges = 20

// indexed returns the values of all records, which must be the same from the start,
// from any record on, and for any record by itself.
func indexed(t *testing.T, f *File) ([]string, error) {
	f.step = fuzzStep
	var index bytes.Buffer
	fingerprint, err := f.Index(context.Background(), &index, func(int64) {})
	if err != nil {
		require.Equal(t, job.KindInput, job.KindOf(err))
		require.Contains(t, err.Error(), "in: line ")
		return nil, err
	}
	x := indexIn(index.Bytes())
	require.NoError(t, f.CheckIndex(x, fingerprint))
	every := read(t, f, nil, job.Range{Last: fingerprint.Records})
	require.Len(t, every, int(fingerprint.Records))
	for first := int64(0); first < fingerprint.Records; first += 1 + fingerprint.Records/fuzzRanges {
		require.Equal(t, every[first:], read(t, f, x, job.Range{First: first, Last: fingerprint.Records}))
		require.Equal(t, every[first:first+1], read(t, f, x, job.Range{First: first, Last: first + 1}))
	}
	return every, nil
}

func read(t *testing.T, f *File, index *Index, r job.Range) []string {
	values := []string{}
	for record, err := range f.Records(index, r) {
		require.NoError(t, err)
		require.Equal(t, r.First+int64(len(values)), record.Index)
		require.True(t, json.Valid(record.Value))
		values = append(values, string(record.Value))
	}
	return values
}

// textLines are the lines of a content, by another way.
func textLines(content []byte) []string {
	s := strings.TrimPrefix(string(content), string(byteOrderMark))
	if s == "" {
		return nil
	}
	found := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for i := range found {
		found[i] = strings.TrimSuffix(found[i], "\r")
	}
	return found
}

func FuzzLines(f *testing.F) {
	for _, seed := range []string{"", "a\nb\r\nc", "\xef\xbb\xbfa\n\n\n", "\r\n\r", "é\u2028\n\"\\\n", "\xff\xfea\x00", "\x00\x01\n", "\xef\xbb\xbf"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := indexed(t, file(string(content), job.FormatLines))
		require.Equal(t, utf8.Valid(content), err == nil)
		if err != nil {
			return
		}
		want := []string{}
		for _, line := range textLines(content) {
			want = append(want, string(appendEncoded(nil, line)))
		}
		require.Equal(t, want, got)
	})
}

func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{"", "{\"a\":1}\n[2]\r\n\n \"s\" \nnull", "\xef\xbb\xbf1\n", "1 2", "{", "\"\xff\"", "\n\r\n1.0e5\n2\n3\n4\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		want, valid := []string{}, utf8.Valid(content)
		for _, line := range textLines(content) {
			line = string(bytes.TrimSpace([]byte(line)))
			if line != "" {
				want = append(want, line)
				valid = valid && json.Valid([]byte(line))
			}
		}
		got, err := indexed(t, file(string(content), job.FormatJSONL))
		require.Equal(t, valid, err == nil, "%v", err)
		if err == nil {
			require.Equal(t, want, got)
		}
	})
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"", "a,b\n1,2\n", "a\r\n\"x\r\ny\"\r\n\"\"\"\"\r\n", "\xef\xbb\xbf\"a\r\n\"\n\n1\n\r\n2\r", "a,b\n\"\",\n,", "a\n\"x", "a\nx\"y\n", "a\n\"x\"y\n",
		"a,a\n", "a,\n", "a\n\xff\n", "a\n\"\r\n\r\r\n\r\"\n1\n2\n3\n4", "\xef\xbb\xbf", "a\n\"x\"\r\r\n", "\xcf,\xbf", "\xef\xbb\xbf\n\na\n1",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		rows, wrong := readCSV(string(content))
		var want []string
		var at []position
		if wrong == nil {
			want, at, wrong = recordsOf(rows)
		}
		got, err := indexed(t, file(string(content), job.FormatCSV))
		require.Equal(t, wrong == nil, err == nil, "%v", err)
		if err != nil {
			return
		}
		require.Equal(t, want, got)
		gotAt, err := positions(file(string(content), job.FormatCSV))
		require.NoError(t, err)
		require.Equal(t, at, gotAt)
	})
}
