// Package workflows holds the BulkCall workflow: index, dispatch, finish. Its progress
// is the answer to the query job.QueryProgress, a job.Progress; the updates "pause",
// "resume" and "tune" steer it.
//
// Everything here is deterministic. The arithmetic is pure, in package schedule;
// dispatch.go drives it. control.go puts changes in force, progress.go and meter.go say
// how the job stands, state.go is what one run carries to the next, reset.go what a run
// does that was reset. The workflow knows numbers only, never a record.
package workflows
