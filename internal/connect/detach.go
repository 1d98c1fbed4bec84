package connect

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	// detachedName is the name under which a program of ours becomes a server.
	detachedName = "detached-server"
	// programFile, beside it, says which server.
	programFile = "server.program"
)

// BecomeDetached turns this process into the local server that its parent asked
// for, in a session of its own, so that the terminal's Ctrl-C does not reach it.
// It returns at once if it was not asked: if it does not run under that name. A
// program that starts a local server calls it first thing: the SDK's
// StartDevServer has no option for it, but lets the executable be chosen.
func BecomeDetached() {
	if filepath.Base(os.Args[0]) != detachedName {
		return
	}
	dir := filepath.Dir(os.Args[0])
	program, err := os.ReadFile(filepath.Join(dir, programFile))
	if err == nil {
		err = writeLocked(filepath.Join(dir, pidFile), strconv.Itoa(os.Getpid()))
	}
	if err == nil {
		// It fails only if this process leads a group: then it has one already.
		_, _ = syscall.Setsid()
		path := strings.TrimSpace(string(program))
		err = syscall.Exec(path, append([]string{path}, os.Args[1:]...), os.Environ()) //nolint:gosec // our parent wrote the path
	}
	fmt.Fprintf(os.Stderr, "%s cannot be started: %v\n", program, err)
	os.Exit(1)
}

// linkDetached makes dir/detachedName this very program.
func linkDetached(dir, program string) (executable string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	executable, err = filepath.Abs(filepath.Join(dir, detachedName))
	if err != nil {
		return "", err
	}
	if err := os.Remove(executable); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return executable, errors.Join(
		os.Symlink(self, executable),
		os.WriteFile(filepath.Join(dir, programFile), []byte(program+"\n"), 0o644))
}

// writeLocked leaves the file open and locked: the lock outlives the exec, and
// says that the server lives. A process id alone may be another's by now.
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
