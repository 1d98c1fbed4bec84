// Package inspect reads output folders: for the command line, and for the report of a
// job that ends. It writes nothing but report.html, and a job may be at work there
// meanwhile.
//
// failures.go gives the failed records, facts.go what a report shows, journaled.go what
// is in no part yet.
package inspect
