// Package runfile says which longhaul run works on an output folder: by the file
// _longhaul/run.json in the folder, and by a lock in the state folder that lives as long as
// the run's process.
package runfile
