// Package host puts a worker together: storage, input, output, calls, pool and
// activities, registered with a Temporal worker. It is the only place that
// wires everything; nothing imports it but the two programs.
//
// jobs.go keeps the jobs that are open in this process (one pool, one caller
// each), open.go makes one, watch.go renews its lease while it is busy.
package host
