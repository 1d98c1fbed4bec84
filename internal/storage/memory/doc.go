// Package memory is a storage in memory, for tests that need no disk. Its contents
// are lost with it.
package memory
