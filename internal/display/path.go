package display

import (
	"os"
	"path/filepath"
	"strings"
)

// ShortPath is a path as a user would type it here.
func ShortPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(relative, "..") {
		return path
	}
	return relative
}
