// Package input turns an input into records: JSON lines, CSV, plain lines or a
// mere count.
//
// Index reads the whole input once. In this one pass it checks every record, counts
// them, computes the digest of the content, and notes the position of every 256th
// record, so that Records can start anywhere without reading what lies before. CheckIndex
// compares a whole index with its digest in the fingerprint.
//
// A format (format.go) is one file: lines.go, jsonl.go, csv.go. It alone knows what
// its positions mean: byte offsets in these three, but a row group and a row would do
// as well. A new format is one file more, and its name in the table of format.go and
// in package job.
package input
