package input

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"longhaul/job"
)

// contents are some megabytes of each kind of input.
func contents() map[string]struct {
	format  job.Format
	content string
} {
	var jsonl, lines, plain, crlf, quoted strings.Builder
	for _, b := range []*strings.Builder{&plain, &quoted} {
		b.WriteString("id,name,city\n")
	}
	crlf.WriteString("id,name,city\r\n")
	for i := range 100_000 {
		fmt.Fprintf(&jsonl, "{\"id\":%d,\"name\":\"Ann Example\",\"city\":\"Zürich\",\"tags\":[1,2,3]}\n", i)
		fmt.Fprintf(&lines, "https://example.com/items/%d?page=1&size=20\n", i)
		fmt.Fprintf(&plain, "%d,Ann Example,Berlin\n", i)
		fmt.Fprintf(&crlf, "%d,Ann Example,Berlin\r\n", i)
		fmt.Fprintf(&quoted, "%d,\"Ann \"\"A\"\" Example\",\"Street 1\nBerlin\"\n", i)
	}
	return map[string]struct {
		format  job.Format
		content string
	}{
		"jsonl":       {job.FormatJSONL, jsonl.String()},
		"lines":       {job.FormatLines, lines.String()},
		"csv":         {job.FormatCSV, plain.String()},
		"csv, CRLF":   {job.FormatCSV, crlf.String()},
		"csv, quoted": {job.FormatCSV, quoted.String()},
	}
}

func BenchmarkIndex(b *testing.B) {
	for name, c := range contents() {
		b.Run(name, func(b *testing.B) {
			f := file(c.content, c.format)
			b.SetBytes(int64(len(c.content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Index(context.Background(), io.Discard, func(int64) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRecords(b *testing.B) {
	for name, c := range contents() {
		b.Run(name, func(b *testing.B) {
			f := file(c.content, c.format)
			var index bytes.Buffer
			fingerprint, err := f.Index(context.Background(), &index, func(int64) {})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(c.content)))
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range f.Records(indexIn(index.Bytes()), job.Range{Last: fingerprint.Records}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
