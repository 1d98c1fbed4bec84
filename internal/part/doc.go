// Package part is the format of a part's lines: one JSON object for each record.
//
//	{"index":0,"input":…,"output":…,"status":200,"attempts":1,"latency_ms":103.2}
//
// A journal keeps the same lines, to the byte, so that a flush only has to copy
// them. Append writes a line (append.go), Reader reads those of a part or an errors
// part (reader.go).
package part
