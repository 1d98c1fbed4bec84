package localrun

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// asker asks on the terminal; nil if in is none.
func asker(in io.Reader, out io.Writer) func(ctx context.Context, question string) (bool, error) {
	terminal, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return nil
	}
	return func(ctx context.Context, question string) (bool, error) {
		_, _ = io.WriteString(out, question)
		answer := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(terminal).ReadString('\n')
			answer <- line
		}()
		select {
		case line := <-answer:
			return isYes(line), nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// isYes reads an answer.
func isYes(answer string) bool {
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}
