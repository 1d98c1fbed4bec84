// Package host registers Longhaul's workflow and activities with a Temporal worker,
// and runs it.
package host
