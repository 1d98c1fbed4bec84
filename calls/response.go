package calls

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"longhaul/calls/plain"
	"longhaul/job"
)

// maxRetryAfter bounds what an API can make a job wait at once.
const maxRetryAfter = 24 * time.Hour

// shortBody is how long a body may be for which all room is made at once, because its length
// is said.
const shortBody = 1 << 20

// readAll reads a body to its end, or most bytes of it.
func readAll(response *http.Response, most int64) ([]byte, error) {
	isHead := response.Request != nil && response.Request.Method == http.MethodHead // its length is another answer's
	if length := response.ContentLength; !isHead && length >= 0 && length < min(most, shortBody) {
		body := make([]byte, length)
		if _, err := io.ReadFull(response.Body, body); err != nil {
			return nil, err
		}
		var end [1]byte
		if _, err := response.Body.Read(end[:]); !errors.Is(err, io.EOF) {
			return nil, cmp.Or(err, io.ErrUnexpectedEOF) // no body is longer than that
		}
		return body, nil
	}
	return io.ReadAll(io.LimitReader(response.Body, most))
}

func readBody(response *http.Response, limit int64) ([]byte, error) {
	body, err := readAll(response, limit+1)
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, &job.CallError{
			Kind: "too_large", Status: response.StatusCode,
			Message: fmt.Sprintf("the answer is longer than max_response_bytes (%d)", limit),
		}
	}
	return body, nil
}

// asJSON keeps JSON as it is; text becomes a string, anything else base64 with
// its content type. No body is null.
func asJSON(contentType string, body []byte) json.RawMessage {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return json.RawMessage("null")
	case utf8.Valid(body) && json.Valid(trimmed):
		return trimmed
	case utf8.Valid(body):
		return marshal(string(body))
	default:
		return marshal(map[string]string{"content_type": contentType, "base64": base64.StdEncoding.EncodeToString(body)})
	}
}

func marshal(value any) json.RawMessage {
	text, err := plain.JSONText(value)
	if err != nil {
		panic(err) // strings always marshal
	}
	return json.RawMessage(text)
}

func statusError(response *http.Response, body []byte, retryOn []job.StatusPattern) *job.CallError {
	message := http.StatusText(response.StatusCode)
	if excerpt := excerptOf(body, longestExcerpt); excerpt != "" {
		message += ": " + excerpt
	}
	failure := &job.CallError{
		Kind: "http", Status: response.StatusCode, Message: message,
		Retry: slices.ContainsFunc(retryOn, func(p job.StatusPattern) bool { return p.Matches(response.StatusCode) }),
	}
	if failure.Retry {
		failure.RetryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
		failure.Throttled = failure.Status == http.StatusTooManyRequests ||
			failure.Status == http.StatusServiceUnavailable && failure.RetryAfter > 0
	}
	return failure
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3); 0 if there is neither.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err == nil || errors.Is(err, strconv.ErrRange) { // then it is the most there is
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// longestExcerpt is how much of an answer a failure's message shows, in bytes.
const longestExcerpt = 300

func excerptOf(body []byte, longest int) string {
	text := strings.ToValidUTF8(strings.TrimSpace(string(body)), "\uFFFD")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}
