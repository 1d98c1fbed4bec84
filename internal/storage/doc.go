// Package storage is the one place that touches files. It gives folders with a
// small set of durable operations: open an object for reading, append to a
// journal, put a whole object atomically (optionally only if absent), list,
// delete. An object store can offer the same, so nothing above may assume a
// file.
//
// Local is the implementation on a file system. Confined to a root it uses
// os.Root, so that no path in a job spec leaves the root, not even by a symbolic
// link. Every write is synced, file and folder, before it is reported done.
package storage
