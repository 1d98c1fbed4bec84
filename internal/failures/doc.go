// Package failures groups failed records that failed in the same way: by kind,
// status and message, with the parts of the message that differ from record to
// record masked (mask.go). It also says how to call a group again (redrive.go).
//
// It is pure: it reads no files.
package failures
