// Package supervisor starts programs that end with this process, however it ends:
// kill -9 included, and with all that they have started.
//
// The programs are children of a small process, the supervisor, which is this
// process's own executable under another name (its argv[0]); init in this package
// is its main function. It is started with the first program and ends when nobody
// uses it any more. It holds one end of a socket: when the other end is closed,
// because this process has closed it or is no more, it kills everything.
//
// The kernel helps, on Linux: the supervisor is the reaper of what its programs
// leave behind (PR_SET_CHILD_SUBREAPER), so that a grandchild in a session of its own
// is found as its child. If the supervisor itself is killed, its programs die
// (PR_SET_PDEATHSIG); what they had started in their process groups is killed by
// this process, anything else is not found any more. On other systems programs and
// their process groups are killed, what has left the group is not.
//
// What was started by way of another daemon (at, docker, systemd-run) is no
// descendant, and is not found anywhere.
package supervisor
