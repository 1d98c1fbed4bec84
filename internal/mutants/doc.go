// Command mutants removes one guard after the other from Longhaul's code, and runs the
// fast tests: one that still passes does not test that guard.
//
// mutants.txt lists them. Each begins with a line "== " and what is lost without the guard;
// then come
//
//	file internal/claim/take.go
//	test ./internal/claim ./internal/session
//	why ...
//	- lines of the file
//	+ lines in their place
//
// The lines after "-" must be in the file once. A mutant of several changes has several
// "file" lines, each before its change. "why" is the reason for one that no fast test
// finds; without it, a mutant that survives is an error. Nothing in the working tree changes:
// the go command gets the mutant as an overlay.
//
//   - list.go: reads the list
//   - run.go: runs a mutant
//   - main.go: the flags, and the table
package main
