package runfile

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
)

// queuePrefix begins the task queues of longhaul run.
const queuePrefix = "longhaul-run-"

// WorkflowID is the id of a job that was given none, made from the URI of its output.
func WorkflowID(output string) string {
	return "longhaul-" + path.Base(output) + "-" + shortHash(output)
}

// NewTaskQueue is a task queue for a run, which no other worker has: it would look for the
// paths below its root. Nobody can guess it, but who reads the server knows it.
func NewTaskQueue() string { return queuePrefix + strings.ToLower(rand.Text()) }

// IsTaskQueue says whether a task queue is that of a longhaul run.
func IsTaskQueue(queue string) bool { return strings.HasPrefix(queue, queuePrefix) }

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}
