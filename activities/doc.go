// Package activities holds what the workflow has done for it: IndexInput reads
// the input once, ProcessChunk makes the calls of a range of records,
// FlushBatch merges a batch into its part, FinishJob checks the whole, SteerJob
// writes changed settings where running chunks read them, ClaimOutput takes the output
// for a run that was reset.
//
// Whether an attempt may go on says heartbeat.go: the server has to have acknowledged a
// heartbeat. What a worker lacks for a job is passed on to another one (pass_on.go), and a
// record that kills its worker is found by bisect.go.
//
// The way of a record is in process_chunk.go, from the input to the journal. The
// activities work on what a process has open of a job, a session.Session. No record
// and no answer passes through Temporal: arguments and results are ranges and counts.
package activities
