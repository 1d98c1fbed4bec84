// Package localrun is longhaul run: a job from its start to its end on this machine, with a
// worker in this process and, if none is named, a Temporal server of its own.
//
// Run opens the connection to the server (connection.go), starts the job or goes on with it
// (join.go; compare.go says what would change), works and shows the job (run.go), and leaves
// run.json in the output folder for the other commands (display.go, package runfile).
package localrun
