package localserver

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"longhaul/job"
)

// maxLogTail bounds what is read of a log, in bytes.
const maxLogTail = 64 << 10

// serverLog is server.log while a server is started. It is appended to.
type serverLog struct {
	*os.File
	dir string
	// before is how long the log was before the start.
	before int64
}

func openLog(dir string) (*serverLog, error) {
	file, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, folderError(dir, err)
	}
	before, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, folderError(dir, err)
	}
	return &serverLog{file, dir, before}, nil
}

// failure is the error of a start, with the last line that the server wrote, and with advice
// that depends on it.
func (l *serverLog) failure(happened string, err error) error {
	written := l.written()
	lines := strings.Split(strings.TrimSpace(written), "\n")
	failure := job.Errorf(job.KindServer, l.Name(), "the local Temporal server %s: %w", happened, err)
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		failure = job.Errorf(job.KindServer, l.Name(), "the local Temporal server %s: %w: %s", happened, err, messageOf(last))
	}
	switch {
	case isDamage(written):
		// The whole folder: SQLite would apply the write-ahead log of the old database to a new one.
		return failure.WithHint("its database is damaged: move it away with mv %s %s and give the command again; a job goes on from its output folder",
			job.ShellQuote(l.dir), job.ShellQuote(l.dir+".damaged"))
	case strings.Contains(written, "unknown flag"):
		return failure.WithHint("install a newer Temporal CLI, or name one with " + cliVariable)
	}
	return failure.WithHint("the log says why; or use a running server with --address")
}

// written is the end of what was written since the start.
func (l *serverLog) written() string {
	end, err := l.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	from := max(l.before, end-maxLogTail)
	text, err := io.ReadAll(io.NewSectionReader(l, from, end-from))
	if err != nil {
		return ""
	}
	return string(text)
}

// messageOf is the message of a structured log line, or the line.
func messageOf(line string) string {
	if _, message, ok := strings.Cut(line, " msg="); ok {
		return strings.Trim(message, `"`)
	}
	return line
}

// isDamage recognizes the messages of SQLite's errors 11 and 26.
func isDamage(log string) bool {
	return strings.Contains(log, "database disk image is malformed") || strings.Contains(log, "file is not a database")
}
