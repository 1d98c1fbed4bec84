package calls

import (
	"context"
	"encoding/json"

	"github.com/itchyny/gojq"

	"longhaul/job"
)

// selectExcerpt is how much of an answer a failure shows in which select found
// nothing, in bytes.
const selectExcerpt = 200

// selection keeps a part of each answer; one without an expression keeps all.
type selection struct {
	*expression
	keepNull bool
}

func parseSelect(spec job.HTTPSpec) (selection, error) {
	parsed, err := parseExpression("select", spec.Select)
	return selection{parsed, spec.SelectNull == job.SelectNullKeep}, err
}

// of is the expression's first result. None, or null, is a failure that shows how
// the answer begins, unless null is to be kept.
func (s selection) of(ctx context.Context, answer json.RawMessage) (json.RawMessage, error) {
	if s.expression == nil {
		return answer, nil
	}
	value, err := decodeNumbers(answer)
	if err != nil {
		return nil, &job.CallError{Kind: "select", Message: err.Error()}
	}
	result, err := s.first(ctx, value)
	if err != nil {
		return nil, err
	}
	if result == nil && !s.keepNull {
		return nil, &job.CallError{Kind: "select", Message: "select found nothing in the answer: " + excerptOf(answer, selectExcerpt)}
	}
	return gojq.Marshal(result)
}
