package failures

import (
	"fmt"
	"regexp"
	"strings"

	"longhaul/job"
)

// Redrive is the command that calls the group's records again: by status if it
// has one, else by kind.
func Redrive(output string, group job.FailureGroup) string {
	if group.Failure.Status != 0 {
		return fmt.Sprintf("longhaul redrive %s --status %d", Quote(output), group.Failure.Status)
	}
	return fmt.Sprintf("longhaul redrive %s --kind %s", Quote(output), Quote(group.Failure.Kind))
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)

// Quote makes a text one word of a shell.
func Quote(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
