package main

// One file for each command: run.go, start.go, status.go, watch.go, cancel.go,
// verify.go. spec.go reads a job file and the flags on top. runner.go is one run,
// session.go its server, join.go goes on with a job that runs already (differ.go says
// what would change, presence.go whether another run works on it); note.go is what a
// run leaves in its output folder, and target.go finds the job by it; follow.go asks a workflow how it goes, display.go
// shows it as a bar or as plain lines, report.go says what came of it.
