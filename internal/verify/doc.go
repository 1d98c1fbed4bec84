// Package verify proves or refutes that an output folder holds every record of its input
// exactly once, in order.
//
// It is a proof only if it can see the mistakes of those who wrote the output. So it shares
// no code and no derived data with them: it reads the input by itself, from start to end
// (records.go, text.go, csv.go), counts the records and computes the digest of what it has
// read; it knows the layout of an output by itself (layout.go), and reads the parts along
// with the input (part.go, batch.go). Of Longhaul it uses the words of package job and
// the interfaces of package storage. The linter keeps it so.
//
// What is compared with what:
//
//   - the input with the count and the digest in job.json,
//   - each line of the parts with the record in the input, by index and content,
//   - the parts with the counts and digests in the commits,
//   - the commits with the digest and the totals in _SUCCESS,
//   - the index with its digest in job.json,
//   - job.json, commits and _SUCCESS with the digests at their own ends,
//   - the names in the folder with those that commits name.
//
// Memory does not grow with the records: it holds one record, one line of each part, and
// the numbers of the batches.
package verify
