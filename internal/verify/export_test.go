package verify

import (
	"bytes"
	"errors"
	"io"

	"longhaul/job"
)

// Records are those of a content, as verify reads them.
func Records(content []byte, format job.Format, version int) (values []string, err error) {
	values = []string{}
	from, err := newRecords(bytes.NewReader(content), int64(len(content)), format, version)
	for err == nil {
		var value []byte
		if value, err = from.next(); err == nil {
			values = append(values, string(value))
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return values, err
}
