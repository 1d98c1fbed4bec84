// Package server is a simulated Temporal server: the part of its behaviour that
// Longhaul's workers see. It holds histories, task queues, attempts, timeouts and timers
// in memory, and lives on the clock of its goroutine's bubble.
//
// [Server.Call] answers a request of the WorkflowService as the frontend would; a test
// reaches it through a gRPC interceptor, so that the real SDK, client and worker, talks to
// it. Requests that Longhaul does not make are answered with Unimplemented.
//
//   - server.go: the requests by name
//   - run.go: one run of a workflow and its history
//   - workflow_task.go, commands.go: what workers say a workflow does
//   - activity.go: attempts, heartbeats, retries, timeouts
//   - clients.go: start, signal, cancel, terminate, describe
//   - reset.go: a new run from the history of an old one
//   - queue.go: who waits for a task
//
// What it does not have: updates, queries, child workflows, sticky queues, versions of
// workers, namespaces, persistence.
package server
