// Package storage is the seam between Longhaul and where its data lies: a [Store]
// opens inputs and output folders by URI, a [Folder] has a small set of durable
// operations. An object store can offer the same, so nothing above may assume a
// file, a file's folder, or a name of the output's layout.
//
//   - package local keeps objects as files,
//   - package memory keeps them in memory, for tests,
//   - package storagetest is the suite that every implementation must pass.
//
// Writes are bound to a fencing token: see Folder.Fence, and
// Folder.Attempt for attempts that follow one another under one token.
//
// Every operation takes a context. Whatever was opened, an [Object] or an
// [Appender], is bound to the context that it was opened with.
package storage
