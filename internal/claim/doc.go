// Package claim decides who may write to an output folder.
//
// A claim is an object whose name is its epoch, a number that only grows:
// put-if-absent lets one of several claimants win, and a listing tells which claim is
// in force. Who has a lower epoch has been replaced, and must not write any more
// (fencing): Take (take.go) ends the writes under lower epochs before it returns, and
// Check says early that they would fail. Beside the claim lies a presence for each
// process that works in the folder, renewed while it does (presence.go): a successor
// waits until they are gone or have lapsed, so that no two jobs make calls at once.
//
//	_longhaul/owner/000001.json           the claim
//	_longhaul/owner/000001.<process>.json a presence
package claim
