// Package storagetest is the suite that every storage must pass: what journals,
// commits and claims rely on.
package storagetest
