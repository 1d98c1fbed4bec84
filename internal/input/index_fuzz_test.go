package input

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// damage flips the bits that are set, and makes the index longer or shorter.
func damage(index, bits []byte, longer int8) []byte {
	damaged := bytes.Clone(index)
	for i := range min(len(bits), len(damaged)) {
		damaged[i] ^= bits[i]
	}
	if longer < 0 {
		return damaged[:max(len(damaged)+int(longer), 0)]
	}
	return append(damaged, make([]byte, longer)...)
}

// readDamaged reads through an index that is not the input's. It returns what came before
// the error, if there was one.
func readDamaged(t *testing.T, f *File, index []byte, r job.Range) (values []string, err error) {
	t.Helper()
	for record, err := range f.Records(indexIn(index), r) {
		if err != nil {
			require.Contains(t, []job.Kind{job.KindOutput, job.KindInput}, job.KindOf(err))
			return values, err
		}
		require.Equal(t, r.First+int64(len(values)), record.Index)
		require.True(t, json.Valid(record.Value))
		values = append(values, string(record.Value))
	}
	return values, nil
}

// isRun says whether the values are neighbours in the list.
func isRun(values, list []string) bool {
	for i := range len(list) - len(values) + 1 {
		if strings.Join(list[i:i+len(values)], "\n") == strings.Join(values, "\n") {
			return true
		}
	}
	return len(values) == 0
}

// An index that is not the input's is refused as a whole, by its digest, whatever has
// changed. Where the digest is right, or the index was damaged after it was checked: an
// entry at which no line begins is an error, and what is read is whole records.
func FuzzIndex(f *testing.F) {
	for i, content := range []string{"1\n22\n\n333\n4444\r\n5\n{\"a\":1}\n7\n\n\n8\n9", "a\nbb\n\nccc\r\ndddd\n\xc3\xa9\nf\ng", "a,b\n1,2\n\"x\ny\",3\n\n4,\"\"\"\n\"\r\n5,6\n7,8\n9,0\n", "\n1\n\n22\n3\n4\n5\n6\n"} {
		for _, bits := range [][]byte{nil, {7: 1}, {7: 2}, {7: 3}, {15: 2}, {15: 7}, {8: 0x80}, {0: 0xff, 15: 4}, {7: 2, 15: 3, 23: 1}} {
			for _, longer := range []int8{0, -1, -8, 8} {
				f.Add([]byte(content), uint8(i), bits, longer)
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, format uint8, bits []byte, longer int8) {
		name := []job.Format{job.FormatJSONL, job.FormatLines, job.FormatCSV}[format%3]
		in := file(string(content), name)
		in.step = fuzzStep
		var index bytes.Buffer
		fingerprint, err := in.Index(context.Background(), &index, func(int64) {})
		if err != nil {
			return
		}
		every := read(t, in, nil, job.Range{Last: fingerprint.Records})
		damaged := damage(index.Bytes(), bits, longer)
		isRight := bytes.Equal(damaged, index.Bytes())
		err = in.CheckIndex(indexIn(damaged), fingerprint)
		require.Equal(t, isRight, err == nil, "%v", err)
		if err != nil {
			require.Equal(t, job.KindOutput, job.KindOf(err))
		}
		sum := sha256.Sum256(damaged)
		fingerprint.IndexSHA256 = hex.EncodeToString(sum[:])
		if err := in.CheckIndex(indexIn(damaged), fingerprint); err != nil {
			require.Equal(t, job.KindOutput, job.KindOf(err))
		}
		for first := int64(0); first < fingerprint.Records; first += 1 + fingerprint.Records/fuzzRanges {
			r := job.Range{First: first, Last: min(first+2*fuzzStep, fingerprint.Records)}
			values, err := readDamaged(t, in, damaged, r)
			if isRight {
				require.NoError(t, err)
				require.Equal(t, every[r.First:r.Last], values)
			}
			requireWholeRecords(t, in, content, damaged, r, values, err, every)
		}
	})
}

// requireWholeRecords: what was read through a damaged index is none, or whole records.
func requireWholeRecords(t *testing.T, in *File, content, index []byte, r job.Range, values []string, err error, every []string) {
	t.Helper()
	require.True(t, err != nil || int64(len(values)) == r.Len(), "%d of %s", len(values), r)
	entry := int(r.First / in.step)
	if len(index) < (entry+1)*entryBytes {
		require.Equal(t, job.KindOutput, job.KindOf(err))
		require.Empty(t, values)
		return
	}
	at, atErr := indexIn(index).at(int64(entry))
	require.NoError(t, atErr)
	if begins := at == 0 || at < position(len(content)) && (content[at-1] == '\n' || bytes.Equal(content[:at], byteOrderMark)); !begins {
		require.Equal(t, job.KindOutput, job.KindOf(err), "no line begins at %d", at)
		require.Empty(t, values)
		return
	}
	if _, isCSV := in.format.(csvFormat); !isCSV { // a line of a CSV file may be inside of a field
		require.True(t, isRun(values, every), "%q of %q", values, every)
	}
}
