// Package disk is a simulated storage that processes share: a network file system, say.
//
// A [Disk] keeps the objects, in the memory storage, which passes the same suite as the
// real one. A [View] is how one process sees it: each operation takes a drawn time before
// and after it takes effect, longer while the process is stopped, and none if it is dead. So
// a process may stall between any two steps, and die without knowing whether a write has
// taken effect.
//
// Faults: operations that fail, no room, appended data that was not synced and is lost
// when the power goes, flipped bits.
package disk
