package job

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a time.Duration that is written as a string ("500ms") in JSON.
// A bare number is refused: its unit would be a guess.
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON writes the duration as a string.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a string such as "500ms", "1.5s" or "2h".
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("%s is not a duration: write a string with a unit, such as \"500ms\" or \"2s\"", data)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a duration: write a number and a unit, such as \"500ms\" or \"2s\"", text)
	}
	*d = Duration(parsed)
	return nil
}
