package main

// One file for each command, named after it. The work is done in packages: internal/specfile
// reads a job file and the flags on top, internal/localrun is longhaul run,
// internal/jobclient talks to a job's server, internal/display shows what there is to see,
// internal/exitcode says which error gives which exit code.
