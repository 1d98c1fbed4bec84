// Package workflows holds the BulkCall workflow: index, dispatch, finish. Its progress
// is the answer to the query job.QueryProgress, a job.Progress; the updates "pause",
// "resume" and "tune" steer it.
//
// Everything here is deterministic. The arithmetic is pure and apart from the
// workflow: lanes.go (how many chunks in flight, with which share), cut.go (how
// long the next chunk is), pace.go (when it may start). dispatch.go drives it;
// batches.go sees which batch is whole; state.go is what one run carries to the
// next. The workflow knows numbers only, never a record.
package workflows
