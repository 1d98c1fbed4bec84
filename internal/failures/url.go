package failures

import (
	"strings"
	"unicode"
)

// urlEnd is how long the URL is that begins here; 0 if none does.
func urlEnd(text string) int {
	if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") {
		return 0
	}
	end := strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("\"'`<>(){}[]", r)
	})
	if end < 0 {
		end = len(text)
	}
	return len(strings.TrimRight(text[:end], ".,;:!?"))
}

// maskURL keeps the host and the words of the path. A segment with a digit and
// every value of the query differ from record to record.
func maskURL(url string) string {
	rest, query, hasQuery := strings.Cut(url, "?")
	scheme, path, _ := strings.Cut(rest, "://")
	segments := strings.Split(path, "/")
	for i, segment := range segments[1:] {
		if strings.IndexFunc(segment, isDigit) >= 0 || strings.Contains(segment, "%") || strings.Contains(segment, "@") {
			segments[i+1] = string(masked)
		}
	}
	url = scheme + "://" + strings.Join(segments, "/")
	if !hasQuery {
		return url
	}
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		if name, _, found := strings.Cut(parameter, "="); found {
			parameters[i] = name + "=" + string(masked)
		} else if parameter != "" {
			parameters[i] = string(masked)
		}
	}
	return url + "?" + strings.Join(parameters, "&")
}
