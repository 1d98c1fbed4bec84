// Package host registers Longhaul's workflow and activities with a Temporal worker, and
// runs it: Plugin (plugin.go) does so in any worker, Host (host.go) is a worker of
// Longhaul's own, which uses the plugin.
package host
