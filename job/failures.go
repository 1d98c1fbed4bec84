package job

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// FailureLimit is max_failures: how many records may fail before the job
// stops, as a count or as a percentage of the records that are done.
type FailureLimit struct {
	// Value is a count, or a percentage from 0 to 100.
	Value float64
	// Percent says which.
	Percent bool
}

// judgedFrom is how many records must be done until a percentage of them means
// something.
const judgedFrom = 100

// Exceeded judges failed out of done records: a count at once, a percentage from
// 100 records on.
func (l FailureLimit) Exceeded(failed, done int64) bool {
	if l.Percent {
		return done >= judgedFrom && float64(failed)*100 > l.Value*float64(done)
	}
	return float64(failed) > l.Value
}

func (l FailureLimit) String() string {
	text := strconv.FormatFloat(l.Value, 'f', -1, 64)
	if l.Percent {
		return text + "%"
	}
	return text
}

// MarshalJSON writes a number or a percentage string.
func (l FailureLimit) MarshalJSON() ([]byte, error) {
	if l.Percent {
		return json.Marshal(l.String())
	}
	return []byte(l.String()), nil
}

// UnmarshalJSON reads 100, "100" or "2.5%".
func (l *FailureLimit) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return fmt.Errorf("%s is neither a count nor a percentage: write 100 or \"10%%\"", data)
	}
	*l = FailureLimit{Value: value, Percent: percent}
	return nil
}
