// Command longhaul-worker is a long-running Temporal worker for Longhaul jobs.
package main

import "longhaul"

func main() { longhaul.Worker() }
