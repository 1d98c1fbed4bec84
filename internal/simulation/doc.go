// Package simulation runs Longhaul's own code, its workflow, activities, pools, journals,
// claims, output and verify, with the real SDK, in a world whose every accident is drawn
// from one seed: workers that die, stall, are cut off and come back, a server that resets
// and times out, a disk that is slow, fails, fills up and loses what was not synced, an API
// that fails. The world lives on the clock of a testing/synctest bubble, so that minutes
// take milliseconds.
//
// [Run] runs one seed. It checks after every call what may never be (see api.go), and at
// the end what must be (see check.go).
//
//   - plan.go: what a seed chooses
//   - world.go: the world, and how a run goes
//   - worker.go: a worker, whose connection and disk are simulated
//   - faults.go: what happens to them
//   - api.go: the API that is called, which counts
//   - check.go: what must hold at the end
//
// docs/testing.md says what is simulated, and how to run a seed again.
package simulation
