package specfile

import (
	"os"
	"path/filepath"
	"strings"

	"longhaul/job"
)

// MakePathsAbsolute makes a job independent of the directory it is started from. URIs with a
// scheme stay as they are.
func MakePathsAbsolute(spec *job.Spec) error {
	for _, uri := range []*string{&spec.Input.URI, &spec.Output.URI} {
		if *uri == "" || strings.Contains(*uri, "://") {
			continue
		}
		absolute, err := filepath.Abs(*uri)
		if err != nil {
			return err
		}
		*uri = absolute
	}
	return nil
}

// CheckEnv finds an environment variable that a template of the spec uses and that is not
// set. The file is for the message.
func CheckEnv(spec job.Spec, file string) error {
	for _, name := range spec.EnvNames() {
		if _, ok := os.LookupEnv(name); !ok {
			return job.Errorf(job.KindSpec, file, "a template uses the environment variable %s, which is not set", name).
				WithHint("set it: export %s=...", name)
		}
	}
	return nil
}
