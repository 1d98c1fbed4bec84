// Package activities holds what the workflow has done for it: IndexInput reads
// the input once, ProcessChunk makes the calls of a range of records,
// FlushBatch merges a batch into its part, FinishJob checks the whole.
//
// The way of a record is in process_chunk.go, from the input to the journal.
// What the activities need of the world they take as small interfaces
// (activities.go); package host provides them. No record and no answer passes
// through Temporal: arguments and results are ranges and counts.
package activities
