package job

import (
	"regexp"
	"strings"
)

// ReachesLike says whether the other spec is this one but for the settings that a running
// job can be tuned to: it then reads, calls, runs and writes what this one does. Of this
// spec the placeholders are still to be filled in, for the given workflow.
func (s Spec) ReachesLike(other Spec, workflowID string) bool {
	if !FitsURI(s.Input.URI, other.Input.URI, workflowID) || !FitsURI(s.Output.URI, other.Output.URI, workflowID) {
		return false
	}
	s.Input.URI, s.Output.URI = other.Input.URI, other.Output.URI
	var settings Tuning
	for _, k := range Knobs {
		k.Tune(s, &settings)
	}
	return s.Tuned(settings).Same(other.Tuned(settings))
}

// anyTime is how a time stands in the place of a placeholder.
const anyTime = `[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}Z`

// FitsURI says whether the URI is the pattern, a spec's URI, with its placeholders filled in
// for the workflow.
func FitsURI(pattern, uri, workflowID string) bool {
	if !strings.Contains(pattern, "{") {
		return pattern == uri
	}
	fill := strings.NewReplacer(
		regexp.QuoteMeta(placeholderID), regexp.QuoteMeta(strings.ReplaceAll(workflowID, "/", "-")),
		regexp.QuoteMeta(placeholderTime), anyTime,
	)
	matched, err := regexp.MatchString("^"+fill.Replace(regexp.QuoteMeta(pattern))+"$", uri)
	return err == nil && matched
}
