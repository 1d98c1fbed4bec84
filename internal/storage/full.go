package storage

import (
	"errors"
	"syscall"
)

// IsFull says whether an error is that there is no room: no space, or no quota.
func IsFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
