package job

import (
	"fmt"
	"slices"
	"strings"
)

// failureKinds are those of CallError that Longhaul itself gives.
var failureKinds = []string{
	"http", "timeout", "transport", "template", "too_large", "select", "fail_if", "retry_if", "stop_if",
	"exec", "call", "panic", "decode", "encode", "forbidden", "poison",
}

// IsFailureKind says whether Longhaul itself gives failures of this kind.
func IsFailureKind(kind string) bool { return slices.Contains(failureKinds, kind) }

// CheckFailureKind refuses a kind that no failure can have: neither one of
// Longhaul's own nor one of those that a Go function gave.
func CheckFailureKind(kind string, given []string) error {
	if kind == "" || IsFailureKind(kind) || slices.Contains(given, kind) {
		return nil
	}
	known := append(slices.Clone(given), failureKinds...)
	if near := nearest(kind, known); near != "" {
		return fmt.Errorf("there are no failures of kind %q; did you mean %q?", kind, near)
	}
	if len(given) > 0 {
		known = given
	}
	return fmt.Errorf("there are no failures of kind %q; the kinds are: %s", kind, strings.Join(known, ", "))
}
