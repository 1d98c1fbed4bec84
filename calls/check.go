package calls

import (
	"errors"
	"strings"

	"github.com/itchyny/gojq"

	"longhaul/job"
)

// Check finds what is wrong with the templates and jq expressions of a call,
// without reading a file, an environment variable, or connecting. Every
// other check is in job.Spec.Validate.
func Check(spec job.CallSpec) []*job.Error {
	if spec.HTTP == nil {
		return nil
	}
	unknown := func(string) (string, error) { return "", errors.New("not looked up") }
	_, problems := readTemplates(*spec.HTTP, unknown)
	h := spec.HTTP
	for _, e := range []struct{ field, expression, example string }{
		{"select", h.Select, ".data.items[0]"},
		{"stop_if", h.StopIf, `.body.error.code == "account_closed"`},
		{"fail_if", h.FailIf, ".body.error != null"},
		{"retry_if", h.RetryIf, `.status == 200 and .body.state == "pending"`},
	} {
		if err := checkExpression(e.expression); err != nil {
			problems = append(problems, job.Errorf(job.KindSpec, "call.http."+e.field, "the jq expression does not parse: %w", err).
				WithHint("write one such as %s", e.example))
		}
	}
	return problems
}

func checkExpression(expression string) error {
	if strings.TrimSpace(expression) == "" {
		return nil
	}
	query, err := gojq.Parse(expression)
	if err == nil {
		_, err = gojq.Compile(query)
	}
	return err
}
