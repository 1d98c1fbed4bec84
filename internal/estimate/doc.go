// Package estimate says what a job will take: time, chunks, events of the workflow's history,
// billed actions, and disk. It is arithmetic without effects: it makes no call and reads no
// file. The chunks are those that the workflow would cut.
//
// Of makes an Estimate of a Work. What calls do is the caller's guess, or was measured by a
// sample.
package estimate
