package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// mutant is one change of one file.
type mutant struct {
	// name says what is lost.
	name, file string
	tests      []string
	// why no fast test finds it; empty if one does.
	why          string
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
		m.file = rest
	case "test":
		m.tests = strings.Fields(rest)
	case "why":
		m.why = rest
	case "-":
		m.before = append(m.before, rest)
	case "+":
		m.with = append(m.with, rest)
	default:
		return fmt.Errorf("%q is no word of a mutant", word)
	}
	return nil
}

// apply is the file with the change.
func (m mutant) apply(content string) (string, error) {
	before := strings.Join(m.before, "\n") + "\n"
	if count := strings.Count("\n"+content, "\n"+before); count != 1 {
		return "", fmt.Errorf("%s: %s has its lines %d times, not once", m.name, m.file, count)
	}
	with := strings.Join(m.with, "\n")
	if len(m.with) > 0 {
		with += "\n"
	}
	return strings.TrimPrefix(strings.Replace("\n"+content, "\n"+before, "\n"+with, 1), "\n"), nil
}
