package part_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/internal/part"
	"longhaul/internal/part/parttest"
	"longhaul/job"
)

func TestALineIsWhatTheContractSays(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{"index":7,"input":{"id":7},"output":"answer 7","attempts":1,"latency_ms":103.2}`, string(part.Append(nil, parttest.Success(7))))
	require.Equal(t, `{"index":7,"input":{"id":7},"error":{"kind":"http","status":503,"message":"over <loaded>"},"attempts":5,"latency_ms":103.2,"at":"2026-01-02T03:04:05Z"}`,
		string(part.Append(nil, parttest.Failure(7))))
	pretty := parttest.Success(1)
	pretty.Output = json.RawMessage("{\n  \"a\": 1.0\r\n}")
	require.Contains(t, string(part.Append(nil, pretty)), `"output":{"a":1.0},`)
	pretty.Output = nil
	require.Contains(t, string(part.Append(nil, pretty)), `"output":null,`)
}

// The status of an answer is kept beside it.
func TestTheStatusOfAnAnswer(t *testing.T) {
	t.Parallel()
	result := parttest.Success(1)
	result.Status = 201
	require.Contains(t, string(part.Append(nil, result)), `"output":"answer 1","status":201,"attempts":1`)
}

// What is written is read, and a part that does not end with a whole line is damaged.
func TestReader(t *testing.T) {
	t.Parallel()
	text := parttest.Lines(parttest.Success(3), parttest.Failure(4))
	r := part.NewReader(strings.NewReader(text + `{"index":5`))
	line, err := r.Next()
	require.NoError(t, err)
	require.EqualValues(t, 3, line.Index)
	require.Equal(t, job.Totals{Succeeded: 1, Attempts: 1}, line.Totals())
	require.Equal(t, parttest.Success(3).Latency, line.Latency())
	require.Equal(t, parttest.Lines(parttest.Success(3)), string(line.Text)+"\n")
	line, err = r.Next()
	require.NoError(t, err)
	require.Equal(t, parttest.Failure(4).Failure.Message, line.Error.Message)
	require.Equal(t, job.Totals{Failed: 1, Attempts: 5}, line.Totals())
	_, err = r.Next()
	require.ErrorContains(t, err, "no line feed")

	r = part.NewReader(strings.NewReader("{}\n{\n"))
	_, err = r.Next()
	require.NoError(t, err)
	_, err = r.Next()
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)
}
