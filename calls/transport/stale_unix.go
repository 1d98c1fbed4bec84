//go:build unix

package transport

import (
	"net"
	"syscall"
)

// isStale says whether a connection on which nothing is asked for has something to read: its
// end, as a rule. It does not wait.
func isStale(conn net.Conn) bool {
	own, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := own.SyscallConn()
	if err != nil {
		return true
	}
	stale := true
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, err := syscall.Read(int(fd), b[:])
		stale = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK
		return true
	})
	return stale || err != nil
}
