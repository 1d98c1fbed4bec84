package job

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

const (
	// maxParallelism bounds the parallelism of a job.
	maxParallelism = 100_000
	// autoMin and autoMax are what "auto" is between.
	autoMin, autoMax = 4, 1000
	// auto is a parallelism that the workers find.
	auto = "auto"
)

// parallelismRange is a parallelism that the workers find, as it is written in a spec.
type parallelismRange struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// IsAdaptive says whether the workers find how many calls at once the API answers well.
func (s Spec) IsAdaptive() bool { return s.MinParallelism > 0 }

// ParallelismText is such as "200" or "4 to 1,000".
func (s Settings) ParallelismText(number func(int64) string) string {
	if s.MinParallelism == 0 {
		return number(int64(s.Parallelism))
	}
	return number(int64(s.MinParallelism)) + " to " + number(int64(s.Parallelism))
}

// parallelism reads "auto" and {"min": 4, "max": 1000}: it returns the JSON of the most
// calls, and puts that of the least among the fields, which then were seen. All else it returns as it is.
func (c *checker) parallelism(value json.RawMessage, fields map[string]json.RawMessage, seen map[string]bool) json.RawMessage {
	found := parallelismRange{autoMin, autoMax}
	switch text := strings.TrimSpace(string(value)); {
	case text == `"`+auto+`"`:
	case strings.HasPrefix(text, "{"):
		fitting := c.check("parallelism", value, reflect.TypeFor[parallelismRange]())
		if fitting == nil || json.Unmarshal(fitting, &found) != nil {
			return nil
		}
		if found.Min < 1 {
			c.found(Errorf(KindSpec, "parallelism.min", "%d is out of range", found.Min).WithHint("give 1 or more"))
			return nil
		}
	case strings.HasPrefix(text, `"`):
		c.found(Errorf(KindSpec, "parallelism", "%s is not a parallelism", text).
			WithHint(`give a number, "auto", or {"min": %d, "max": %d}`, autoMin, autoMax))
		return nil
	default:
		return value
	}
	if seen["min_parallelism"] {
		c.found(Errorf(KindSpec, "min_parallelism", "is there twice").WithHint("keep one of them"))
		return nil
	}
	seen["min_parallelism"] = true
	fields["min_parallelism"] = json.RawMessage(strconv.Itoa(found.Min))
	return json.RawMessage(strconv.Itoa(found.Max))
}

// parseParallelism reads "auto", "4..1000", and a number: that is the most, and leaves the
// least as it is.
func parseParallelism(text string, into *Tuning) error {
	if text == auto {
		text = fmt.Sprintf("%d..%d", autoMin, autoMax)
	}
	least, most, isRange := strings.Cut(text, "..")
	if !isRange {
		least, most = "0", text
	}
	low, errLow := strconv.Atoi(least)
	high, errHigh := strconv.Atoi(most)
	if errLow != nil || errHigh != nil || isRange && low < 1 {
		return fmt.Errorf(`%q is not a parallelism: give a number, "auto", or a range such as %d..%d`, text, autoMin, autoMax)
	}
	into.Parallelism = &high
	if isRange {
		into.MinParallelism = &low
	}
	return nil
}

// parallelismProblem refuses a least that is more than the most.
func (s Spec) parallelismProblem() *Error {
	if s.MinParallelism > s.Parallelism {
		return Errorf(KindSpec, "min_parallelism", "%d is more than the parallelism, %d", s.MinParallelism, s.Parallelism).
			WithHint("give at most %d, or 0 for a fixed parallelism", s.Parallelism)
	}
	return nil
}
