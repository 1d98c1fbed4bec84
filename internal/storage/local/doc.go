// Package local is the storage of a file system. Confined to a root it uses os.Root,
// so that no path in a job spec leaves the root, not even by a symbolic link. Every
// write is synced, file and folder, before it is reported done.
package local
