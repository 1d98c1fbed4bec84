// Package job holds the words that every other package speaks: what a user
// asks for (Spec), what travels between workflow and activities (Ref, Chunk,
// Receipt, Batch), what a call is given and gives back (Record, Result), what
// lies on disk (Manifest, Commit) and what can go wrong (Error).
//
// It is a leaf: it imports the standard library only and does no input or
// output, so that the deterministic workflow and the busy activities can share
// it. Start with Spec in spec.go.
package job
