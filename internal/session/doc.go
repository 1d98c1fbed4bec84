// Package session holds what one worker process has open of its jobs.
//
// A Session (session.go) is one job under one claim: its output folder, its pool and
// caller, its input. Activities of the same job share it, so that all its calls in
// this process go through one pool. Registry (registry.go) opens a session for the
// first activity that needs it, and closes it some minutes after the last one. While
// a session is in use, one goroutine keeps it (keeper.go): it renews the presence in
// the output folder, sees whether another job has taken the folder over, reads changed
// settings, and exchanges counts with the job's other processes. index.go reads the input,
// and writes its index again if that is missing or damaged. server.go is what a
// session asks and tells the Temporal server.
package session
