package verify_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

// notProven are the objects that verify does not read, because the proof does not depend
// on them. Whatever happens to one, the output stays proven.
var notProven = map[string]string{
	"report.html":            "it is for people, and is made again from the commits by longhaul report",
	"_longhaul/control.json": "settings that were changed while the job ran: no answer depends on them",
	"_longhaul/owner/*":      "who may write; the job has finished",
}

func provenWithout(t *testing.T, name string) bool {
	t.Helper()
	for pattern := range notProven {
		matched, err := path.Match(pattern, name)
		require.NoError(t, err)
		if matched {
			return true
		}
	}
	return false
}

// requireRefuted: never silence, and one line for one damage.
func (s *site) requireRefuted(t *testing.T, name, what string) {
	t.Helper()
	v, err := verifier.Output(t.Context(), s.inputs, s)
	switch {
	case provenWithout(t, name):
		require.NoError(t, err, "%s, %s", name, what)
		require.True(t, v.Proven(), "%s, %s", name, what)
	case err != nil: // it says what cannot be read, and proves nothing
		require.Contains(t, []job.Kind{job.KindInput, job.KindOutput}, job.KindOf(err), "%s, %s", name, what)
	case name == "_SUCCESS" && !v.Finished:
		require.Equal(t, "deleted", what)
		require.False(t, v.Proven())
	default:
		if v.Proven() || len(v.Problems) != 1 {
			require.Failf(t, "not refuted by one line", "%s, %s: %+v", name, what, v)
		}
	}
}

// Each bit of a small job is flipped, each object cut at each byte, and deleted; the input
// too, whose name is empty here.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	for format, content := range map[job.Format]string{
		job.FormatJSONL: "{\"a\": 1e3}\n\n-0\n[4,\r5]\r\n\"x\"\n1.50",
		job.FormatCSV:   "\xef\xbb\xbfa,b\r\n1,\"x\r\ny\"\r\n\r\n\"4\",\n5,6\n\"\"\"\",z",
		job.FormatLines: "a\n\nb\r\n4\nq\"",
	} {
		s := finish(t, job.InputSpec{URI: "in", Format: format}, content, 3)
		require.True(t, s.verified(t).Proven(), "%s: %+v", format, s.verified(t))
		names := []string{""}
		if format == job.FormatJSONL { // the outputs of all formats are alike
			names = append(names, s.names(t)...)
		}
		for _, name := range names {
			t.Run(fmt.Sprintf("%s %s", format, name), func(t *testing.T) {
				t.Parallel()
				whole := []byte(content)
				if name != "" {
					whole = s.content(t, name)
				}
				s.damageEvery(t, name, whole, 1)
			})
		}
	}
}

// damageEvery damages every step-th bit and byte.
func (s *site) damageEvery(t *testing.T, name string, whole []byte, step int) {
	t.Helper()
	flipped := bytes.Clone(whole)
	if provenWithout(t, name) {
		step = len(whole) // it is not even opened
	}
	for bit := 0; bit < len(whole)*8; bit += step {
		flipped[bit/8] ^= 1 << (bit % 8)
		s.with(name, flipped).requireRefuted(t, name, fmt.Sprintf("bit %d", bit))
		flipped[bit/8] = whole[bit/8]
	}
	for size := 0; size < len(whole); size += step {
		s.with(name, whole[:size:size]).requireRefuted(t, name, fmt.Sprintf("cut at %d", size))
	}
	s.with(name, append(bytes.Clone(whole), '\n')).requireRefuted(t, name, "a line feed more")
	s.with(name, nil).requireRefuted(t, name, "deleted")
}

// Of a job whose index has several entries, a sample is damaged.
func TestBitsOfALargerJob(t *testing.T) {
	t.Parallel()
	var content bytes.Buffer
	for i := range 520 {
		fmt.Fprintf(&content, "{\"id\":%d}\n", i)
	}
	s := finish(t, job.InputSpec{URI: "in.jsonl"}, content.String(), 200)
	require.True(t, s.verified(t).Proven())
	require.Len(t, s.content(t, "_longhaul/index"), 3*8)
	for _, name := range append(s.names(t), "") {
		whole := content.Bytes()
		if name != "" {
			whole = s.content(t, name)
		}
		random := rand.New(rand.NewPCG(1, uint64(len(name))))
		for range 4 {
			flipped := bytes.Clone(whole)
			bit := random.IntN(len(whole) * 8)
			flipped[bit/8] ^= 1 << (bit % 8)
			s.with(name, flipped).requireRefuted(t, name, fmt.Sprintf("bit %d", bit))
			s.with(name, whole[:bit/8]).requireRefuted(t, name, fmt.Sprintf("cut at %d", bit/8))
		}
	}
}

// Of a count there is no input to read and no index to need.
func TestBitsOfTheOutputOfACount(t *testing.T) {
	t.Parallel()
	count := int64(7)
	s := finish(t, job.InputSpec{Count: &count}, "", 4)
	require.True(t, s.verified(t).Proven(), "%+v", s.verified(t))
	for _, name := range s.names(t) {
		if name != "_longhaul/index" {
			s.damageEvery(t, name, s.content(t, name), 11)
		}
	}
	require.True(t, s.with("_longhaul/index", nil).verified(t).Proven())
}
