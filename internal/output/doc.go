// Package output owns the layout of an output folder: who may write to it
// (lease.go), what it belongs to (manifest.go), the journals that answers are
// appended to (journal.go, replay.go), the merge of a batch's journals into a
// part (flush.go), the commits (commit.go), changed settings (control.go), the end of a job (finish.go) and the
// proof that it is right (verify.go).
//
//	out/
//	  part-000000.jsonl     answers of batch 0, in input order
//	  errors-000000.jsonl   its failed records, if there are any
//	  _SUCCESS              totals; written last
//	  _longhaul/
//	    job.json            spec, input fingerprint, job id
//	    index               offset of every 256th record
//	    commits/000000.json range, counts, digests of batch 0
//	    journal/            gone once its batch is committed
//	    control.json        settings that were changed while the job ran
//	    owner/000001.json   claim; the highest number is in force
//
// It knows nothing of files: a Store (folder.go) is all it needs.
package output
