package journal

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	"longhaul/job"
)

// Located is an entry and where its part line lies in the journal.
type Located struct {
	Entry
	Offset int64
}

// Entries gives the undamaged entries of the first size bytes of a journal. A torn
// last line, or a damaged one, does not count. A journal of another version is an
// error; the name is for it.
func Entries(object io.ReaderAt, name string, size int64) iter.Seq2[Located, error] {
	return func(yield func(Located, error) bool) {
		reader := bufio.NewReaderSize(io.NewSectionReader(object, 0, size), 64<<10)
		var offset int64
		var long []byte
		for {
			line, err := reader.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				long = append(long[:0], line...)
				for errors.Is(err, bufio.ErrBufferFull) {
					line, err = reader.ReadSlice('\n')
					long = append(long, line...)
				}
				line = long
			}
			if errors.Is(err, io.EOF) {
				return // what is left has no line feed: it is torn
			}
			if err != nil {
				yield(Located{}, err)
				return
			}
			if offset == 0 {
				if err := checkHeader(line, name); err != nil {
					yield(Located{}, err)
					return
				}
			}
			offset += int64(len(line))
			e, ok := parseEntry(bytes.TrimSuffix(line, []byte("\n")))
			if ok && !yield(Located{e, offset - 1 - int64(len(e.Line))}, nil) {
				return
			}
		}
	}
}

// checkHeader refuses a version that this code does not know. A header that was
// damaged otherwise is no reason to lose the entries: each has its own checksum.
func checkHeader(line []byte, name string) error {
	version, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte(headerName))
	if !ok || string(line) == header || !isNumber(version) {
		return nil
	}
	return job.Errorf(job.KindOutput, name, "the journal has version %q, this worker knows 1", version).
		WithHint("use the Longhaul that wrote it to finish the job")
}

func isNumber(text []byte) bool {
	return len(text) > 0 && len(bytes.Trim(text, "0123456789")) == 0
}
