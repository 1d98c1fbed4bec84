// Package jobclient starts jobs on a Temporal server, finds the job of an output folder,
// changes its settings, and follows it to its end. A Snapshot is the state of a job at one
// time, as the server, the workflow and the heartbeats of its activities tell it.
package jobclient
