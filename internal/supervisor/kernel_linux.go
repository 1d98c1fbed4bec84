package supervisor

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// prepare makes this process the parent of what its descendants leave behind.
func prepare() {
	// Kernels before 3.4 do not know it: then only process groups are found.
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// attributes give a program a process group of its own, and end it with the
// supervisor.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// executable is this process's program, also if its file has been replaced.
func executable() (string, error) { return "/proc/self/exe", nil }

// processTree are the children of each process. /proc/PID/task/TID/children would
// be faster, but is not in every kernel.
func processTree() map[int][]int {
	tree := map[int][]int{}
	folder, err := os.Open("/proc")
	if err != nil {
		return tree
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1) // those that it could read
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		// "PID (name) state parent …", where the name may hold anything.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 || fields[0][0] == 'Z' {
			continue
		}
		if parent, err := strconv.Atoi(string(fields[1])); err == nil {
			tree[parent] = append(tree[parent], pid)
		}
	}
	return tree
}
