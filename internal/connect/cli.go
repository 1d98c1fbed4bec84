package connect

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// FindCLI finds the Temporal CLI: named by TEMPORAL_CLI, on PATH, beside this
// program, or in ./bin.
func FindCLI() (string, error) {
	if named := os.Getenv("TEMPORAL_CLI"); named != "" {
		return exec.LookPath(named)
	}
	if found, err := exec.LookPath("temporal"); err == nil {
		return filepath.Abs(found)
	}
	candidates := []string{filepath.Join("bin", "temporal")}
	if self, err := os.Executable(); err == nil {
		candidates = append(candidates, filepath.Join(filepath.Dir(self), "temporal"))
	}
	for _, candidate := range candidates {
		if found, err := exec.LookPath("./" + candidate); err == nil && !filepath.IsAbs(candidate) {
			return filepath.Abs(found)
		}
		if found, err := exec.LookPath(candidate); err == nil {
			return filepath.Abs(found)
		}
	}
	return "", errors.New("the Temporal CLI was not found: run make bin/temporal, put temporal on PATH, or name it with TEMPORAL_CLI; " +
		"or use a running server with --address")
}
