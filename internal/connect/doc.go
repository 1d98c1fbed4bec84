// Package connect connects to the Temporal server that flags, environment or a profile name,
// and waits for one that does not answer yet. A server of our own is in package localserver.
package connect
