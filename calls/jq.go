package calls

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/itchyny/gojq"

	"longhaul/job"
)

// expression is a jq expression of the spec; nil if the field is empty.
type expression struct {
	field string
	code  *gojq.Code
}

// parseExpression returns an error of KindSpec that names the field.
func parseExpression(field, text string) (*expression, error) {
	if text == "" {
		return nil, nil
	}
	query, err := gojq.Parse(text)
	if err == nil {
		var code *gojq.Code
		if code, err = gojq.Compile(query); err == nil {
			return &expression{field, code}, nil
		}
	}
	return nil, job.Errorf(job.KindSpec, "call.http."+field, "the jq expression does not parse: %w", err).
		WithHint(`write a path such as ".data.items[0]" or a comparison such as ".body.error != null"`)
}

// first is the expression's first result; nil if it has none. Its error is a
// *job.CallError whose kind is the field.
func (e *expression) first(ctx context.Context, value any) (any, error) {
	result, _ := e.code.RunWithContext(ctx, value).Next()
	if err, failed := result.(error); failed {
		return nil, &job.CallError{Kind: e.field, Message: "call.http." + e.field + ": " + err.Error()}
	}
	return result, nil
}

// decodeNumbers keeps numbers as they are spelled: an id above 2^53 stays exact.
func decodeNumbers(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}
