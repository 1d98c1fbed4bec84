package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"longhaul/internal/storage"
	"longhaul/job"
)

// layoutVersion is the version of the layout that is known here.
const layoutVersion = 1

// The names in an output folder.
const (
	successName  = "_SUCCESS"
	manifestName = "_longhaul/job.json"
	indexName    = "_longhaul/index"
	commitPrefix = "_longhaul/commits/"
	partPrefix   = "part-"
	errorsPrefix = "errors-"
)

func partName(batch int64) string   { return fmt.Sprintf("%s%06d.jsonl", partPrefix, batch) }
func errorsName(batch int64) string { return fmt.Sprintf("%s%06d.jsonl", errorsPrefix, batch) }
func commitName(batch int64) string { return fmt.Sprintf("%s%06d.json", commitPrefix, batch) }

// batchOf is the number of the batch that has an object with this name; false if none can.
func batchOf(name string, nameOf func(int64) string) (int64, bool) {
	digits := strings.TrimFunc(name, func(r rune) bool { return r < '0' || r > '9' })
	batch, err := strconv.ParseInt(digits, 10, 64)
	return batch, err == nil && nameOf(batch) == name
}

// manifest is job.json, as far as it says what must be in the parts.
type manifest struct {
	Version int    `json:"version"`
	JobID   string `json:"job_id"`
	Spec    struct {
		Input  job.InputSpec `json:"input"`
		Output struct {
			IncludeInput bool `json:"include_input"`
		} `json:"output"`
		ChunkSize int64 `json:"chunk_size"`
		BatchSize int64 `json:"batch_size"`
	} `json:"spec"`
	// Limit is how many records the job has at most; 0 for all of the input.
	Limit int64 `json:"limit"`
	Input struct {
		Records int64  `json:"records"`
		Size    int64  `json:"size"`
		SHA256  string `json:"sha256"`
		// IndexSHA256 is the digest of the index, in hex.
		IndexSHA256   string `json:"index_sha256"`
		FormatVersion int    `json:"format_version"`
	} `json:"input"`
}

// batchRecords is how many records a batch has, but the last one; 0 if that is damaged.
func (m *manifest) batchRecords() int64 {
	if m.Spec.ChunkSize <= 0 || m.Spec.BatchSize <= 0 || m.Spec.ChunkSize > maxBatchRecords/m.Spec.BatchSize {
		return 0
	}
	return m.Spec.ChunkSize * m.Spec.BatchSize
}

// maxBatchRecords is more than any batch has.
const maxBatchRecords = 1 << 40

// commit says that a batch is done, and what is in its parts.
type commit struct {
	Batch int64 `json:"batch"`
	job.Range
	job.Totals
	Part partDigest `json:"part"`
	// Errors is nil if no record has failed.
	Errors *partDigest `json:"errors"`
}

type partDigest struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// success is _SUCCESS.
type success struct {
	JobID   string `json:"job_id"`
	Records int64  `json:"records"`
	job.Totals
	// CommitsSHA256 is the digest, in hex, of all commits in the order of their batches.
	CommitsSHA256 string `json:"commits_sha256"`
}

// read returns the whole content of a small object; fs.ErrNotExist if there is none.
func read(ctx context.Context, folder storage.Folder, name string) ([]byte, error) {
	object, err := folder.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(storage.NewReader(object))
	return content, errors.Join(err, object.Close())
}

// decode reads JSON. If its last field is a digest of all bytes before, as version 0.2 of
// Longhaul writes it, the digest must be right.
func decode(content []byte, into any) (hasDigest bool, err error) {
	field := []byte(",\n  \"sha256\": \"")
	if at := bytes.LastIndex(content, field); at >= 0 {
		hasDigest = true
		if string(content[at+len(field):]) != hexDigest(content[:at])+"\"\n}\n" {
			return true, errors.New("its content does not have the sha256 that stands at its end")
		}
	}
	return hasDigest, json.Unmarshal(content, into)
}

func hexDigest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
