package main

// One file for each command: run.go, start.go, status.go, watch.go, cancel.go,
// verify.go. spec.go reads a job file and the flags on top; join.go goes on with
// a job that runs already; follow.go asks a workflow how it goes, display.go
// shows it as a bar or as plain lines, report.go says what came of it.
