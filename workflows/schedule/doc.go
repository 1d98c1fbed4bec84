// Package schedule decides when which records are called, and with how many calls in
// flight. It is arithmetic without effects: the BulkCall workflow drives it and tells it
// the time, so it gives the same answers when the workflow is replayed.
//
// Cutter cuts the records into chunks. Lanes are the places for chunks in flight; each
// has a grant, its part of the job's parallelism and rate. Pacer says when the next
// chunk may start. Batches gathers receipts, and says which batch is complete.
package schedule
