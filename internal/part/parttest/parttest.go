// Package parttest makes results for tests, and the lines of parts that hold them.
package parttest

import (
	"encoding/json"
	"fmt"
	"time"

	"longhaul/internal/part"
	"longhaul/job"
)

// Success is the result of a record.
func Success(index int64) job.Result {
	return job.Result{
		Record: job.Record{Index: index, Value: json.RawMessage(fmt.Sprintf(`{"id":%d}`, index))},
		Answer: job.Answer{Output: json.RawMessage(fmt.Sprintf(`"answer %d"`, index))}, Attempts: 1, Latency: 103200 * time.Microsecond,
	}
}

// Failure is the result of a record that has failed after five attempts.
func Failure(index int64) job.Result {
	r := Success(index)
	r.Output = nil
	r.Failure = &job.CallError{Kind: "http", Status: 503, Message: "over <loaded>"}
	r.Attempts = 5
	r.At = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return r
}

// Lines are the results as they stand in a part.
func Lines(results ...job.Result) string {
	var text []byte
	for _, result := range results {
		text = append(part.Append(text, result), '\n')
	}
	return string(text)
}
