package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// outcome is what became of a mutant.
type outcome struct {
	mutant
	// by are the tests that have failed; none if it survived.
	by   []string
	took time.Duration
	err  error
}

// How long the tests of a package, or the seeds, may take; a mutant may loop.
const (
	limit      = "180s"
	seedsLimit = "30m"
)

// failed finds the tests in the output, and broken what does not compile.
var (
	failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|(seed \d+)$|^(panic: test timed out)`)
	broken = regexp.MustCompile(`\[(build|setup) failed\]`)
)

// run runs a mutant's tests.
func run(ctx context.Context, m mutant, simulate []string) outcome {
	began := time.Now()
	by, err := m.test(ctx, simulate)
	return outcome{mutant: m, by: by, err: err, took: time.Since(began)}
}

func (m mutant) test(ctx context.Context, simulate []string) (by []string, err error) {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	overlay, err := m.overlay(dir)
	if err != nil {
		return nil, err
	}
	for _, pkg := range m.tests {
		args := []string{"test", "-count=1", "-timeout", limit, "-overlay", overlay, pkg}
		if pkg == "./internal/simulation" {
			args = append(args, append(simulate, "-test.timeout", seedsLimit)...)
		}
		out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
		var exit *exec.ExitError
		switch {
		case err == nil:
			continue
		case !errors.As(err, &exit):
			return nil, err
		case broken.Match(out):
			return nil, fmt.Errorf("does not compile:\n%s", out)
		}
		return failures(string(out)), nil
	}
	return nil, nil
}

// overlay writes the changed files, and what the go command has to know of them.
func (m mutant) overlay(dir string) (name string, err error) {
	replace := map[string]string{}
	for i, c := range m.changes {
		content, err := os.ReadFile(c.file)
		if err != nil {
			return "", err
		}
		original, err := filepath.Abs(c.file)
		if err != nil {
			return "", err
		}
		if earlier, ok := replace[original]; ok {
			if content, err = os.ReadFile(earlier); err != nil {
				return "", err
			}
		}
		changed, err := c.apply(string(content))
		if err != nil {
			return "", err
		}
		replace[original] = filepath.Join(dir, fmt.Sprintf("mutant%d.go", i))
		if err := os.WriteFile(replace[original], []byte(changed), 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	name = filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, overlay, 0o600)
}

// failures are the tests that have failed, the most particular ones only.
func failures(out string) []string {
	var names []string
	for _, match := range failed.FindAllStringSubmatch(out, -1) {
		name := strings.TrimSpace(match[1] + match[2] + match[3])
		if !slices.Contains(names, name) && name != "TestSeeds" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = []string{"a crash"}
	}
	return names
}
