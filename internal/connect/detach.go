package connect

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// detachVariable names the program that a detached child becomes, pidVariable
// the file that it writes its process id to, and keeps locked while it lives: a
// process id alone may be another's by now.
const (
	detachVariable = "LONGHAUL_DETACHED_PROGRAM"
	pidVariable    = "LONGHAUL_DETACHED_PID_FILE"
)

// BecomeDetached turns this process into the program that its parent asked for,
// in a session of its own, so that the terminal's Ctrl-C does not reach it. It
// returns at once if it was not asked. A program that starts a local server
// calls it first thing: the SDK's StartDevServer has no option for it, but lets
// the executable be chosen.
func BecomeDetached() {
	program := os.Getenv(detachVariable)
	if program == "" {
		return
	}
	err := writeLocked(os.Getenv(pidVariable), strconv.Itoa(os.Getpid()))
	err = errors.Join(err, os.Unsetenv(detachVariable), os.Unsetenv(pidVariable))
	if err == nil {
		// It fails only if this process leads a group: then it has one already.
		_, _ = syscall.Setsid()
		err = syscall.Exec(program, append([]string{program}, os.Args[1:]...), os.Environ()) //nolint:gosec // the path comes from our own parent
	}
	fmt.Fprintf(os.Stderr, "%s cannot be started: %v\n", program, err)
	os.Exit(1)
}

// writeLocked leaves the file open and locked: the lock outlives the exec.
func writeLocked(file, text string) error {
	descriptor, err := syscall.Open(file, syscall.O_CREAT|syscall.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if err := syscall.Flock(descriptor, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("a server runs already: %w", err)
	}
	if err := syscall.Ftruncate(descriptor, 0); err != nil {
		return err
	}
	_, err = syscall.Write(descriptor, []byte(text))
	return err
}
