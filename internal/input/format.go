package input

import (
	"longhaul/job"
)

// position says where a record begins, in the terms of its format: a byte offset, or a
// row group and a row. Nobody but the format may look into it. Positions rise from
// record to record; 0 is the start of the content.
type position uint64

// format is one way in which records stand in an object.
type format interface {
	// open returns a scanner whose first record is the one at a position. It may read
	// the source at any offset and in any order. A position at which no record can
	// begin is errMisplaced.
	open(s *source, at position) (scanner, error)
	// contains says whether a position lies within the source.
	contains(s *source, at position) bool
}

// scanner returns one record after the other.
type scanner interface {
	// next returns a record as JSON, valid until the next call, and its position. The
	// end is io.EOF. An error in the content is a job.Error of kind KindInput that
	// names the place if the scanner began at the start, else the source only: then
	// the caller adds the number of the record.
	next() (value []byte, at position, err error)
}

// formats has the versions of each format, the newest last. A job keeps the version
// that it began with (job.Fingerprint.FormatVersion), so that a record of it is never
// read in two ways.
var formats = map[job.Format][]format{
	job.FormatJSONL: {jsonLines{}},
	job.FormatLines: {plainLines{}},
	job.FormatCSV:   {csvFormat{}, csvFormat{keepCRLF: true}},
}

// newest is the version for new jobs.
func newest(name job.Format) int { return max(len(formats[name])-1, 0) }

// formatOf returns a version of the format with this name.
func formatOf(name job.Format, version int) (format, error) {
	versions, ok := formats[name]
	switch {
	case !ok:
		return nil, job.Errorf(job.KindSpec, "input.format", "%q is not a format", name).WithHint("use jsonl, csv or lines")
	case version < 0 || version >= len(versions):
		return nil, job.Errorf(job.KindOutput, "job.json: input.format_version", "version %d of format %s is not known to this worker", version, name).
			WithHint("use the Longhaul that wrote it, or a later one")
	}
	return versions[version], nil
}
