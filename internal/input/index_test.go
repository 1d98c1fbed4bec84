package input

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/storage"
	"longhaul/job"
)

func content(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", path))
	require.NoError(t, err)
	return data
}

// The fixtures were written by version 0.1. Their indexes are the same to the byte, and
// their records too, read as that version has read them.
func TestAnIndexOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"in.jsonl", "in.csv", "in.txt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var known job.Fingerprint
			require.NoError(t, json.Unmarshal(content(t, "v0.1/"+name+".fingerprint.json"), &known))
			format := job.InputSpec{URI: name}.ResolvedFormat()
			f := file(string(content(t, "v0.1/"+name)), format)

			var index bytes.Buffer
			now, err := f.Index(t.Context(), &index, func(int64) {})
			require.NoError(t, err)
			require.Equal(t, content(t, "v0.1/"+name+".index"), index.Bytes())
			require.Equal(t, newest(format), now.FormatVersion)
			sum := sha256.Sum256(index.Bytes())
			require.Equal(t, hex.EncodeToString(sum[:]), now.IndexSHA256)
			now.FormatVersion, now.IndexSHA256 = known.FormatVersion, ""
			require.Equal(t, known, now)

			f.format, err = formatOf(format, known.FormatVersion)
			require.NoError(t, err)
			x := indexIn(content(t, "v0.1/"+name+".index"))
			require.NoError(t, f.CheckIndex(x, known))
			values := strings.SplitAfter(string(content(t, "v0.1/"+name+".values")), "\n")
			for _, first := range []int64{0, 1, 255, 256, 257, 512, 599} {
				i := first
				for record, err := range f.Records(x, job.Range{First: first, Last: known.Records}) {
					require.NoError(t, err)
					require.Equal(t, values[i], string(record.Value)+"\n")
					i++
				}
				require.Equal(t, known.Records, i)
			}
		})
	}
}

const records = 600

// numbered are lines of 4 bytes, so that record i begins at byte 4*i.
func numbered() *File {
	return file(strings.Repeat("1234\n", records)[:records*5-1], job.FormatJSONL)
}

func TestADamagedIndexIsRefused(t *testing.T) {
	t.Parallel()
	f := numbered()
	var index bytes.Buffer
	fingerprint, err := f.Index(t.Context(), &index, func(int64) {})
	require.NoError(t, err)
	require.Len(t, index.Bytes(), 3*entryBytes)
	entries := func(at ...position) (b []byte) {
		for _, p := range at {
			b = appendEntry(b, p)
		}
		return b
	}
	require.Equal(t, entries(0, 1280, 2560), index.Bytes())
	for message, damaged := range map[string][]byte{
		"it has 0 bytes; 600 records make 24":        {},
		"it has 23 bytes; 600 records make 24":       index.Bytes()[:23],
		"it has 16 bytes; 600 records make 24":       index.Bytes()[:16],
		"it has 32 bytes; 600 records make 24":       entries(0, 1280, 2560, 2570),
		"entry 1 is not higher than the one before":  entries(0, 0, 2560),
		"entry 2 is not higher than the one before":  entries(0, 1280, 1279),
		"entry 2 points behind the end of the input": entries(0, 1280, records*5-1),
		"entry 1 points behind the end of the input": entries(0, 1<<63+1280, 1<<63+2560),
	} {
		err := f.CheckIndex(indexIn(damaged), fingerprint)
		require.EqualError(t, err, "out/_longhaul/index: is damaged: "+message+"; "+rebuildHint)
		require.Equal(t, job.KindOutput, job.KindOf(err))
	}
	require.NoError(t, f.CheckIndex(indexIn(index.Bytes()), fingerprint))
	old := fingerprint
	old.IndexSHA256 = ""
	moved := entries(0, 1275, 2560) // where record 255 begins
	require.NoError(t, f.CheckIndex(indexIn(moved), old), "version 0.1 has no digest")
	require.ErrorContains(t, f.CheckIndex(indexIn(moved), fingerprint), "is damaged: its sha256 is ")
	fingerprint.IndexStep = 128
	require.ErrorContains(t, f.CheckIndex(indexIn(index.Bytes()), fingerprint), "is damaged: it has every 128th record, not every 256th")
}

