package verify_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/input"
	"longhaul/internal/storage/memory"
	"longhaul/internal/verify"
	"longhaul/job"
)

// written are the records of a content, as workers read them.
func written(t *testing.T, content string, format job.Format, version int) (values []string, err error) {
	store := memory.New()
	store.SetInput("in", content)
	manifest := job.Manifest{Spec: job.Spec{Input: job.InputSpec{URI: "in", Format: format}}, Input: job.Fingerprint{FormatVersion: version}}
	in, err := input.Reopen(t.Context(), store, manifest)
	require.NoError(t, err)
	fingerprint, err := in.Index(t.Context(), io.Discard, func(int64) {})
	if err != nil {
		require.Equal(t, job.KindInput, job.KindOf(err))
		return nil, err
	}
	values = []string{}
	for record, err := range in.Records(nil, job.Range{Last: fingerprint.Records}) {
		require.NoError(t, err)
		values = append(values, string(record.Value))
	}
	require.Len(t, values, int(fingerprint.Records))
	return values, nil
}

// requireAgreement: verify and the workers read the same records, or both refuse.
func requireAgreement(t *testing.T, content string, format job.Format, version int) {
	want, refused := written(t, content, format, version)
	got, err := verify.Records([]byte(content), format, version)
	if refused != nil {
		require.Error(t, err, "workers: %v", refused)
		require.Equal(t, job.KindInput, job.KindOf(err), "%v", err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want, got)
}

var seeds = []string{
	"", "\xef\xbb\xbf", "\xef\xbb\xbf\n", "\xef\xbb", "\n", "\r\n\r", "\r", "a\nb\r\nc", "a\r\r\nb", "a\n\n\nb", "\x00\x01\n", "\xff\xfea\x00", "a\n\xff\n",
	"{\"a\":1}\n[2]\r\n\n \"s\" \nnull", "1e3\n-0\n1.50\n0.1e-7\n123456789012345678901234567890", "{\"a\":\r1}\n", "\u00a01\u2003\n\u00a0\n", "\v\f\n1", "1 2", "{", "\"\xff\"",
	"é\u2028\n\"\\\n<&>\t\x7f\u2029", "{\"a\":1,\"a\":2}",
	"a,b\n1,2\n", "a,b\r\n\"1\r\n2\",3\r\n", "a\n\"\r\n\r\n\r\r\n\n\r\"\n", "a\n\"x\"\"\r\n\"\"y\"\r\n2\r\n", "\"a\r\nb\"\r\n1\r\n", "\xef\xbb\xbf\"a\"\r\n\"\r\n\"",
	"a,b\n\"1\r\n2\",33\r\r\n", "a,b\n\"\",\n,", "a\n\"x", "a\nx\"y\n", "a\n\"x\"y\n", "a,a\n", "a,\n", "a\n\xff\n", "a\n\"x\"\r\r\n", "\xcf,\xbf", "\xef\xbb\xbf\n\na\n1", "a\r\n\r\n\r\n\"\r\n\"\r", "a\n1,2",
	"\r\r\na\n\"\r\n\"", "a\n\"\xff\n\r\n\"", "\"\"\n", "a\n\r\n\n\"\r\n", " \"a\"\n",
}

func fuzz(f *testing.F, format job.Format, versions ...int) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, version := range versions {
			requireAgreement(t, string(content), format, version)
		}
	})
}

func FuzzVerifyReadsJSONLAsWorkersDo(f *testing.F) { fuzz(f, job.FormatJSONL, 0) }
func FuzzVerifyReadsCSVAsWorkersDo(f *testing.F)   { fuzz(f, job.FormatCSV, 0, 1) }
func FuzzVerifyReadsLinesAsWorkersDo(f *testing.F) { fuzz(f, job.FormatLines, 0) }

// Records that are longer than all buffers.
func TestLongRecords(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 600<<10)
	for format, content := range map[job.Format]string{
		job.FormatJSONL: "1\n\"" + long + "\"\n2",
		job.FormatLines: "1\n" + long + "\r\n2",
		job.FormatCSV:   "a,b\r\n1,\"" + strings.Repeat(long[:1000]+"\r\n", 600) + "\"\r\n\r\n\"\r\n\",2\r\n",
	} {
		requireAgreement(t, content, format, map[job.Format]int{job.FormatCSV: 1}[format])
	}
}

// A quote that does not end, or a line that does not, does not fill the memory.
func TestRecordsThatAreTooLong(t *testing.T) {
	t.Parallel()
	for format, start := range map[job.Format]string{job.FormatJSONL: "", job.FormatCSV: "a\n1\n\""} {
		_, err := verify.BoundedRecords([]byte(start+strings.Repeat("x", 2<<20)), 1<<20, format, 0)
		require.Equal(t, job.KindInput, job.KindOf(err), "%v", err)
		require.ErrorContains(t, err, "too long")
	}
}
