package verify

import (
	"bytes"
	"errors"
	"io"

	"longhaul/job"
)

// Records are those of a content, as verify reads them.
func Records(content []byte, format job.Format, version int) (values []string, err error) {
	return BoundedRecords(content, maxRecordBytes, format, version)
}

// BoundedRecords are those of a content, none longer than so many bytes.
func BoundedRecords(content []byte, limit int64, format job.Format, version int) (values []string, err error) {
	values = []string{}
	from, err := newRecords(bytes.NewReader(content), bounds{int64(len(content)), limit}, format, version)
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
