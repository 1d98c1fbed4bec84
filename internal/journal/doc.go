// Package journal keeps what the calls of a chunk have come to, until the batch is
// flushed into a part.
//
// Each attempt at a chunk appends to a journal of its own (writer.go); nobody else
// writes to it. An entry (entry.go) is a line with a checksum that holds the part's
// line, to the byte. A later attempt reads all journals that overlap its range
// (set.go, answered.go) and calls only what has no answer; a flush copies the lines
// into the part. A torn or damaged line counts as not written: its call is made again.
//
// Those of a batch lie in a folder, and a journal's name begins with its range, so that a
// short listing tells which overlap:
//
//	_longhaul/journal/000000/000000000000-000000001000-<run>-<activity>-<attempt>.<writer>.journal
package journal
