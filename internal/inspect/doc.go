// Package inspect reads output folders for the command line. It writes nothing,
// and a job may be at work there meanwhile.
package inspect
