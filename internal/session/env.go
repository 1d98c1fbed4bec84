package session

import (
	"fmt"
	"os"
	"slices"
)

// AllowedEnv looks up environment variables, but only those with these names.
func AllowedEnv(names []string) func(string) (string, error) {
	return func(name string) (string, error) {
		if !slices.Contains(names, name) {
			return "", fmt.Errorf("the worker does not allow the environment variable %s: start it with --allow-env %s", name, name)
		}
		value, ok := os.LookupEnv(name)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is allowed, but not set where the worker runs: set it and start the worker again", name)
		}
		return value, nil
	}
}
