package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// mutant is a guard that is removed.
type mutant struct {
	// name says what is lost.
	name  string
	tests []string
	// why no fast test finds it; empty if one does.
	why     string
	changes []change
}

// change has lines of a file replaced.
type change struct {
	file         string
	before, with []string
}

// read reads a list.
func read(from io.Reader) ([]mutant, error) {
	var list []mutant
	lines := bufio.NewScanner(from)
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "== "); ok {
			list = append(list, mutant{name: name})
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("line %d is before the first mutant", number)
		}
		if err := list[len(list)-1].add(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return list, lines.Err()
}

// add adds what a line says.
func (m *mutant) add(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "file":
		m.changes = append(m.changes, change{file: rest})
		return nil
	case "test":
		m.tests = strings.Fields(rest)
		return nil
	case "why":
		m.why = rest
		return nil
	}
	if len(m.changes) == 0 {
		return fmt.Errorf("%q comes before the file", line)
	}
	last := &m.changes[len(m.changes)-1]
	switch word {
	case "-":
		last.before = append(last.before, rest)
	case "+":
		last.with = append(last.with, rest)
	default:
		return fmt.Errorf("%q is no word of a mutant", word)
	}
	return nil
}

// apply is the file with the change.
func (c change) apply(content string) (string, error) {
	before := strings.Join(c.before, "\n") + "\n"
	if count := strings.Count("\n"+content, "\n"+before); count != 1 {
		return "", fmt.Errorf("%s has the lines %d times, not once:\n%s", c.file, count, before)
	}
	with := strings.Join(c.with, "\n")
	if len(c.with) > 0 {
		with += "\n"
	}
	return strings.TrimPrefix(strings.Replace("\n"+content, "\n"+before, "\n"+with, 1), "\n"), nil
}
