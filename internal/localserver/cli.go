package localserver

import (
	"os"
	"os/exec"
	"path/filepath"

	"longhaul/job"
)

// cliVariable names the Temporal CLI.
const cliVariable = "TEMPORAL_CLI"

// FindCLI finds the Temporal CLI: named by TEMPORAL_CLI, on PATH, beside this
// program, or in ./bin.
func FindCLI() (string, error) {
	if named := os.Getenv(cliVariable); named != "" {
		found, err := exec.LookPath(named)
		if err != nil {
			return "", job.Errorf(job.KindServer, cliVariable, "names no Temporal CLI: %w", err).
				WithHint("set it to the path of the temporal program, or unset it to use the one on PATH")
		}
		return filepath.Abs(found)
	}
	if found, err := exec.LookPath("temporal"); err == nil {
		return filepath.Abs(found)
	}
	candidates := []string{"bin"}
	if self, err := os.Executable(); err == nil {
		candidates = append(candidates, filepath.Dir(self))
	}
	for _, dir := range candidates {
		candidate, err := filepath.Abs(filepath.Join(dir, "temporal"))
		if err != nil {
			continue
		}
		if found, err := exec.LookPath(candidate); err == nil {
			return found, nil
		}
	}
	return "", job.Errorf(job.KindServer, "temporal", "the Temporal CLI was not found").
		WithHint("run make bin/temporal, put temporal on PATH, or name it with " + cliVariable + "; or use a running server with --address")
}
