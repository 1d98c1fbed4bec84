// Package output owns the layout of an output folder: what it belongs to (manifest.go), the
// merge of a batch's journals into a part (flush.go), the commits (commit.go) and their
// undoing for a redrive (reopen.go), changed settings (control.go), the counts that
// processes exchange (tally.go), what earlier jobs have left (earlier.go), and the end of
// a job (finish.go). Who may write says package claim, the answers of running chunks
// are in package journal; a Folder (folder.go) has both. Under a claim (Folder.Under) all
// writes are fenced: once a later claim was taken, they change nothing.
//
//	out/
//	  part-000000.jsonl     answers of batch 0, in input order
//	  errors-000000.jsonl   its failed records, if there are any
//	  _SUCCESS              totals, digest of all commits; written last
//	  _longhaul/
//	    job.json            spec, input fingerprint, job id, digest of the index
//	    index               offset of every 256th record
//	    commits/000000.json range, counts, digests of batch 0
//	    journal/            gone once its batch is committed
//	    control.json        settings that were changed while the job ran
//	    owner/000001.json   claim; the highest number is in force
//
// It knows nothing of files: a storage.Folder is all that it needs.
package output
