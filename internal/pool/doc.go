// Package pool bounds the calls in flight of one job in one process, and runs
// chunks of records through them.
//
// A Pool (pool.go) holds the grants of the chunks that are here; a call takes
// one token, whichever chunk it is for, so that a chunk that waits for one slow
// record leaves its tokens to its neighbours. Run (run.go) takes records, makes
// the calls, retries them (attempt.go) and hands the results to a journal; a
// token is free again only when its answer is in the journal.
//
// An earlier chunk's calls get their tokens first (queue.go). How many calls at once, and how
// many in a second, the called side accepts is learned from its answers (concurrency.go,
// adaptive.go).
//
// A grant counts as long as its lease is valid (lease.go, lapse.go): after that, another
// process may have it. While answers cannot be written, no call starts (hold.go).
// A start that the disk delays counts for the rate when it really comes (late.go).
package pool
