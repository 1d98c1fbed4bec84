// Package memory is a storage in memory, for tests that need no disk. What it holds
// is lost with it.
package memory
