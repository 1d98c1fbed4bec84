package calls

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"longhaul/job"
)

// conditions judge an answer, whatever its status, by expressions over
//
//	{"status": 200, "headers": {"content-type": "…"}, "body": …, "input": …}
type conditions struct{ stop, fail, retry *expression }

func parseConditions(spec job.HTTPSpec) (c conditions, err error) {
	for _, e := range []struct {
		field, text string
		into        **expression
	}{{"stop_if", spec.StopIf, &c.stop}, {"fail_if", spec.FailIf, &c.fail}, {"retry_if", spec.RetryIf, &c.retry}} {
		if *e.into, err = parseExpression(e.field, e.text); err != nil {
			return c, err
		}
	}
	return c, nil
}

// judge returns the failure that the first condition that holds makes of the
// answer; nil if none holds. An expression that cannot be evaluated is a failure of
// an answer that would else be a success, and does not hold for others.
func (c conditions) judge(ctx context.Context, response *http.Response, body json.RawMessage, record job.Record) error {
	if c == (conditions{}) {
		return nil
	}
	value, err := answerValue(response, body, record)
	if err != nil {
		return &job.CallError{Kind: "decode", Message: err.Error()}
	}
	for _, e := range []*expression{c.stop, c.fail, c.retry} {
		if e == nil {
			continue
		}
		result, err := e.first(ctx, value)
		if err != nil && isSuccess(response) {
			return err
		}
		if err != nil || result == nil || result == false {
			continue // a gateway's error page need not have the API's fields
		}
		failure := &job.CallError{
			Kind: e.field, Status: response.StatusCode, Message: "the answer fits " + e.field + ": " + excerptOf(body, longestExcerpt),
			Stop: e == c.stop, Retry: e == c.retry,
		}
		if failure.Retry {
			failure.RetryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
			failure.Throttled = failure.RetryAfter > 0 || response.StatusCode == http.StatusTooManyRequests
		}
		return failure
	}
	return nil
}

func isSuccess(response *http.Response) bool {
	return response.StatusCode >= 200 && response.StatusCode <= 299
}

func answerValue(response *http.Response, body json.RawMessage, record job.Record) (map[string]any, error) {
	decodedBody, err := decodeNumbers(body)
	if err != nil {
		return nil, err
	}
	input, err := decodeNumbers(record.Value)
	if err != nil {
		return nil, err
	}
	headers := make(map[string]any, len(response.Header))
	for name, values := range response.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return map[string]any{"status": response.StatusCode, "headers": headers, "body": decodedBody, "input": input}, nil
}
