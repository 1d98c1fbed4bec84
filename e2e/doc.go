// Package e2e tests Longhaul as its users run it: a real Temporal server, real
// worker processes, real HTTP, kill -9.
package e2e
