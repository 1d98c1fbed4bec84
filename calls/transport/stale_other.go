//go:build !unix

package transport

import "net"

// isStale does not know; a request on a stale connection is made again if it may be.
func isStale(net.Conn) bool { return false }
