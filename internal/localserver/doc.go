// Package localserver runs a Temporal development server on this machine, with the
// Temporal CLI. Its state lives in one folder:
//
//	temporal.db    the database (SQLite)
//	server.json    the addresses of the server
//	server.pid     its process; the server holds the lock of this file while it lives
//	server.log     its output
//	users.lock     held, shared, by every process that uses the server
//	starting.lock  held by the process that starts or stops the server
//
// The server has no authentication: every user of the machine can reach its port. Its files,
// and a folder that is made for them, are for their user only.
//
// The server is a process of its own, in a session of its own: it goes on when the process that
// started it is killed, and the next one finds it by the folder. The last process that uses
// it stops it.
package localserver
