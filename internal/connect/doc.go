// Package connect finds a Temporal server: the one that flags, environment or
// a profile name (client.go), or a local one from the Temporal CLI whose state
// lives in a folder (local.go).
package connect