// One bit is enough, also if it leads to the beginning of another record.
func TestEveryBitOfTheIndexCounts(t *testing.T) {
	t.Parallel()
	f := numbered()
	var index bytes.Buffer
	fingerprint, err := f.Index(t.Context(), &index, func(int64) {})
	require.NoError(t, err)
	for bit := range index.Len() * 8 {
		index.Bytes()[bit/8] ^= 1 << (bit % 8)
		require.ErrorContains(t, f.CheckIndex(indexIn(index.Bytes()), fingerprint), "is damaged: ", "bit %d", bit)
		index.Bytes()[bit/8] ^= 1 << (bit % 8)
	}
	require.NoError(t, f.CheckIndex(indexIn(index.Bytes()), fingerprint))
}

// An index that was damaged after it was checked is seen too.
func TestAnEntryIsCheckedWhenItIsUsed(t *testing.T) {
	t.Parallel()
	for _, format := range []job.Format{job.FormatJSONL, job.FormatLines, job.FormatCSV} {
		for message, at := range map[string]position{
			"entry 1: no record begins there":            1281,
			"entry 1: no record begins there ":           position(len(byteOrderMark)), // there is no mark
			"entry 1 points behind the end of the input": records * 5,
		} {
			f := file(strings.Repeat("1234\n", records), format)
			var errs []error
			index := indexIn(appendEntry(appendEntry(nil, 0), at))
			for _, err := range f.Records(index, job.Range{First: 300, Last: 400}) {
				errs = append(errs, err)
			}
			require.Len(t, errs, 1)
			require.EqualError(t, errs[0], "out/_longhaul/index: is damaged: "+strings.TrimSpace(message)+"; "+rebuildHint)
		}
		for _, err := range file("1\n", format).Records(indexIn(nil), job.Range{Last: 1}) {
			require.ErrorContains(t, err, "out/_longhaul/index: is damaged: it has 0 bytes, and no entry 0; start the job again")
		}
	}
}

func TestAMissingIndexSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := OpenIndex("out/_longhaul/index", func() (storage.Object, error) { return nil, fs.ErrNotExist })
	require.EqualError(t, err, "out/_longhaul/index: is missing: file does not exist; "+rebuildHint)
	require.Equal(t, job.KindOutput, job.KindOf(err))
}

func TestAnIndexThatCannotBeReadMayPass(t *testing.T) {
	t.Parallel()
	f := numbered()
	var index bytes.Buffer
	fingerprint, err := f.Index(t.Context(), &index, func(int64) {})
	require.NoError(t, err)
	x := NewIndex(failing{memory{bytes.NewReader(index.Bytes())}, 0}, "out/_longhaul/index")
	err = f.CheckIndex(x, fingerprint)
	require.ErrorIs(t, err, errDisk)
	require.Equal(t, job.KindStorage, job.KindOf(err))
	for _, err := range f.Records(x, job.Range{Last: 1}) {
		require.ErrorIs(t, err, errDisk)
		require.Equal(t, job.KindStorage, job.KindOf(err))
	}
}

// A record that is broken now was not when it was indexed. It is named by its number:
// its line is not known.
func TestARecordThatHasChangedIsNamedByItsNumber(t *testing.T) {
	t.Parallel()
	for format, broken := range map[job.Format]string{job.FormatJSONL: "12{4\n", job.FormatLines: "12\xff4\n", job.FormatCSV: "1\"34\n"} {
		before, after := strings.Repeat("1234\n", 400), strings.Repeat("1234\n", 301)+broken+strings.Repeat("1234\n", 98)
		var index bytes.Buffer
		_, err := file(before, format).Index(t.Context(), &index, func(int64) {})
		require.NoError(t, err)
		number := map[job.Format]string{job.FormatCSV: "300"}[format]
		if number == "" {
			number = "301"
		}
		for _, err := range file(after, format).Records(indexIn(index.Bytes()), job.Range{First: 300, Last: 399}) {
			if err != nil {
				require.ErrorContains(t, err, "in: record "+number+": the input has changed since it was indexed: ")
				require.ErrorContains(t, err, "; bring the old file back, or start a job with another output.uri")
				require.Equal(t, job.KindInput, job.KindOf(err))
			}
		}
		_, err = file(after, format).Index(t.Context(), io.Discard, func(int64) {})
		require.ErrorContains(t, err, "in: line 302: ", "it is named by its line when it is indexed")
	}
}
