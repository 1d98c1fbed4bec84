// Package input turns an input into records: JSON lines, CSV, plain lines or a
// mere count.
//
// Index reads the whole input once: it checks every record, counts them, and
// notes the byte offset of every 256th, so that Records can start anywhere
// without reading what lies before. A format is a scanner (one file each).
package input
