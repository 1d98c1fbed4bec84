package calls

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"longhaul/job"
)

// Previewer is a Caller that can show what it sends for a record.
type Previewer interface {
	// Preview replaces secrets by ***. Its error is that of a call.
	Preview(record job.Record) (*job.HTTPRequest, error)
}

const mask = "***"

// Preview fills in the templates with masked variables.
func (c *httpCaller) Preview(record job.Record) (*job.HTTPRequest, error) {
	templates, err := parseTemplates(c.spec, func(name string) (string, error) {
		value, err := c.env(name)
		if !isPlainURL(value) {
			value = mask
		}
		return value, err
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), checking)
	defer cancel()
	filled, err := templates.fill(ctx, record)
	if err != nil {
		return nil, err
	}
	preview := &job.HTTPRequest{Method: c.spec.Method, URL: maskURL(filled.url), Body: filled.body}
	for _, h := range c.headers(nil, filled, record) {
		if job.HoldsSecret(h.name) {
			h.value = maskValue(h.value)
		}
		preview.Headers = append(preview.Headers, h.name+": "+h.value)
	}
	return preview, nil
}

// maskValue keeps the scheme of an Authorization.
func maskValue(value string) string {
	if scheme, rest, ok := strings.Cut(value, " "); ok && rest != "" {
		return scheme + " " + mask
	}
	return mask
}

// maskURL masks a password and the parameters that hold secrets.
func maskURL(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return text
	}
	if _, hasPassword := parsed.User.Password(); hasPassword {
		text = strings.Replace(text, parsed.User.String()+"@", parsed.User.Username()+":"+mask+"@", 1)
	}
	address, query, found := strings.Cut(text, "?")
	if !found {
		return text
	}
	query, fragment, hasFragment := strings.Cut(query, "#")
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		if name, _, ok := strings.Cut(parameter, "="); ok && job.HoldsSecret(name) {
			parameters[i] = name + "=" + mask
		}
	}
	text = address + "?" + strings.Join(parameters, "&")
	if hasFragment {
		text += "#" + fragment
	}
	return text
}

// A path with no more and no longer parts than these is no secret.
const (
	mostPlainSegments   = 2
	longestPlainSegment = 12
)

// isPlainURL says whether the value of a variable is an address without a secret,
// as the base of an API's URLs is.
func isPlainURL(value string) bool {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" {
		return false
	}
	segments := strings.Split(strings.Trim(parsed.Path, "/"), "/")
	return len(segments) <= mostPlainSegments && !slices.ContainsFunc(segments, func(segment string) bool { return len(segment) > longestPlainSegment })
}
