package job

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// StatusPattern is an HTTP status, "429", or a class of them, "5xx". In JSON it
// may be a number too.
type StatusPattern string

var statusPattern = regexp.MustCompile(`^[1-5]([0-9][0-9]|xx)$`)

// Matches says whether the status is meant.
func (p StatusPattern) Matches(status int) bool {
	text := strconv.Itoa(status)
	class, isClass := strings.CutSuffix(string(p), "xx")
	return text == string(p) || isClass && len(text) == 3 && strings.HasPrefix(text, class)
}

// UnmarshalJSON reads 429, "429" or "5xx".
func (p *StatusPattern) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if !statusPattern.MatchString(text) {
		return fmt.Errorf("%s is not an HTTP status: write 429 or \"5xx\"", data)
	}
	*p = StatusPattern(text)
	return nil
}

// MarshalJSON writes a string.
func (p StatusPattern) MarshalJSON() ([]byte, error) { return json.Marshal(string(p)) }
