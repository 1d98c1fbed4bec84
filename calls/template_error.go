package calls

import (
	"errors"
	"regexp"
	"strings"
	"text/template"

	"longhaul/job"
)

// templateError is a template that cannot be filled in for a record. The message may
// quote the record. What may go through Temporal is told: it holds names of fields, but
// no value.
type templateError struct {
	*job.CallError
	told string
}

func (e *templateError) Unwrap() error { return e.CallError }

func newTemplateError(name string, t *template.Template, data any, err error) *templateError {
	field := "call.http." + name + ": "
	why := whyNot(t, data, err)
	e := &templateError{CallError: &job.CallError{Kind: "template", Message: field + why}, told: field + "the template cannot be filled in for this record"}
	if quotesSpecOnly(t, err, why) {
		e.told = field + why
	}
	return e
}

// tellable is a failure's text without the record's values.
func tellable(err error, failure *job.CallError) string {
	var filling *templateError
	if errors.As(err, &filling) {
		return filling.told
	}
	return failure.Message
}

// fixedReasons are what text/template and our function index say. What they quote are
// names and numbers, which are the template's or come from the record.
var fixedReasons = []*regexp.Regexp{
	regexp.MustCompile(`^map has no entry for key "(.*)"$`),
	regexp.MustCompile(`^can't evaluate field (.+) in type .+$`),
	regexp.MustCompile(`^nil pointer evaluating (?:interface \{\}|\S+)\.(.+)$`),
	regexp.MustCompile(`^there is no element (-?[0-9]+) in a list of [0-9]+$`),
	regexp.MustCompile(`^element (-?[0-9]+) of [a-z ]+: it is no list$`),
}

// quotesSpecOnly says whether the reason why the template cannot be filled in quotes
// nothing but what stands in the template: an index, say, may also be the record's.
func quotesSpecOnly(t *template.Template, err error, why string) bool {
	text := t.Root.String()
	var missing *missingFieldError
	if errors.As(err, &missing) {
		return strings.Contains(text, missing.name) && isIn(text, strings.Split(missing.of, "."))
	}
	var unset *variableError
	if errors.As(err, &unset) {
		return strings.Contains(text, unset.name)
	}
	for _, reason := range fixedReasons {
		if quoted := reason.FindStringSubmatch(why); quoted != nil {
			return strings.Contains(text, quoted[1])
		}
	}
	return hasFollowed(why)
}

// hasFollowed says whether whyNot has found the missing field by the template's names.
func hasFollowed(why string) bool {
	return strings.HasPrefix(why, "the record") && strings.Contains(why, " has no field ")
}

// isIn says whether each of the names, which may have an index, is in the text.
func isIn(text string, names []string) bool {
	for _, name := range names {
		name, _, _ = strings.Cut(name, "[")
		if !strings.Contains(text, name) {
			return false
		}
	}
	return true
}

// variableError is an environment variable that a template may not use, or that is not set.
type variableError struct {
	name string
	error
}

// variable is the function env of templates.
func variable(env func(string) (string, error)) func(string) (string, error) {
	return func(name string) (string, error) {
		value, err := env(name)
		if err != nil {
			return "", &variableError{name, err}
		}
		return value, nil
	}
}
