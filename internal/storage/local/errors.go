package local

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
)

var errIsFolder = errors.New("is a folder")

// isEscape recognizes os.Root's refusal, for which the standard library has no
// exported value.
func isEscape(err error) bool {
	return err != nil && strings.Contains(err.Error(), "path escapes from parent")
}

// isNotFolder knows os.OpenRoot's refusal too, which has no exported value either.
func isNotFolder(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || err != nil && strings.HasSuffix(err.Error(), "not a directory")
}

// reason strips the operation and the path, which our own errors name already.
func reason(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
