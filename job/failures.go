package job

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
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

// plainNumber is a decimal number: no hexadecimal one, no NaN, no infinity.
var plainNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// UnmarshalJSON reads 100, "100" or "2.5%".
func (l *FailureLimit) UnmarshalJSON(data []byte) (err error) {
	text := string(data)
	// A bare number is no string, and stays.
	_ = json.Unmarshal(data, &text)
	*l, err = ParseFailureLimit(text)
	return err
}

// ParseFailureLimit reads 100 or 2.5%.
func ParseFailureLimit(text string) (FailureLimit, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	number = strings.TrimSpace(number)
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || !plainNumber.MatchString(number) {
		return FailureLimit{}, fmt.Errorf("%q is neither a count nor a percentage: write 100 or \"10%%\"", text)
	}
	return FailureLimit{Value: value, Percent: percent}, nil
}

// problem says what is wrong with the limit.
func (l FailureLimit) problem() *Error {
	switch {
	case math.IsNaN(l.Value), math.IsInf(l.Value, 0), l.Value < 0, l.Percent && l.Value > 100:
		return Errorf(KindSpec, "max_failures", "%s is out of range", l).WithHint(`give a count from 0, or "0%%" to "100%%"`)
	case !l.Percent && l.Value > 0 && l.Value < 1:
		return Errorf(KindSpec, "max_failures", "%s is a fraction of a record", l).
			WithHint("write \"%s%%\" or a whole number", strconv.FormatFloat(l.Value*100, 'f', -1, 32))
	case !l.Percent && l.Value != math.Trunc(l.Value):
		return Errorf(KindSpec, "max_failures", "%s is not a whole number of records", l).
			WithHint("write \"%s%%\" or a whole number", l)
	}
	return nil
}
