package job

import (
	"path"
	"strings"
)

// Format is how the records stand in the input file.
type Format string

// The input formats.
const (
	// FormatJSONL is any JSON value per line; blank lines are skipped.
	FormatJSONL Format = "jsonl"
	// FormatCSV has a header row; a record is an object of strings.
	FormatCSV Format = "csv"
	// FormatLines makes every line a string, blank ones too.
	FormatLines Format = "lines"
	// FormatCount is the numbers 0..N-1, without a file.
	FormatCount Format = "count"
)

// fileFormats are those of a file.
var fileFormats = []Format{FormatJSONL, FormatCSV, FormatLines}

var formatByExtension = map[string]Format{
	".jsonl": FormatJSONL, ".ndjson": FormatJSONL,
	".csv": FormatCSV,
	".txt": FormatLines, ".lines": FormatLines, ".list": FormatLines,
}

// ResolvedFormat is the format asked for, or the one that the file's
// extension tells; empty if neither does.
func (i InputSpec) ResolvedFormat() Format {
	switch {
	case i.Count != nil:
		return FormatCount
	case i.Format != "":
		return i.Format
	default:
		return formatByExtension[strings.ToLower(path.Ext(i.URI))]
	}
}
