package job

import (
	"regexp"
	"strings"
	"time"
)

// The placeholders of input.uri and output.uri, for jobs on a schedule.
const (
	placeholderID   = "{workflow_id}"
	placeholderTime = "{scheduled_time}"
)

// placeholderFormat has no colon: not every file system takes one.
const placeholderFormat = "2006-01-02T15-04-05Z"

var placeholder = regexp.MustCompile(`\{[a-zA-Z_]*\}`)

// Resolve fills in the placeholders of the input's and the output's URI.
func (s Spec) Resolve(workflowID string, scheduled time.Time) Spec {
	fill := strings.NewReplacer(
		placeholderID, strings.ReplaceAll(workflowID, "/", "-"),
		placeholderTime, scheduled.UTC().Format(placeholderFormat),
	)
	s.Input.URI, s.Output.URI = fill.Replace(s.Input.URI), fill.Replace(s.Output.URI)
	return s
}

// HasPlaceholder says whether every run on a schedule has an input or a folder of
// its own.
func (s Spec) HasPlaceholder() bool { return placeholder.MatchString(s.Input.URI + s.Output.URI) }

func checkPlaceholders(field, uri string) *Error {
	for _, found := range placeholder.FindAllString(uri, -1) {
		if found != placeholderID && found != placeholderTime {
			return Errorf(KindSpec, field, "%s is not a placeholder", found).WithHint("use %s or %s", placeholderID, placeholderTime)
		}
	}
	return nil
}
