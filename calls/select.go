package calls

import (
	"context"
	"encoding/json"

	"github.com/itchyny/gojq"

	"longhaul/job"
)

// selection keeps a part of each answer; nil keeps all.
type selection struct{ code *gojq.Code }

func parseSelect(expression string) (*selection, error) {
	if expression == "" {
		return nil, nil
	}
	query, err := gojq.Parse(expression)
	if err == nil {
		var code *gojq.Code
		if code, err = gojq.Compile(query); err == nil {
			return &selection{code}, nil
		}
	}
	return nil, job.Errorf(job.KindSpec, "call.http.select", "the jq expression does not parse: %w", err).
		WithHint(`write a path such as ".data.items[0]"`)
}

// of is the expression's first result; null if it has none.
func (s *selection) of(ctx context.Context, answer json.RawMessage) (json.RawMessage, error) {
	if s == nil {
		return answer, nil
	}
	var value any
	if err := json.Unmarshal(answer, &value); err != nil {
		return nil, &job.CallError{Kind: "select", Message: err.Error()}
	}
	result, _ := s.code.RunWithContext(ctx, value).Next()
	if err, failed := result.(error); failed {
		return nil, &job.CallError{Kind: "select", Message: "call.http.select: " + err.Error()}
	}
	text, err := gojq.Marshal(result)
	return text, err
}
