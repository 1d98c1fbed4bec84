//go:build !linux

package supervisor

import (
	"os"
	"syscall"
)

func prepare() {}

// attributes give a program a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func executable() (string, error) { return os.Executable() }

// processTree is empty: process groups are all that can be found here.
func processTree() map[int][]int { return nil }
